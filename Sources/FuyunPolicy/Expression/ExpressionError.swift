/// Why a text is not an expression.
public struct ExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error; its raw value is the code of the diagnostic that is made of it.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The text is not written as an expression.
        case syntax = "expression_syntax"
        /// A name is none of the policy's variables.
        case unknownVariable = "expression_unknown_variable"
        /// A name before a parenthesis is none of the functions.
        case unknownFunction = "expression_unknown_function"
        /// A function has too few or too many arguments.
        case argumentCount = "expression_argument_count"
        /// A number is beyond what a double holds.
        case badNumber = "expression_bad_number"
        /// A category was used as a number.
        case category = "expression_category"
        /// The text, its nesting or its program is larger than allowed.
        case tooLarge = "expression_too_large"
    }

    /// The kind of error.
    public var kind: Kind
    /// What was found and what was expected.
    public var message: String
    /// The character of the expression where it is, from 1.
    public var character: Int

    /// Makes an error.
    public init(kind: Kind, message: String, character: Int) {
        self.kind = kind
        self.message = message
        self.character = character
    }

    /// `at character 3: message [code]`.
    public var description: String { "at character \(character): \(message) [\(kind.rawValue)]" }
}
