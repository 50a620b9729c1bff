import FuyunProtocol

/// What answers the requests of connections.
///
/// It lives on the event loop.
///
/// A seam: the real service decides and writes limits; tests of the HTTP edge put an echo here.
protocol ConnectionService: AnyObject {
    /// The connection was accepted; false refuses it.
    func opened(_ connection: Connection) -> Bool
    /// A request arrived whole. Nil: the answer comes later, by `Connection.answer`.
    func handle(_ request: Request, on connection: Connection) -> Response?
    /// The connection is gone.
    func closed(_ connection: Connection)
}

/// What the service knows of one connection.
final class Connection {
    /// The socket that it came in on.
    let role: SocketRole
    /// Its descriptor, for asking who is at the other end; -1 for none.
    let socket: CInt
    /// Who is at the other end; the service's to fill in.
    var peer: Peer?
    /// Whose share of connections it takes; the service's to fill in.
    var quotaKey = ""
    /// Why requests are refused on this socket, whatever they ask; the service's to fill in.
    var refusal: ErrorAnswer?
    /// The peer's container, once it was asked for; the service's to keep.
    weak var container: ManagedContainer?
    /// Calls that began here and have not ended, by sequence number; the service's to keep.
    var invocations: Set<UInt64> = []
    private weak var handler: ConnectionHandler?

    init(role: SocketRole, socket: CInt, handler: ConnectionHandler?) {
        self.role = role
        self.socket = socket
        self.handler = handler
    }

    /// Gives the answer that a request is waiting for; nothing happens when the connection is gone.
    func answer(_ response: Response) { handler?.answer(response) }

    /// Ends the connection as soon as what was asked is answered.
    func stop() { handler?.stop() }
}

/// The limits of one connection's requests.
struct RequestLimits: Sendable {
    /// How much of a payload is kept, in bytes.
    var kept: Int
    /// How much more is read and dropped, in bytes.
    var dropped: Int
    /// When a connection without a call in flight is closed.
    var idle: Duration
    /// Within which time a request must be whole.
    var request: Duration
}
