import Glibc
import SystemPackage

/// Why a socket could not be made; names the file and what to do.
public struct SocketError: Error, Sendable, CustomStringConvertible {
    /// The socket's file.
    public var path: String
    /// What went wrong and what to do.
    public var message: String

    /// One line.
    public var description: String { "\(path): \(message)" }
}

/// Listening Unix sockets that the agent makes itself, when systemd passes none.
enum SocketFile {
    /// The longest path that a Unix socket can have, in bytes (unix(7)).
    static let longestPath = 107

    /// Binds a socket file with these permissions; listening is left to the caller, so nobody connects before they hold.
    ///
    /// A file that a dead agent left is replaced; one that somebody listens on is an error.
    static func bind(_ path: String, permissions: UInt32) throws(SocketError) -> CInt {
        guard path.utf8.count <= longestPath else {
            throw SocketError(
                path: path,
                message: "a socket's path has at most \(longestPath) bytes; set paths.runtime"
            )
        }
        try removeLeftover(path)
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0
        )
        guard descriptor >= 0 else { throw failure(path, "socket") }
        let bound = withAddress(of: path) { Glibc.bind(descriptor, $0, $1) }
        guard bound == 0, chmod(path, permissions) == 0 else {
            let error = failure(path, bound == 0 ? "chmod" : "bind")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func removeLeftover(_ path: String) throws(SocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketError(path: path, message: "is in the way and is no socket; move it away")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw failure(path, "socket") }
        defer { close(probe) }
        let answered = withAddress(of: path) { connect(probe, $0, $1) }
        guard answered != 0, errno == ECONNREFUSED else {
            throw SocketError(path: path, message: "another process listens here; stop it, or set paths.runtime")
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw failure(path, "unlink") }
    }

    private static func withAddress<Result>(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func failure(_ path: String, _ operation: String) -> SocketError {
        SocketError(path: path, message: "\(operation): \(Errno(rawValue: errno))")
    }
}
