/// Why a text is not an acceptable JSON document.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error; its raw value is the code of the diagnostic that is made of it.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The text is larger than is read.
        case tooLarge = "json_too_large"
        /// The text is nested deeper than is read.
        case tooDeep = "json_too_deep"
        /// The text is not UTF-8.
        case badUTF8 = "json_bad_utf8"
        /// An escape names half of a surrogate pair.
        case loneSurrogate = "json_lone_surrogate"
        /// A backslash is followed by something that is no escape.
        case badEscape = "json_bad_escape"
        /// A number is not written as JSON writes numbers, or is beyond a double.
        case badNumber = "json_bad_number"
        /// An object holds a key twice.
        case duplicateKey = "json_duplicate_key"
        /// Something follows the document.
        case trailingData = "json_trailing_data"
        /// The text ends before the document does.
        case unexpectedEnd = "json_unexpected_end"
        /// Anything else.
        case syntax = "json_syntax"
    }

    /// The kind of error.
    public var kind: Kind
    /// What was found and what was expected.
    public var message: String
    /// Where.
    public var position: JSONPosition

    /// Makes an error.
    public init(kind: Kind, message: String, position: JSONPosition) {
        self.kind = kind
        self.message = message
        self.position = position
    }

    /// `line:column: message [code]`.
    public var description: String { "\(position): \(message) [\(kind.rawValue)]" }
}
