import FuyunClient
import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// A bound socket that the command does not inherit: the function's server must not keep the shim's address.
enum ListeningSocket {
    /// Why an address cannot be listened on.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Binds and listens.
    ///
    /// A Unix socket that nobody answers on any more is replaced, and is open to everyone.
    static func open(_ endpoint: Endpoint) throws -> CInt {
        let address = try endpoint.socketAddress()
        if case .unix(let path) = endpoint { removeAbandoned(path) }
        let family: CInt =
            switch address {
            case .v4: AF_INET
            case .v6: AF_INET6
            case .unixDomainSocket: AF_UNIX
            }
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw failure(endpoint, "socket") }
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        let bound = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        guard bound == 0, listen(descriptor, SOMAXCONN) == 0 else {
            defer { Glibc.close(descriptor) }
            throw failure(endpoint, "bind")
        }
        if case .unix(let path) = endpoint { chmod(path, 0o666) }
        return descriptor
    }

    private static func failure(_ endpoint: Endpoint, _ operation: String) -> Failure {
        Failure(description: "cannot listen on \(endpoint): \(operation): \(String(cString: strerror(errno)))")
    }

    private static func removeAbandoned(_ path: String) {
        guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { Glibc.close(descriptor) }
        let result = address.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
        if result != 0, errno == ECONNREFUSED { unlink(path) }
    }
}
