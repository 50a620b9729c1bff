package import NIOCore

/// Where to connect or listen: `unix:/path`, or `host:port` with a literal address or `localhost`.
///
/// Names are not looked up: that would start threads and open files inside a function's container.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A Unix socket's path, at most 107 bytes.
    case unix(String)
    /// An IPv4 or IPv6 address and a port.
    case internet(address: String, port: Int)

    /// Why a text is no endpoint.
    public struct ParsingError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What was given, what was expected.
        public var description: String
    }

    /// Reads `unix:/path`, `host:port`, `[::1]:port` or `:port` (all addresses of this machine).
    public init(_ text: String) throws(ParsingError) {
        if text.hasPrefix("unix:") {
            try self.init(path: String(text.dropFirst(5)), text)
            return
        }
        if text.hasPrefix("/") {
            try self.init(path: text, text)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw Self.error(text, "") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        switch host {
        case "": host = "0.0.0.0"
        case "*": host = "0.0.0.0"
        case "localhost": host = "127.0.0.1"
        default: break
        }
        guard (try? SocketAddress(ipAddress: host, port: port)) != nil else {
            throw Self.error(text, "; names other than localhost are not looked up")
        }
        self = .internet(address: host, port: port)
    }

    private init(path: String, _ text: String) throws(ParsingError) {
        guard path.hasPrefix("/"), path.utf8.count <= 107 else {
            throw Self.error(text, "; a socket's path starts with / and has at most 107 bytes")
        }
        self = .unix(path)
    }

    private static func error(_ text: String, _ hint: String) -> ParsingError {
        ParsingError(
            description: "“\(text)” is not an address; give host:port, :port or unix:/path\(hint)"
        )
    }

    /// The text that reads back as this.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .internet(let address, let port): address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        }
    }

    /// The address for NIO.
    package func socketAddress() throws -> SocketAddress {
        switch self {
        case .unix(let path): try SocketAddress(unixDomainSocketPath: path)
        case .internet(let address, let port): try SocketAddress(ipAddress: address, port: port)
        }
    }
}
