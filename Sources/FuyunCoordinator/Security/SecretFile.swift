import Glibc

/// Reads small files that only this service and root should be able to read.
enum SecretFile {
    private static let largest = 16 << 20

    /// The file's text; refuses a file that everybody may read, one that is too large, and what is no UTF-8.
    static func read(_ path: String) throws(TokenBook.FileError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, "cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw failure(path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o007 == 0 else {
            throw failure(path, "everybody may read or write it; chmod 0640 or 0600 it, and make new tokens")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= largest else { throw failure(path, "is larger than \(largest) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure(path, "is no UTF-8 text") }
        return text
    }

    private static func failure(_ path: String, _ message: String) -> TokenBook.FileError {
        TokenBook.FileError(path: path, message: message)
    }
}
