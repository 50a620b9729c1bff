public import NIOCore

/// The end of an invocation, as its caller saw it.
///
/// `POST /v1/invocations/{id}/end`. Everything is optional.
public struct EndRequest: Hashable, Sendable {
    /// How the call ended.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// The function answered.
        case success
        /// The function answered with an error of its own.
        case error
        /// The platform's or the function's time limit ended the call.
        case timeout
        /// The function's process died, or its connection broke before the answer was whole.
        case crashed
    }

    /// The largest body that is read, in bytes.
    public static let maximumBodySize = 4096

    /// How the call ended.
    public var outcome: Outcome?
    /// The exit status of the function's process, when it ended; 128 + signal when a signal ended it.
    public var exitStatus: Int?
    /// The function's HTTP status.
    public var httpStatus: Int?
    /// From the moment that the call was passed on to its end.
    public var duration: Duration?
    /// The function, repeated for an agent that started in between (`Fuyun-Function`).
    public var function: String?
    /// The activation, repeated likewise (`Fuyun-Activation`).
    public var activation: String?

    /// Makes a request.
    public init(
        outcome: Outcome? = nil,
        exitStatus: Int? = nil,
        httpStatus: Int? = nil,
        duration: Duration? = nil,
        function: String? = nil,
        activation: String? = nil
    ) {
        self.outcome = outcome
        self.exitStatus = exitStatus
        self.httpStatus = httpStatus
        self.duration = duration
        self.function = function
        self.activation = activation
    }

    /// Reads a request's header and body; an empty body says nothing, unknown keys are skipped.
    @inlinable  // so that the caller's sequence is walked without generic code
    public init(headers: some Sequence<(name: String, value: String)>, body: ByteBuffer) throws(ErrorAnswer) {
        var fields = FieldValues()
        for (name, value) in headers { try fields.take(name, value) }
        try self.init(fields, body)
    }

    @usableFromInline
    init(_ fields: FieldValues, _ body: ByteBuffer) throws(ErrorAnswer) {
        self.init()
        if let name = fields.function { function = try CallNames.checkFunction(name) }
        activation = try CallNames.checkActivation(fields.activation)
        guard body.readableBytes > 0 else { return }
        guard body.readableBytes <= Self.maximumBodySize else {
            throw ErrorAnswer(.badRequest, "the body is larger than \(Self.maximumBodySize) bytes")
        }
        do throws(JSONError) {
            try read(body)
        } catch {
            throw ErrorAnswer(.badRequest, "the body is not the end of an invocation: \(error)")
        }
    }

    private mutating func read(_ body: ByteBuffer) throws(JSONError) {
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                switch key {
                case "outcome": outcome = try json.orNull { json throws(JSONError) in try json.choice() }
                case "exit_status":
                    exitStatus = try json.orNull { json throws(JSONError) in try json.integer(in: 0...255) }
                case "http_status":
                    httpStatus = try json.orNull { json throws(JSONError) in try json.integer(in: 100...999) }
                case "duration_ms":
                    duration = try json.orNull { json throws(JSONError) in try json.milliseconds() }
                default: try json.skip()
                }
            }
        }
    }

    /// The header fields that say this.
    public var headers: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let function { fields.append((FuyunHeader.function, function)) }
        if let activation { fields.append((FuyunHeader.activation, activation)) }
        return fields
    }

    /// Appends the body of the request.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { json in
            json.beginObject()
            if let outcome { json.field("outcome", outcome.rawValue) }
            if let exitStatus { json.field("exit_status", exitStatus) }
            if let httpStatus { json.field("http_status", httpStatus) }
            if let duration { json.field("duration_ms", duration.inMilliseconds) }
            json.endObject()
        }
    }
}

extension Duration {
    /// The duration in milliseconds, to the microsecond.
    package var inMilliseconds: Double {
        let (seconds, attoseconds) = components
        let microseconds = Double(seconds) * 1e6 + Double(attoseconds / 1_000_000_000_000)
        return microseconds / 1000
    }
}
