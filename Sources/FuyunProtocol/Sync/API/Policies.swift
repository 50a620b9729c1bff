public import FuyunPolicy

extension CoordinatorAPI {
    /// A version of a function's policy, without the document.
    public struct PolicyItem: Hashable, Sendable, PageElement {
        /// The key of a list of versions.
        public static var listKey: StaticString { "policies" }

        /// The version.
        public var version: Int
        /// Where it stands on the ladder.
        public var status: PolicyStatus
        /// The version that it takes the place of.
        public var supersedes: Int?
        /// Who made it: `operator`, `tuner`, `drafter`.
        public var author: String
        /// Why, in a sentence.
        public var reason: String
        /// When it was stored, milliseconds since 1970.
        public var createdAt: Int64
        /// When its status last changed.
        public var statusSince: Int64
        /// What the calls under it came to.
        public var figures: Figures?

        /// Makes an item.
        public init(
            version: Int,
            status: PolicyStatus,
            supersedes: Int? = nil,
            author: String,
            reason: String,
            createdAt: Int64,
            statusSince: Int64,
            figures: Figures? = nil
        ) {
            self.version = version
            self.status = status
            self.supersedes = supersedes
            self.author = author
            self.reason = reason
            self.createdAt = createdAt
            self.statusSince = statusSince
            self.figures = figures
        }
    }

    /// What the calls under a version came to, over the observations that are kept.
    public struct Figures: Hashable, Sendable {
        /// Calls.
        public var calls: Int
        /// Calls that ran out of their own limit, were rescued or thrashed.
        public var misses: Int
        /// The share of what was granted that was not needed; nil when nothing is known of it.
        public var waste: Double?

        /// Makes figures.
        public init(calls: Int, misses: Int, waste: Double?) {
            self.calls = calls
            self.misses = misses
            self.waste = waste
        }
    }

    /// A version of a function's policy with its document (`GET /v1/functions/{function}/policies/{version}`).
    public struct Policy: Hashable, Sendable {
        /// The function.
        public var function: String
        /// All but the document.
        public var item: PolicyItem
        /// The policy document as JSON text.
        public var document: [UInt8]
        /// What its author wants to remember, a JSON object as text.
        public var notes: [UInt8]?

        /// Makes a version.
        public init(function: String, item: PolicyItem, document: [UInt8], notes: [UInt8]? = nil) {
            self.function = function
            self.item = item
            self.document = document
            self.notes = notes
        }
    }

    /// What differs between two versions.
    public struct PolicyDiff: Hashable, Sendable {
        /// A value that differs.
        public struct Change: Hashable, Sendable {
            /// The JSON path of the value.
            public var path: String
            /// The value in the first version as JSON text; nil where it is not there.
            public var from: [UInt8]?
            /// The value in the second version as JSON text; nil where it is not there.
            public var to: [UInt8]?

            /// Makes a change.
            public init(path: String, from: [UInt8]?, to: [UInt8]?) {
                self.path = path
                self.from = from
                self.to = to
            }
        }

        /// The first version.
        public var from: Int
        /// The second version.
        public var to: Int
        /// What differs.
        public var changes: [Change]

        /// Makes a diff.
        public init(from: Int, to: Int, changes: [Change]) {
            self.from = from
            self.to = to
            self.changes = changes
        }
    }

    /// What an operator says when moving a version on the ladder (activate, retire, roll back); all of it optional.
    public struct LadderRequest: Hashable, Sendable {
        /// Why, in a sentence.
        public var reason: String?
        /// Whether the version is held fast after it; only for activate.
        public var pin = false

        /// Makes a request.
        public init(reason: String? = nil, pin: Bool = false) {
            self.reason = reason
            self.pin = pin
        }
    }

    /// How a function stands after a version was moved.
    public struct LadderAnswer: Hashable, Sendable {
        /// The function.
        public var function: String
        /// The version that was moved: activated, retired, or gone back to.
        public var version: Int
        /// Where that version stands now.
        public var status: PolicyStatus
        /// The active version.
        public var activeVersion: Int?
        /// The version in shadow or canary.
        public var candidateVersion: Int?
        /// The revision with which agents get it.
        public var revision: Int64

        /// Makes an answer.
        public init(
            function: String,
            version: Int,
            status: PolicyStatus,
            activeVersion: Int?,
            candidateVersion: Int?,
            revision: Int64
        ) {
            self.function = function
            self.version = version
            self.status = status
            self.activeVersion = activeVersion
            self.candidateVersion = candidateVersion
            self.revision = revision
        }
    }
}
