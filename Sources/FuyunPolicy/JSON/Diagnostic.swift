/// One finding about a document: where, what was found, what was expected.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// How bad it is.
    public enum Severity: String, Sendable, Hashable {
        /// The document is refused.
        case error
        /// The document is used, but is perhaps not what its writer meant.
        case warning
    }

    /// The kind of finding, a word that programs may rely on; docs/policy-language.md lists those of policies.
    public struct Code: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The word.
        public let rawValue: String

        /// Makes a code.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Makes a code.
        public init(stringLiteral value: StaticString) { self.rawValue = String(describing: value) }

        /// The word.
        public var description: String { rawValue }
    }

    /// How bad it is.
    public var severity: Severity
    /// The JSON path of the value that the finding is about, as text: `$.logic.terms.frames`.
    public var path: String
    /// The kind of finding.
    public var code: Code
    /// What was found and what was expected.
    public var message: String
    /// Where the value begins in the text, when there is one.
    public var position: JSONPosition?

    /// Makes a diagnostic.
    public init(severity: Severity, path: String, code: Code, message: String, position: JSONPosition? = nil) {
        self.severity = severity
        self.path = path
        self.code = code
        self.message = message
        self.position = position
    }

    /// Makes the diagnostic of a text that is no JSON.
    public init(_ error: JSONSyntaxError) {
        self.init(
            severity: .error,
            path: "$",
            code: Code(rawValue: error.kind.rawValue),
            message: error.message,
            position: error.position
        )
    }

    /// `3:14: error: $.path: message [code]`.
    public var description: String {
        let place = position.map { "\($0): " } ?? ""
        return "\(place)\(severity.rawValue): \(path): \(message) [\(code)]"
    }
}

extension Diagnostic.Code {
    /// An object holds a key that means nothing there.
    public static let unknownKey: Self = "unknown_key"
    /// An object lacks a key that it must have.
    public static let missingKey: Self = "missing_key"
    /// A value is of another type than expected.
    public static let wrongType: Self = "wrong_type"
    /// A number, a length or a count is outside what is allowed.
    public static let outOfRange: Self = "out_of_range"
    /// A word is none of those that are allowed, or is not written as it must be.
    public static let badValue: Self = "bad_value"
    /// There were more findings than are listed.
    public static let tooManyDiagnostics: Self = "too_many_diagnostics"
}

/// Collects what is found about one document.
///
/// Positions are looked up in the tree by path.
public struct DiagnosticCollector: Sendable {
    /// The most findings that are listed; a hostile document must not cost more than a bad one.
    public static let limit = 100

    /// What was found so far.
    public private(set) var diagnostics: [Diagnostic] = []
    /// Whether an error was found, listed or not.
    public private(set) var hasErrors = false
    private let root: JSONValue?

    /// Starts to collect findings about a tree.
    public init(root: JSONValue? = nil) { self.root = root }

    /// Reports an error.
    public mutating func error(at path: JSONPath, _ code: Diagnostic.Code, _ message: String) {
        hasErrors = true
        append(.error, path, code, message)
    }

    /// Reports a warning.
    public mutating func warning(at path: JSONPath, _ code: Diagnostic.Code, _ message: String) {
        append(.warning, path, code, message)
    }

    private mutating func append(
        _ severity: Diagnostic.Severity,
        _ path: JSONPath,
        _ code: Diagnostic.Code,
        _ message: String
    ) {
        guard diagnostics.count < Self.limit else {
            if diagnostics.count == Self.limit {
                diagnostics.append(
                    Diagnostic(
                        severity: severity,
                        path: "$",
                        code: .tooManyDiagnostics,
                        message: "there is more to say about this document, mend the above first"
                    )
                )
            }
            return
        }
        diagnostics.append(
            Diagnostic(
                severity: severity,
                path: path.description,
                code: code,
                message: message,
                position: root.flatMap { path.position(in: $0) }
            )
        )
    }
}
