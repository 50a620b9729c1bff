import CLinux
import Glibc
import MemoryUnits
import SystemPackage

/// Reading and writing the kernel's small files through open descriptors, without allocating.
enum KernelFile {
    /// Opens a file in a directory; a negative errno when it cannot.
    static func open(_ name: String, in directory: CInt, _ flags: CInt) -> CInt {
        fuyun_openat(directory, name, flags)
    }

    /// Reads a file that holds one short value.
    static func value<Value>(
        of descriptor: CInt,
        file: @autoclosure () -> String,
        _ parse: (borrowing Span<UInt8>) -> Value?
    ) throws(CgroupError) -> Value {
        var buffer = InlineArray<64, UInt8>(repeating: 0)
        let count = fill(&buffer, from: descriptor, untilNewline: true)
        guard count >= 0 else { throw failure(count, file(), "read") }
        guard let value = parse(buffer.span.extracting(0..<count)) else { throw malformed(file()) }
        return value
    }

    /// Reads a file of several lines: the first 4 KiB of it, which hold every line that Fuyun uses.
    static func text<Value>(
        of descriptor: CInt,
        file: @autoclosure () -> String,
        _ parse: (borrowing Span<UInt8>) -> Value?
    ) throws(CgroupError) -> Value {
        var buffer = InlineArray<4096, UInt8>(repeating: 0)
        let count = fill(&buffer, from: descriptor, untilNewline: false)
        guard count >= 0 else { throw failure(count, file(), "read") }
        guard let value = parse(buffer.span.extracting(0..<count)) else { throw malformed(file()) }
        return value
    }

    /// Writes a limit and a newline.
    ///
    /// The newline ends the value where the file keeps longer, older contents behind it.
    static func write(_ limit: MemoryLimit, to descriptor: CInt, file: @autoclosure () -> String) throws(CgroupError) {
        switch limit {
        case .max: try write(word: "max\n", to: descriptor, file: file())
        case .bytes(let bytes): try write(number: bytes.rawValue, to: descriptor, file: file())
        }
    }

    /// Writes a fixed word.
    static func write(word: StaticString, to descriptor: CInt, file: @autoclosure () -> String) throws(CgroupError) {
        let done = fuyun_pwrite(descriptor, word.utf8Start, word.utf8CodeUnitCount, 0)
        guard done >= 0 else { throw failure(done, file(), "write") }
    }

    /// Writes a decimal number and a newline, formatted by hand from the right.
    static func write(number: UInt64, to descriptor: CInt, file: @autoclosure () -> String) throws(CgroupError) {
        var text = InlineArray<24, UInt8>(repeating: 0x0A)
        var start = 23
        var rest = number
        repeat {
            start -= 1
            text[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        let done = text.span.withUnsafeBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return -Int(EINVAL) }
            return fuyun_pwrite(descriptor, base + start, 24 - start, 0)
        }
        guard done >= 0 else { throw failure(done, file(), "write") }
    }

    /// An error from a negative errno.
    static func failure(_ negative: Int, _ file: String, _ operation: String) -> CgroupError {
        CgroupError(file: file, operation: operation, errno: Errno(rawValue: CInt(-negative)))
    }

    /// An error for contents that are not what the kernel documents.
    static func malformed(_ file: String) -> CgroupError {
        CgroupError(code: .malformed, file: file, operation: "read")
    }

    /// Reads from offset 0 on until the kernel says 0 (a short read is no end of file), the buffer is full, or, where
    /// one line is the whole value, its newline is in.
    ///
    /// Returns the count or a negative errno.
    private static func fill<let capacity: Int>(
        _ buffer: inout InlineArray<capacity, UInt8>,
        from descriptor: CInt,
        untilNewline: Bool
    ) -> Int {
        var span = buffer.mutableSpan
        return span.withUnsafeMutableBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return -Int(EINVAL) }
            var count = 0
            while count < bytes.count {
                let done = fuyun_pread(descriptor, base + count, bytes.count - count, off_t(count))
                if done < 0 { return done }
                if done == 0 { break }
                count += done
                if untilNewline, memchr(base, 0x0A, count) != nil { break }
            }
            return count
        }
    }
}
