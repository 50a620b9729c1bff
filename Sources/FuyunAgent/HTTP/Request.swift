import FuyunProtocol
import NIOCore

/// Which of the agent's sockets a connection came in on; the names are those of the systemd sockets.
enum SocketRole: String, CaseIterable, Sendable {
    /// Where containers call; the caller is its container.
    case function
    /// Where an invoker calls on behalf of containers.
    case platform
    /// Where operators look.
    case admin

    /// The file's permissions: containers of any user may connect to the first, only root to the others.
    var permissions: UInt32 { self == .function ? 0o666 : 0o600 }
}

/// One request, whole.
struct Request {
    /// Its head.
    var head: RequestHead
    /// Its path.
    var route: Route
    /// The part of the body that was kept.
    var body: ByteBuffer
    /// How long the body was.
    var bodyLength: UInt64
}
