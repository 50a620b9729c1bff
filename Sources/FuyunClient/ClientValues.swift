public import NIOCore

/// A request to an agent (or another small HTTP/1.1 server on this machine).
public struct ClientRequest: Sendable {
    /// The methods that the API takes.
    public enum Method: String, Hashable, Sendable {
        /// Asks.
        case get = "GET"
        /// Does.
        case post = "POST"
    }

    /// The method.
    public var method: Method
    /// The path, with a query if there is one.
    public var target: String
    /// Header fields besides `Host` and `Content-Length`.
    public var headers: [(name: String, value: String)]
    /// The body; sent with its length.
    public var body: ByteBuffer

    /// Makes a request.
    public init(
        _ method: Method,
        _ target: String,
        headers: [(name: String, value: String)] = [],
        body: ByteBuffer = ByteBuffer()
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }
}

/// An answer, read whole.
public struct ClientResponse: Sendable {
    /// The HTTP status.
    public var status: Int
    /// The header fields.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: ByteBuffer
}

/// Why there is no answer.
public enum ClientFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// No connection could be made; the system's words.
    case unreachable(String)
    /// The deadline passed first.
    case timedOut
    /// The connection closed before the answer was whole.
    case closed
    /// The answer is not HTTP, or not an answer of this API.
    case malformed(String)
    /// The answer is larger than was allowed for.
    case tooLarge
    /// Too many calls are waiting for the agent already.
    case busy
    /// The agent failed several times just now and is left alone for a moment.
    case resting

    /// A few words for a log line.
    public var description: String {
        switch self {
        case .unreachable(let reason): "not reachable (\(reason))"
        case .timedOut: "no answer in time"
        case .closed: "connection closed"
        case .malformed(let reason): "answer not understood (\(reason))"
        case .tooLarge: "answer too large"
        case .busy: "too many calls at once"
        case .resting: "left alone after failures"
        }
    }
}
