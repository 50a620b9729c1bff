import FuyunProtocol

/// The first lines of a request, as they were sent.
struct RequestHead {
    /// What is to be done with the target.
    enum Method {
        case get
        case post
        /// No request of this agent's API.
        case other
    }

    /// What is to be done with the target.
    var method: Method
    /// The path, with a query if there is one.
    var target: String
    /// Whether it is HTTP/1.1, not 1.0.
    var isCurrent: Bool
    /// The header fields in their order, names as they were written.
    var fields: [(name: String, value: String)] = []
    /// How the body is framed.
    var framing = BodyFraming.length(0)
    /// Whether the sender wants the connection closed after the answer.
    var closes = false
    /// Whether the sender of an HTTP/1.0 request wants it kept.
    var stays = false

    /// Whether the connection stays after the answer.
    var keepsAlive: Bool { !closes && (isCurrent || stays) }

    /// The value of the first field of a name.
    func first(_ name: String) -> String? { fields.first(where: { $0.name.matches(name) })?.value }
}

/// How the end of a request's body is found (RFC 9112, section 6.3).
enum BodyFraming: Equatable {
    /// By its length in bytes; 0 without a body.
    case length(UInt64)
    /// By a chunk of length 0.
    case chunked

    /// Whether the body comes in chunks.
    var isChunked: Bool { self == .chunked }

    /// The length that was said beforehand; 0 for chunks.
    var length: UInt64 { if case .length(let length) = self { length } else { 0 } }
}

/// What was received is no HTTP/1.1 request within the limits.
struct MalformedRequest: Error {}
