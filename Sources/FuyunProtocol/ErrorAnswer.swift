public import NIOCore

/// A request that was refused: what is sent as `{"error":{"code":…,"message":…}}` with `code.status`.
///
/// The same value is thrown by everything that reads a request, so that a refusal needs no second table.
public struct ErrorAnswer: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why a request was refused; stable, for programs.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// `Fuyun-Function` is absent.
        case missingFunction = "missing_function"
        /// `Fuyun-Function` is not a function's name.
        case badFunction = "bad_function"
        /// A header or the body is not what the protocol says.
        case badRequest = "bad_request"
        /// The request was read later than its `Fuyun-Deadline`; nothing was changed.
        case deadlinePassed = "deadline_passed"
        /// The peer on `function.sock` is not in a container that this agent manages.
        case notAContainer = "not_a_container"
        /// The request belongs to another of the three sockets.
        case wrongSocket = "wrong_socket"
        /// `Fuyun-Container` names no container that this agent knows.
        case unknownContainer = "unknown_container"
        /// No such invocation, or (on `function.sock`) one of another container.
        case unknownInvocation = "unknown_invocation"
        /// No such path.
        case notFound = "not_found"
        /// The path exists, but not with this method.
        case methodNotAllowed = "method_not_allowed"
        /// Too many invocations or connections at once; pass the call on without Fuyun.
        case overloaded
        /// The agent cannot do this now; pass the call on without Fuyun.
        case unavailable

        /// The HTTP status that goes with the code.
        public var status: Int {
            switch self {
            case .missingFunction, .badFunction, .badRequest: 400
            case .deadlinePassed: 408
            case .notAContainer, .wrongSocket: 403
            case .unknownContainer, .unknownInvocation, .notFound: 404
            case .methodNotAllowed: 405
            case .overloaded, .unavailable: 503
            }
        }
    }

    /// Why; stable.
    public var code: Code
    /// What was expected and what to do, for people.
    public var message: String

    /// Makes a refusal.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message in one line.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Appends the body of the answer.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { json in
            json.beginObject()
            json.key("error")
            json.beginObject()
            json.field("code", code.rawValue)
            json.field("message", message)
            json.endObject()
            json.endObject()
        }
    }

    /// Reads the body of an answer; a code that this version does not know reads as `unavailable`.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        var code: String?
        var message = ""
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                guard key == "error" else { return try json.skip() }
                try json.object { json, key throws(JSONError) in
                    switch key {
                    case "code": code = try json.string()
                    case "message": message = try json.string()
                    default: try json.skip()
                    }
                }
            }
        }
        guard let code else { throw JSONError(.missing, "error.code", at: 0) }
        self.init(Code(rawValue: code) ?? .unavailable, message)
    }
}
