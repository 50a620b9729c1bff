import CLinux
import Glibc
public import MemoryUnits

/// The node's memory as `/proc/meminfo` tells, through a descriptor that is kept.
public struct NodeMemory: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Opens `/proc/meminfo`, or a test's file.
    public init(path: String = "/proc/meminfo") {
        descriptor = Descriptor(adopting: fuyun_openat(AT_FDCWD, path, O_RDONLY))
    }

    /// `MemAvailable`: what the kernel thinks it could give without swapping; nil when it cannot be read.
    public func available() -> Bytes? { line("MemAvailable:") }

    /// `MemTotal`; nil when it cannot be read.
    public func total() -> Bytes? { line("MemTotal:") }

    private func line(_ name: StaticString) -> Bytes? {
        guard descriptor.isOpen else { return nil }
        return try? KernelFile.text(of: descriptor.raw, file: "/proc/meminfo") { text in
            KernelText.kibibytes(text, name).map { Bytes.kibibytes($0) }
        }
    }
}

extension KernelText {
    /// The number of a line `Name:   123 kB`.
    static func kibibytes(_ text: borrowing Span<UInt8>, _ name: StaticString) -> UInt64? {
        var start = 0
        while start < text.count {
            let lineEnd = end(of: text, from: start)
            let key = start..<min(start + name.utf8CodeUnitCount, lineEnd)
            if equals(text, key, name) {
                var digits = key.upperBound
                while digits < lineEnd, text[digits] == UInt8(ascii: " ") { digits += 1 }
                var last = digits
                while last < lineEnd, text[last] >= 0x30, text[last] <= 0x39 { last += 1 }
                return number(text, digits..<last)
            }
            start = lineEnd + 1
        }
        return nil
    }
}

/// The kernel's own name of its version.
public enum KernelRelease {
    /// Whether the running kernel is at least this one; false when its release cannot be read.
    ///
    /// Only for what cannot be tried: below 5.9 a process above its `memory.high` may never come back (livelock).
    public static func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        var names = utsname()
        guard uname(&names) == 0 else { return false }
        let release = withUnsafeBytes(of: &names.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return isAtLeast(major, minor, release: release)
    }

    /// The same for a release by name, such as `6.12.38+deb13-amd64`.
    static func isAtLeast(_ major: Int, _ minor: Int, release: String) -> Bool {
        let numbers = release.split(separator: ".", maxSplits: 2).prefix(2).map { Int($0.prefix { $0.isNumber }) ?? 0 }
        guard numbers.count == 2 else { return false }
        return (numbers[0], numbers[1]) >= (major, minor)
    }
}
