import FuyunProtocol
import Hummingbird
import HTTPTypes
import NIOCore

extension HTTPFields {
    /// The value of a field by its name.
    func first(_ name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}

extension Response {
    /// A JSON document.
    static func json(_ status: HTTPResponse.Status, _ body: ByteBuffer) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }

    /// A value of the API.
    static func json(_ status: HTTPResponse.Status, _ value: some WireValue) -> Response {
        json(status, value.body)
    }

    /// A JSON document, 200.
    static func json(_ body: ByteBuffer) -> Response { json(.ok, body) }

    /// A value of the API, 200.
    static func json(_ value: some WireValue) -> Response { json(.ok, value) }

    /// A text.
    static func text(_ type: String, _ text: String) -> Response {
        Response(status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// A refusal.
    init(_ refusal: ErrorAnswer) {
        var body = ByteBuffer()
        refusal.write(into: &body)
        self = .json(HTTPResponse.Status(code: refusal.code.status), body)
        switch refusal.code {
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer"
        case .overloaded, .unavailable: headers[.retryAfter] = "1"
        // What is left of the body is not worth its way.
        case .tooLarge: headers[.connection] = "close"
        default: break
        }
    }

    /// A refusal of a method.
    static func methodNotAllowed(_ allowed: [String]) -> Response {
        let methods = allowed.joined(separator: ", ")
        var response = Response(ErrorAnswer(.methodNotAllowed, "expected \(methods)"))
        response.headers[.allow] = methods
        return response
    }
}
