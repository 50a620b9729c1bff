public import FuyunPolicy
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
        /// The body is of another schema than the path takes.
        case badSchema = "bad_schema"
        /// No token, or one that is not known.
        case unauthorized
        /// The token is good, but not for this.
        case forbidden
        /// What is asked for contradicts what is there.
        case conflict
        /// The body is larger than is read.
        case tooLarge = "too_large"
        /// A policy document that does not pass the check; `findings` says why.
        case badPolicy = "bad_policy"

        /// The HTTP status that goes with the code.
        public var status: Int {
            switch self {
            case .missingFunction, .badFunction, .badRequest, .badSchema: 400
            case .unauthorized: 401
            case .deadlinePassed: 408
            case .notAContainer, .wrongSocket, .forbidden: 403
            case .unknownContainer, .unknownInvocation, .notFound: 404
            case .methodNotAllowed: 405
            case .conflict: 409
            case .tooLarge: 413
            case .badPolicy: 422
            case .overloaded, .unavailable: 503
            }
        }
    }

    /// One mistake in a document.
    public struct Finding: Hashable, Sendable {
        /// The JSON path of the value.
        public var path: String
        /// The kind of mistake, for programs.
        public var code: String
        /// What was found and what was expected.
        public var message: String

        /// Makes a finding.
        public init(path: String, code: String, message: String) {
            self.path = path
            self.code = code
            self.message = message
        }

        /// Makes a finding of what a compiler found.
        public init(_ diagnostic: Diagnostic) {
            self.init(path: diagnostic.path, code: diagnostic.code.rawValue, message: diagnostic.message)
        }
    }

    /// The most findings that are read; a policy's check lists no more.
    public static let maximumFindings = DiagnosticCollector.limit + 1

    /// Why; stable.
    public var code: Code
    /// What was expected and what to do, for people.
    public var message: String
    /// All mistakes of a document that was refused.
    public var findings: [Finding]

    /// Makes a refusal.
    public init(_ code: Code, _ message: String, findings: [Finding] = []) {
        self.code = code
        self.message = message
        self.findings = findings
    }

    /// Refuses a body for a mistake in its JSON: `bad_schema` or `bad_request`.
    ///
    /// - Parameter document: What the body should have been, such as `a batch of observations`.
    public init(_ error: JSONError, in document: String) {
        self.init(error.code == .schema ? .badSchema : .badRequest, "the body is not \(document): \(error)")
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
            if !findings.isEmpty {
                json.key("diagnostics")
                json.beginArray()
                for finding in findings {
                    json.beginObject()
                    json.field("path", finding.path)
                    json.field("code", finding.code)
                    json.field("message", finding.message)
                    json.endObject()
                }
                json.endArray()
            }
            json.endObject()
            json.endObject()
        }
    }

    /// Reads the body of an answer; a code that this version does not know reads as `unavailable`.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        let refusal = try RefusalBody(parsing: body)
        self.init(Code(rawValue: refusal.code) ?? .unavailable, refusal.message, findings: refusal.findings)
    }
}

/// The body of a refusal with its code as it was written, whether this version knows it or not.
package struct RefusalBody: Hashable, Sendable {
    /// Why, for programs.
    package var code = ""
    /// What was expected and what to do, for people.
    package var message = ""
    /// All mistakes of a document that was refused.
    package var findings: [ErrorAnswer.Finding] = []

    /// Reads the body of an answer.
    package init(parsing body: ByteBuffer) throws(JSONError) {
        try JSONReader.read(body, maximumStringLength: 16 << 10) { json throws(JSONError) in
            try json.object(Keys.answer) { json, _ throws(JSONError) in
                try json.object(Keys.error) { json, key throws(JSONError) in
                    switch key {
                    case .code: code = try json.string(maximum: 64)
                    case .message: message = try json.string()
                    case .diagnostics:
                        try json.array(maximum: ErrorAnswer.maximumFindings) { json, _ throws(JSONError) in
                            findings.append(try Self.finding(&json))
                        }
                    }
                }
            }
        }
    }

    private static func finding(_ json: inout JSONReader) throws(JSONError) -> ErrorAnswer.Finding {
        var finding = ErrorAnswer.Finding(path: "", code: "", message: "")
        try json.object(Keys.finding) { json, key throws(JSONError) in
            switch key {
            case .path: finding.path = try json.string()
            case .code: finding.code = try json.string()
            case .message: finding.message = try json.string()
            }
        }
        return finding
    }

    private enum AnswerKey: String, CaseIterable, Sendable { case error }
    private enum ErrorKey: String, CaseIterable, Sendable { case code, message, diagnostics }
    private enum FindingKey: String, CaseIterable, Sendable { case path, code, message }
    private enum Keys {
        static let answer = JSONWords<AnswerKey>(required: [.error])
        static let error = JSONWords<ErrorKey>(required: [.code])
        static let finding = JSONWords<FindingKey>()
    }
}
