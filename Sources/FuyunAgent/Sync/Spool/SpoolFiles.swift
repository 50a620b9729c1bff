import Glibc
import SystemPackage

/// The files of a spool: segments by number, and the cursor of what was acknowledged.
///
/// It does the I/O that `Spool` decides on, and knows nothing else.
struct SpoolFiles: Sendable {
    /// The spool's directory.
    let directory: FilePath

    /// What was acknowledged last.
    struct Cursor: Equatable, Sendable {
        /// The segment that is read.
        var segment: UInt64
        /// Its epoch.
        var epoch: UInt64
        /// Where the first record lies that was not acknowledged.
        var offset: Int
        /// The last acknowledged number of that epoch.
        var sequence: UInt64

        /// The line that is kept on disk, of fixed length so that a newer one covers an older one.
        var line: [UInt8] {
            let text = "\(segment) \(epoch) \(offset) \(sequence)"
            var bytes = Array("\(text) \(Checksum.crc32c(Array(text.utf8)))".utf8)
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, 119 - bytes.count)))
            bytes.append(UInt8(ascii: "\n"))
            return bytes
        }

        /// Reads a line; nil when it is not whole.
        init?(_ bytes: [UInt8]) {
            let parts = bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            guard parts.count == 5 else { return nil }
            let text = parts[..<4].joined(separator: [UInt8(ascii: " ")])
            let words = parts.map { String(decoding: $0, as: UTF8.self) }
            guard UInt32(words[4]) == Checksum.crc32c(Array(text)), let segment = UInt64(words[0]),
                let epoch = UInt64(words[1]), let offset = Int(words[2]), offset >= 0, let sequence = UInt64(words[3])
            else { return nil }
            self.init(segment: segment, epoch: epoch, offset: offset, sequence: sequence)
        }

        init(segment: UInt64, epoch: UInt64, offset: Int, sequence: UInt64) {
            self.segment = segment
            self.epoch = epoch
            self.offset = offset
            self.sequence = sequence
        }
    }

    /// The segments that are there, by number, with their sizes.
    func segments() throws(Errno) -> [(number: UInt64, size: Int)] {
        guard let stream = opendir(directory.string) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var found: [(number: UInt64, size: Int)] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1] == "spool", parts[0].utf8.count == 16,
                let number = UInt64(parts[0], radix: 16)
            else { continue }
            var status = stat()
            guard fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG
            else { continue }
            found.append((number, Int(status.st_size)))
        }
        return found.sorted { $0.number < $1.number }
    }

    /// Makes a segment with its head; the caller owns the descriptor.
    func create(_ number: UInt64, epoch: UInt64) throws(Errno) -> FileDescriptor {
        let descriptor = try open(path(of: number), .readWrite, [.create, .exclusiveCreate])
        do {
            _ = try descriptor.writeAll(toAbsoluteOffset: 0, SpoolFormat.head(epoch: epoch))
            return descriptor
        } catch {
            try? descriptor.close()
            unlink(path(of: number).string)
            throw error as? Errno ?? .ioError
        }
    }

    /// Opens a segment for reading; the caller owns the descriptor.
    func open(_ number: UInt64) throws(Errno) -> FileDescriptor { try open(path(of: number), .readOnly, []) }

    /// Removes a segment; one that is gone already is no error.
    func remove(_ number: UInt64) throws(Errno) {
        guard unlink(path(of: number).string) != 0, errno != ENOENT else { return }
        throw Errno(rawValue: errno)
    }

    /// The cursor as it was stored last; nil when there is none, or none that is whole.
    func readCursor() -> Cursor? {
        guard let descriptor = try? open(cursorPath, .readOnly, []) else { return nil }
        let bytes = try? descriptor.closeAfter {
            try [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
                count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
        return bytes.flatMap { Cursor($0) }
    }

    /// Opens the cursor's file for writing; the caller owns the descriptor.
    func openCursor() throws(Errno) -> FileDescriptor { try open(cursorPath, .writeOnly, [.create]) }

    /// A number that no other spool has: 52 random bits, so that any JSON reader keeps it whole.
    static func newEpoch() -> UInt64 { UInt64.random(in: 1..<1 << 52) }

    private var cursorPath: FilePath { directory.appending("acknowledged") }

    private func path(of number: UInt64) -> FilePath {
        let digits = String(number, radix: 16)
        return directory.appending(String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + ".spool")
    }

    private func open(
        _ path: FilePath,
        _ mode: FileDescriptor.AccessMode,
        _ options: FileDescriptor.OpenOptions
    ) throws(Errno) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path,
                mode,
                options: options.union([.closeOnExec, .noFollow]),
                permissions: [.ownerReadWrite, .groupRead]
            )
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}
