/// Why a text is not the JSON document that was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable {
        /// The text ends too early.
        case cut
        /// Another character than JSON allows here.
        case malformed
        /// A value of another type than expected.
        case wrongType = "wrong type"
        /// A value that is too large, too long or not among those known.
        case outOfRange = "out of range"
        /// A key that must be there is not.
        case missing
        /// Something follows the document.
        case trailing
        /// A document of another schema.
        case schema = "another schema"
    }

    /// What kind of failure it is.
    public var code: Code
    /// What was expected.
    public var expected: String
    /// Where, in bytes from the start.
    public var offset: Int
    /// Where, in keys and indexes such as `observations[3].observation.need`; empty where nobody noted it.
    public var path = ""

    /// Makes an error.
    public init(_ code: Code, _ expected: String, at offset: Int) {
        self.code = code
        self.expected = expected
        self.offset = offset
    }

    /// One line, without any of the text itself but keys that are known.
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset), expected \(expected)"
            : "\(code.rawValue) at \(path) (byte \(offset)), expected \(expected)"
    }

    /// The error of a value, as that of the object or array that holds it.
    func inside(_ step: String) -> JSONError {
        var error = self
        error.path = path.isEmpty || path.hasPrefix("[") ? step + path : "\(step).\(path)"
        return error
    }

    static func require<Value>(_ value: Value?, _ key: String) throws(JSONError) -> Value {
        guard let value else { throw JSONError(.missing, key, at: 0) }
        return value
    }
}
