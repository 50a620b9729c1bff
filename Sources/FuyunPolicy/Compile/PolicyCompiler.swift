/// What came of a policy document.
public struct PolicyCompilation: Sendable {
    /// The document, when its shape is right.
    public var document: PolicyDocument?
    /// The policy, when there is no error.
    public var policy: CompiledPolicy?
    /// Everything that was found, errors and warnings, in the order of the checks.
    public var diagnostics: [Diagnostic]

    /// The findings for which the document is refused.
    public var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
}

/// Makes policies of documents.
public enum PolicyCompiler {
    /// Reads, checks and compiles a document.
    ///
    /// It never throws: what is wrong is in the diagnostics, all of it at once (except that a text that is no JSON has
    /// just the one error, and that what a formula means is only looked at when the document's shape is right).
    public static func compile(_ bytes: [UInt8]) -> PolicyCompilation {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument.parse(bytes).root
        } catch {
            return PolicyCompilation(document: nil, policy: nil, diagnostics: [Diagnostic(error)])
        }
        var decoder = PolicyDecoder(root: root)
        guard let document = decoder.document(root) else {
            return PolicyCompilation(document: nil, policy: nil, diagnostics: decoder.collector.diagnostics)
        }
        var checks = PolicyChecks(document: document, collector: decoder.collector)
        let policy = checks.compile()
        return PolicyCompilation(document: document, policy: policy, diagnostics: checks.collector.diagnostics)
    }

    /// Compiles a document that a program made, by way of its text, so that it passes the very same checks.
    public static func compile(_ document: PolicyDocument) -> PolicyCompilation { compile(document.encoded()) }
}
