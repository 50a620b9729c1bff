import FuyunInvocation
import FuyunPolicy

/// The policies in use and what is wrong with the documents that they came from: immutable, swapped whole.
struct PolicySnapshot: Sendable {
    /// One function's policies, with their variables laid out once for recording features.
    struct Function: Sendable {
        /// The versions in use.
        var set: PolicySet
        /// The variables' names and words by version.
        var variables: [Int: [RecordedFeatures.Variable]]
        /// What is recorded when the active version decides and the candidate only looks on; nil when the candidate has no
        /// inputs of its own.
        var joint: JointVariables?
        /// What the coordinator says about the function's grant; nil: nothing.
        var narrowing: GrantNarrowing?

        /// Lays out a set.
        init(_ set: PolicySet, narrowing: GrantNarrowing? = nil) {
            self.set = set
            self.narrowing = narrowing
            variables = [:]
            for policy in [set.active, set.candidate].compactMap(\.self) {
                variables[policy.version] = policy.document.inputs.variables.map { variable in
                    RecordedFeatures.Variable(variable.name, words: variable.categoryValues)
                }
            }
            if let active = set.active, let candidate = set.candidate {
                joint = JointVariables(variables[active.version] ?? [], and: variables[candidate.version] ?? [])
            }
        }
    }

    /// The active version's variables, then those that only the candidate reads: without them a formula over other inputs
    /// could never be fitted while it is in shadow.
    struct JointVariables: Sendable, Equatable {
        /// All of them.
        var variables: [RecordedFeatures.Variable]
        /// How many are the active version's.
        var own: Int
        /// The places of the others among the candidate's variables.
        var places: [Int]

        /// Nil when the candidate adds nothing, or nothing more fits.
        init?(_ active: [RecordedFeatures.Variable], and candidate: [RecordedFeatures.Variable]) {
            let added = candidate.indices.filter { index in !active.contains { $0.name == candidate[index].name } }
            places = Array(added.prefix(max(0, RecordedFeatures.capacity - active.count)))
            guard !places.isEmpty else { return nil }
            own = active.count
            variables = active + places.map { candidate[$0] }
        }
    }

    /// A document that is refused as it stands.
    struct Problem: Sendable, Equatable {
        /// The document's file name, `coordinator: FUNCTION` for one of the coordinator's; empty for the directory itself.
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
        functions = catalog.functions.mapValues { Function($0) }
        documents = catalog.versionCount
        self.problems = problems
        self.revision = revision
    }

    /// Puts a directory's policies and the coordinator's together: for a function that has documents in the directory
    /// those count, and the coordinator's caps hold for all.
    init(_ local: PolicySnapshot, _ coordinator: CoordinatorPolicies, revision: Int) {
        self = local
        self.revision = revision
        for (name, function) in coordinator.functions {
            var narrowing = function.narrowing
            narrowing.mode = min(narrowing.mode, coordinator.modeCap)
            if functions[name] != nil {
                functions[name]?.narrowing = narrowing
                continue
            }
            documents += function.policies.count
            var set = PolicySet()
            for policy in function.policies { set.insert(policy) }
            guard set.active != nil || set.candidate != nil else { continue }
            functions[name] = Function(set, narrowing: narrowing)
        }
        if coordinator.modeCap < .enforce {
            for name in local.functions.keys where coordinator.functions[name] == nil {
                functions[name]?.narrowing = GrantNarrowing(mode: coordinator.modeCap)
            }
        }
        problems += coordinator.refused.map { name, function in
            Problem(
                file: "coordinator: \(name)",
                messages: function.messages,
                keptVersion: function.policies.map(\.version).max()
            )
        }
    }
}
