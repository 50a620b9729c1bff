import FuyunInvocation
import FuyunPolicy

/// The policies in use and what is wrong with the directory that they came from: immutable, swapped whole.
struct PolicySnapshot: Sendable {
    /// One function's policies, with their variables laid out once for recording features.
    struct Function: Sendable {
        /// The versions in use.
        var set: PolicySet
        /// The variables' names and words by version.
        var variables: [Int: [RecordedFeatures.Variable]]
    }

    /// A document that is refused as it stands.
    struct Problem: Sendable, Equatable {
        /// The document's file name; empty for the directory itself.
        var file: String
        /// What is wrong, one line each.
        var messages: [String]
        /// The version that is still in use in its place; nil when there is none.
        var keptVersion: Int?
    }

    /// The policies by function.
    var functions: [String: Function] = [:]
    /// How many documents were taken in.
    var documents = 0
    /// What is refused.
    var problems: [Problem] = []
    /// Counts the snapshots from 1; 0 is the empty one before the directory was read.
    var revision = 0

    /// The empty snapshot.
    init() {}

    /// Lays out a catalog.
    init(_ catalog: PolicyCatalog, problems: [Problem], revision: Int) {
        functions = catalog.functions.mapValues { set in
            var variables: [Int: [RecordedFeatures.Variable]] = [:]
            for policy in [set.active, set.candidate].compactMap(\.self) {
                variables[policy.version] = policy.document.inputs.variables.map { variable in
                    RecordedFeatures.Variable(variable.name, words: variable.categoryValues)
                }
            }
            return Function(set: set, variables: variables)
        }
        documents = catalog.versionCount
        self.problems = problems
        self.revision = revision
    }
}
