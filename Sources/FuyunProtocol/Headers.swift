/// The names of the HTTP header fields of the invocation API.
///
/// Names are compared without regard to case.
public enum FuyunHeader {
    /// The function's name.
    ///
    /// 1…256 of `[A-Za-z0-9._@:/-]`. Required at begin.
    public static let function = "Fuyun-Function"
    /// The platform's id of the activation: at most 128 visible ASCII characters.
    public static let activation = "Fuyun-Activation"
    /// The moment until which the caller waits for the answer: milliseconds since 1970, with an optional fraction.
    public static let deadline = "Fuyun-Deadline"
    /// The payload's true size in bytes, when only its first part is sent.
    public static let payloadLength = "Fuyun-Payload-Length"
    /// The container that the call is for; believed on `platform.sock` only.
    public static let container = "Fuyun-Container"
    /// The version of the agent that calls its coordinator.
    public static let agentVersion = "Fuyun-Agent-Version"
    /// The id of a call that ran out of memory, of which this one is a retry.
    public static let retryOf = "Fuyun-Retry-Of"
}

/// The field values that this API reads from a request's header, each at most once.
@usableFromInline
struct FieldValues {
    var function: String?
    var activation: String?
    var deadline: String?
    var payloadLength: String?
    var container: String?
    var retryOf: String?

    @usableFromInline
    init() {}

    /// Keeps the value of a field of this API, and passes over every other field.
    @usableFromInline
    mutating func take(_ name: String, _ value: String) throws(ErrorAnswer) {
        // The length tells nearly all fields apart, before any character is looked at.
        switch name.utf8.count {
        case 14:
            if name.matches(FuyunHeader.function) {
                try Self.set(&function, FuyunHeader.function, value)
            } else if name.matches(FuyunHeader.deadline) {
                try Self.set(&deadline, FuyunHeader.deadline, value)
            } else if name.matches(FuyunHeader.retryOf) {
                try Self.set(&retryOf, FuyunHeader.retryOf, value)
            }
        case 15 where name.matches(FuyunHeader.container):
            try Self.set(&container, FuyunHeader.container, value)
        case 16 where name.matches(FuyunHeader.activation):
            try Self.set(&activation, FuyunHeader.activation, value)
        case 20 where name.matches(FuyunHeader.payloadLength):
            try Self.set(&payloadLength, FuyunHeader.payloadLength, value)
        default: break
        }
    }

    private static func set(_ field: inout String?, _ name: String, _ value: String) throws(ErrorAnswer) {
        guard field == nil else {
            throw ErrorAnswer(.badRequest, "\(name) is given more than once; send it once")
        }
        field = value
    }
}

extension String {
    /// Compares header names: ASCII, without regard to case, without allocating.
    package func matches(_ name: String) -> Bool {
        let left = utf8.span
        let right = name.utf8.span
        guard left.count == right.count else { return false }
        for index in left.indices where left[index].lowercasedASCII != right[index].lowercasedASCII { return false }
        return true
    }
}

extension UInt8 {
    package var lowercasedASCII: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
