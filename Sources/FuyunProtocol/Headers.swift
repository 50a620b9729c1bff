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
}

/// The field values that this API reads from a request's header, each at most once.
struct FieldValues {
    var function: String?
    var activation: String?
    var deadline: String?
    var payloadLength: String?
    var container: String?

    init(_ fields: some Sequence<(name: String, value: String)>) throws(ErrorAnswer) {
        for (name, value) in fields where name.utf8.count >= 14 && name.hasFuyunPrefix {
            if name.matches(FuyunHeader.function) {
                try Self.set(&function, FuyunHeader.function, value)
            } else if name.matches(FuyunHeader.activation) {
                try Self.set(&activation, FuyunHeader.activation, value)
            } else if name.matches(FuyunHeader.deadline) {
                try Self.set(&deadline, FuyunHeader.deadline, value)
            } else if name.matches(FuyunHeader.payloadLength) {
                try Self.set(&payloadLength, FuyunHeader.payloadLength, value)
            } else if name.matches(FuyunHeader.container) {
                try Self.set(&container, FuyunHeader.container, value)
            }
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
    fileprivate var hasFuyunPrefix: Bool {
        var characters = utf8.makeIterator()
        for expected in "fuyun-".utf8 {
            guard let character = characters.next(), character | 0x20 == expected | 0x20 else { return false }
        }
        return true
    }

    /// Compares header names: ASCII, without regard to case, without allocating.
    package func matches(_ name: String) -> Bool {
        guard utf8.count == name.utf8.count else { return false }
        return zip(utf8, name.utf8).allSatisfy { $0.lowercasedASCII == $1.lowercasedASCII }
    }
}

extension UInt8 {
    package var lowercasedASCII: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
