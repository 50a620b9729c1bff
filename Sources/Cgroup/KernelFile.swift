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
        try contents(of: descriptor, capacity: 64, file: file(), parse)
    }

    /// Reads a file of several lines: the first 4 KiB of it, which hold every line that Fuyun uses.
    static func text<Value>(
        of descriptor: CInt,
        file: @autoclosure () -> String,
        _ parse: (borrowing Span<UInt8>) -> Value?
    ) throws(CgroupError) -> Value {
        try contents(of: descriptor, capacity: 4096, file: file(), parse)
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

    /// Reads into memory of this call only, which is not cleared before, and parses what was read.
    private static func contents<Value>(
        of descriptor: CInt,
        capacity: Int,
        file: @autoclosure () -> String,
        _ parse: (borrowing Span<UInt8>) -> Value?
    ) throws(CgroupError) -> Value {
        try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { bytes throws(CgroupError) -> Value in
            let count = fill(bytes, from: descriptor)
            guard count >= 0 else { throw failure(count, file(), "read") }
            let text = UnsafeBufferPointer(rebasing: bytes[..<count])
            guard let value = parse(text.span) else { throw malformed(file()) }
            return value
        }
    }

    /// Reads from offset 0 on until the end of the file, or until the buffer is full.
    ///
    /// A cgroup's file is one record of a seq_file: the kernel makes it whole and hands out as much as fits, so a read
    /// that is short and ends in a newline is the end, and a second read for the 0 that says so is saved. Contents
    /// without a last newline are read on until the kernel says 0.
    ///
    /// Returns the count or a negative errno.
    private static func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>, from descriptor: CInt) -> Int {
        guard let base = buffer.baseAddress else { return -Int(EINVAL) }
        var count = 0
        while count < buffer.count {
            let done = fuyun_pread(descriptor, base + count, buffer.count - count, off_t(count))
            if done < 0 { return done }
            if done == 0 { break }
            count += done
            if count < buffer.count, base[count - 1] == 0x0A { break }
        }
        return count
    }
}
