/// All policies of a node: an immutable snapshot, swapped whole.
public struct PolicyCatalog: Sendable {
    /// The sets in use, by function name.
    public let functions: [String: PolicySet]
    /// How many versions were taken in, those that are not in use included.
    public let versionCount: Int

    /// A catalog without policies.
    public init() {
        functions = [:]
        versionCount = 0
    }

    private init(functions: [String: PolicySet], versionCount: Int) {
        self.functions = functions
        self.versionCount = versionCount
    }

    /// The set of a function; nil when no version of its policy is in use.
    public subscript(function: String) -> PolicySet? { functions[function] }

    /// A policy and the name of the document that it came from, for messages.
    public struct Entry: Sendable {
        /// The name of the document: a file name, or a coordinator's revision.
        public var name: String
        /// The policy.
        public var policy: CompiledPolicy

        /// Makes an entry.
        public init(name: String, policy: CompiledPolicy) {
            self.name = name
            self.policy = policy
        }
    }

    /// Makes a catalog.
    ///
    /// Of two documents of the same function and version the first counts, and the second is reported.
    public static func build(_ entries: [Entry]) -> (catalog: PolicyCatalog, diagnostics: [Diagnostic]) {
        struct Key: Hashable {
            var id: String
            var version: Int
        }
        var names: [Key: String] = [:]
        var functions: [String: PolicySet] = [:]
        var diagnostics: [Diagnostic] = []
        for entry in entries {
            let key = Key(id: entry.policy.id, version: entry.policy.version)
            if let first = names[key] {
                diagnostics.append(
                    Diagnostic(
                        severity: .error,
                        path: "$.metadata.version",
                        code: .duplicateVersion,
                        message: "\(entry.name): version \(key.version) of \"\(key.id)\" is already in \(first); "
                            + "give it a version of its own or remove one of both"
                    )
                )
                continue
            }
            names[key] = entry.name
            guard entry.policy.mode != nil else { continue }
            functions[key.id, default: PolicySet()].insert(entry.policy)
        }
        return (PolicyCatalog(functions: functions, versionCount: names.count), diagnostics)
    }
}

extension Diagnostic.Code {
    /// Two documents are the same version of the same function's policy.
    public static let duplicateVersion: Self = "duplicate_version"
}
