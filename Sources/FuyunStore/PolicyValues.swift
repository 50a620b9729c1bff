public import FuyunPolicy

/// A version to be stored.
public struct NewPolicy: Sendable {
    /// The document; its `policy_id` is the function, its version is given by the store.
    public var document: PolicyDocument
    /// Where on the ladder it starts.
    public var status: PolicyStatus
    /// Who made it: `operator`, `tuner`, `drafter`.
    public var author: String
    /// Why, in a sentence for people.
    public var reason: String
    /// What the author wants to remember: a JSON object (fit report), opaque to the store.
    public var notes: String?

    /// Makes a version.
    public init(document: PolicyDocument, status: PolicyStatus, author: String, reason: String, notes: String? = nil) {
        self.document = document
        self.status = status
        self.author = author
        self.reason = reason
        self.notes = notes
    }
}

/// A version in the store.
public struct StoredPolicy: Sendable {
    /// The document with its version, status and `supersedes` as they stand.
    public var document: PolicyDocument
    /// Who made it.
    public var author: String
    /// Why.
    public var reason: String
    /// What the author wants to remember.
    public var notes: String?
    /// When it was stored.
    public var createdAt: Timestamp
    /// When its status last changed.
    public var statusSince: Timestamp

    /// The version.
    public var version: Int { document.metadata.version }
    /// Where it stands.
    public var status: PolicyStatus { document.metadata.status }

    /// Makes a version.
    public init(
        document: PolicyDocument,
        author: String,
        reason: String,
        notes: String?,
        createdAt: Timestamp,
        statusSince: Timestamp
    ) {
        self.document = document
        self.author = author
        self.reason = reason
        self.notes = notes
        self.createdAt = createdAt
        self.statusSince = statusSince
    }
}

/// A step on the ladder.
public struct StatusChange: Hashable, Sendable {
    /// The version that moves.
    public var version: Int
    /// Where it goes.
    public var status: PolicyStatus
    /// Who moves it: `operator`, `ladder`.
    public var author: String
    /// Why, in a sentence for people.
    public var reason: String

    /// Makes a step.
    public init(version: Int, to status: PolicyStatus, author: String, reason: String) {
        self.version = version
        self.status = status
        self.author = author
        self.reason = reason
    }
}

/// What changed for agents since a revision.
public struct PolicyChanges: Sendable {
    /// The revision that this brings an agent to.
    public var revision: Int64
    /// Whether this is everything in use, so that what is not named is gone.
    public var isFull: Bool
    /// The functions that changed, each with all its versions in use (none: no policy any more) and its grants.
    public var functions: [FunctionPolicies]
    /// The global switches.
    public var switches: GlobalSwitches

    /// One function's share of a change.
    public struct FunctionPolicies: Sendable {
        /// The registration: preset, bounds, tier.
        public var registration: FunctionRegistration
        /// The operator's switches.
        public var switches: FunctionSwitches
        /// The versions in use: active, and one in shadow or canary.
        public var documents: [PolicyDocument]

        /// Makes a share.
        public init(registration: FunctionRegistration, switches: FunctionSwitches, documents: [PolicyDocument]) {
            self.registration = registration
            self.switches = switches
            self.documents = documents
        }
    }

    /// Makes changes.
    public init(revision: Int64, isFull: Bool, functions: [FunctionPolicies], switches: GlobalSwitches) {
        self.revision = revision
        self.isFull = isFull
        self.functions = functions
        self.switches = switches
    }
}
