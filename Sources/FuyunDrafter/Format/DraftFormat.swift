public import FuyunPolicy

/// Why a text is no draft or no request.
public struct DraftFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, each with its JSON path.
    public var diagnostics: [Diagnostic]

    /// Makes an error.
    public init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// The diagnostics, one a line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

extension Draft {
    /// The draft as JSON text, on one line.
    public func json() -> String { "{}" }

    /// Reads what `json()` wrote.
    public init(json: String) throws(DraftFormatError) { throw DraftFormatError(diagnostics: []) }
}

extension DraftRequest {
    /// The request as JSON text, on one line.
    ///
    /// - Parameter forCoordinator: Without grant, knowledge and evidence, which are the coordinator's to add.
    public func json(forCoordinator: Bool = false) -> String { "{}" }

    /// Reads what `json()` wrote.
    ///
    /// - Parameters:
    ///   - json: The text.
    ///   - function: The function; it takes the place of the one in the text, which may be missing then.
    ///   - grant: What the operator grants; it takes the place of the one in the text, which may be missing then.
    public init(
        json: String,
        function: String? = nil,
        grant: SafetyBounds? = nil
    ) throws(DraftFormatError) { throw DraftFormatError(diagnostics: []) }
}
