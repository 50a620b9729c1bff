import FuyunProtocol
import NIOHTTP1

/// What becomes of header fields on their way through: those that speak of one connection stay on it (RFC 9110 §7.6.1),
/// all others go on in their order and spelling.
enum HeaderRules {
    private static let hopByHop = [
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
    ]

    /// The fields that go to the function's server.
    ///
    /// `Expect` stays here: the shim has answered it.
    static func request(_ headers: HTTPHeaders) -> HTTPHeaders {
        var result = endToEnd(headers) { $0.matches("Expect") }
        if isChunked(headers) { result.add(name: "Transfer-Encoding", value: "chunked") }
        // The only transfer coding that goes through is chunked; of TE, what asks for trailers means the far end.
        if headers[canonicalForm: "TE"].contains("trailers") { result.add(name: "TE", value: "trailers") }
        return result
    }

    /// The fields that go to the client.
    static func response(_ headers: HTTPHeaders, isChunked: Bool) -> HTTPHeaders {
        var result = endToEnd(headers) { _ in false }
        if isChunked { result.add(name: "Transfer-Encoding", value: "chunked") }
        return result
    }

    /// Whether the body comes in chunks.
    static func isChunked(_ headers: HTTPHeaders) -> Bool {
        headers.first(name: "Transfer-Encoding")?.matches("chunked") == true
    }

    /// Whether the body is coded in a way that cannot be passed on part by part.
    static func hasForeignCoding(_ headers: HTTPHeaders) -> Bool {
        headers.contains(name: "Transfer-Encoding")
            && (!isChunked(headers) || headers["Transfer-Encoding"].count > 1)
    }

    private static func endToEnd(_ headers: HTTPHeaders, without isDropped: (String) -> Bool) -> HTTPHeaders {
        let named = headers[canonicalForm: "Connection"]
        var result = HTTPHeaders()
        result.reserveCapacity(headers.count)
        for (name, value) in headers {
            if hopByHop.contains(where: name.matches) || isDropped(name) { continue }
            // Content-Length frames the body: it stays whatever Connection says.
            if named.contains(where: { name.matches(String($0)) }), !name.matches("Content-Length") { continue }
            result.add(name: name, value: value)
        }
        return result
    }
}
