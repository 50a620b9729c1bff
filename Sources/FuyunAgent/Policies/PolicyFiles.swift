import Glibc
import MemoryUnits
import SystemPackage

/// Reads the policy documents of a directory, bounded in size and number.
///
/// Blocking: not for the event loop.
struct PolicyFiles: Sendable {
    /// One document's bytes, or why it was not read.
    struct File: Sendable, Equatable {
        /// The file's name within the directory.
        var name: String
        /// Its bytes; nil when it was not read.
        var contents: [UInt8]?
        /// Why it was not read.
        var problem: String?
    }

    /// The directory.
    var directory: FilePath
    /// The greatest size of a document.
    var largest: Bytes
    /// The greatest number of documents.
    var most: Int

    /// Every `*.json` of the directory by name; hidden files, as editors leave them, are not looked at.
    ///
    /// A directory that does not exist holds nothing.
    func read() -> (files: [File], problem: String?) {
        guard let stream = opendir(directory.string) else {
            let reason = Errno(rawValue: errno)
            return ([], reason == .noSuchFileOrDirectory ? nil : "cannot be listed: \(reason)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        var tooMany = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".json"), !name.hasPrefix(".") else { continue }
            if names.count < most { names.append(name) } else { tooMany += 1 }
        }
        let problem =
            tooMany == 0 ? nil : "holds \(tooMany) documents more than the \(most) that are read; see policies.files"
        return (names.sorted().map(read), problem)
    }

    private func read(_ name: String) -> File {
        let path = directory.appending(name)
        // Not blocking, so that a pipe put here by mistake does not hang the reader.
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return File(name: name, problem: "cannot be opened: \(Errno(rawValue: errno))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return File(name: name, problem: "is not a regular file")
        }
        guard status.st_size >= 0, UInt64(status.st_size) <= largest.rawValue else {
            return File(name: name, problem: "has \(status.st_size) bytes; at most \(largest.rawValue) are read")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                return File(name: name, problem: "cannot be read: \(Errno(rawValue: errno))")
            }
            bytes += buffer[..<count]
            guard bytes.count <= Int(clamping: largest.rawValue) else {
                return File(name: name, problem: "grew beyond \(largest.rawValue) bytes while it was read")
            }
        }
        return File(name: name, contents: bytes)
    }
}
