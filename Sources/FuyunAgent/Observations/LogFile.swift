import Glibc
import MemoryUnits
import SystemPackage

/// The open file of a log that is rotated by size.
///
/// It belongs to one thread.
struct LogFile: ~Copyable {
    private let path: FilePath
    private let limit: Int64
    private let files: Int
    private var descriptor: FileDescriptor?
    private var size: Int64 = 0

    init(path: FilePath, fileSize: Bytes, files: Int) {
        self.path = path
        limit = Int64(clamping: fileSize.rawValue)
        self.files = files
    }

    deinit {
        try? descriptor?.close()
    }

    /// Appends lines, each with its line feed, whole or not at all; true when the file was rotated before.
    mutating func write(_ lines: [UInt8]) throws(Errno) -> Bool {
        let rotated = try openOrRotate()
        guard let descriptor else { throw .badFileDescriptor }
        do {
            try descriptor.writeAll(toAbsoluteOffset: size, lines)
            size += Int64(lines.count)
        } catch {
            // Cut off what arrived of the lines: they will be written again, whole.
            try? descriptor.resize(to: size)
            throw error as? Errno ?? .ioError
        }
        return rotated
    }

    /// Syncs and closes the file.
    mutating func finish() {
        if let descriptor { _ = fsync(descriptor.rawValue) }
        try? descriptor?.close()
        descriptor = nil
    }

    private mutating func openOrRotate() throws(Errno) -> Bool {
        if descriptor == nil { try open() }
        guard size >= limit else { return false }
        finish()
        for index in stride(from: files, through: 1, by: -1) {
            try rename(index == 1 ? path : numbered(index - 1), to: numbered(index))
        }
        try open()
        return true
    }

    private mutating func open() throws(Errno) {
        do {
            let opened = try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead]
            )
            descriptor = opened
            size = try opened.seek(offset: 0, from: .end)
            try cutUnfinishedLine(of: opened)
        } catch {
            finish()
            throw error as? Errno ?? .ioError
        }
    }

    /// A crash in the middle of a write may have left a line without its end: cut it off.
    private mutating func cutUnfinishedLine(of descriptor: FileDescriptor) throws {
        let window = 1 << 16
        while size > 0 {
            let start = max(0, size - Int64(window))
            var tail = [UInt8](repeating: 0, count: Int(size - start))
            let count = try tail.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: start, into: $0) }
            if let feed = tail[..<count].lastIndex(of: UInt8(ascii: "\n")) {
                let end = start + Int64(feed) + 1
                if end != size { try descriptor.resize(to: end) }
                size = end
                return
            }
            size = start
        }
        try descriptor.resize(to: 0)
    }

    private func numbered(_ index: Int) -> FilePath { FilePath("\(path.string).\(index)") }

    private func rename(_ old: FilePath, to new: FilePath) throws(Errno) {
        guard Glibc.rename(old.string, new.string) != 0, Glibc.errno != ENOENT else { return }
        throw Errno(rawValue: Glibc.errno)
    }
}
