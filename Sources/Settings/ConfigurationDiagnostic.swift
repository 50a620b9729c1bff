/// Something wrong with a configuration: where, and what was expected.
public struct ConfigurationDiagnostic: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file with a JSON path, the environment variable, or the option.
    public var place: String
    /// What is wrong, what was expected, what to do.
    public var message: String

    /// Makes a diagnostic.
    public init(place: String, message: String) {
        self.place = place
        self.message = message
    }

    /// One line.
    public var description: String { "\(place): \(message)" }
}

/// All that is wrong with a configuration.
public struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    /// Every problem, not just the first.
    public var diagnostics: [ConfigurationDiagnostic]

    /// Collects problems.
    public init(diagnostics: [ConfigurationDiagnostic]) { self.diagnostics = diagnostics }

    /// One line per problem.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
