extension CoordinatorAPI {
    /// What a run of the tuner came to, and why (`POST /v1/functions/{function}/tune`).
    public struct TuneReport: Hashable, Sendable {
        /// A form that was tried.
        public struct Candidate: Hashable, Sendable {
            /// Its name, such as `skeleton`, `constant`, `linear(width)`.
            public var name: String
            /// The mean of its calibrated bounds over the samples, in bytes; nil when it could not be fitted.
            public var meanBound: Double?
            /// Samples above the bound that was fitted without them (leave one out).
            public var missesLeftOut: Int
            /// Whether it was taken.
            public var isChosen: Bool
            /// Why it was taken or not, in a sentence.
            public var why: String

            /// Makes a candidate.
            public init(name: String, meanBound: Double?, missesLeftOut: Int, isChosen: Bool, why: String) {
                self.name = name
                self.meanBound = meanBound
                self.missesLeftOut = missesLeftOut
                self.isChosen = isChosen
                self.why = why
            }
        }

        /// A version that is in use.
        public struct Current: Hashable, Sendable {
            /// The version.
            public var version: Int
            /// The mean of its bounds over the samples, in bytes; nil when not known.
            public var meanBound: Double?
            /// Its document as JSON text, where it is told.
            public var document: [UInt8]?

            /// Makes a version.
            public init(version: Int, meanBound: Double?, document: [UInt8]? = nil) {
                self.version = version
                self.meanBound = meanBound
                self.document = document
            }
        }

        /// A version that would be, or was, published.
        public struct Proposal: Hashable, Sendable {
            /// Its version; nil on a dry run.
            public var version: Int?
            /// Where it would start, such as `canary` or `active`; nil when it would not be published.
            public var status: String?
            /// The mean of its bounds over the samples, in bytes.
            public var meanBound: Double?
            /// Its document as JSON text.
            public var document: [UInt8]

            /// Makes a proposal.
            public init(version: Int? = nil, status: String? = nil, meanBound: Double?, document: [UInt8]) {
                self.version = version
                self.status = status
                self.meanBound = meanBound
                self.document = document
            }
        }

        /// What replaying earlier calls with the proposal gave.
        public struct Verification: Hashable, Sendable {
            /// Calls that were replayed.
            public var replayed: Int
            /// Calls that would not have had enough.
            public var misses: Int
            /// What else was found wrong, each in a sentence.
            public var problems: [String]

            /// Makes a verification.
            public init(replayed: Int, misses: Int, problems: [String] = []) {
                self.replayed = replayed
                self.misses = misses
                self.problems = problems
            }
        }

        /// The function.
        public var function: String
        /// Samples that were used.
        public var samples: Int
        /// What was decided: `publish`, `keep`, `not_enough` and others, a word for programs.
        public var decision: String
        /// Why, in a sentence.
        public var why: String
        /// The active version; nil when there is none.
        public var current: Current?
        /// What the tuner made; nil when it made nothing.
        public var proposal: Proposal?
        /// The forms that were tried.
        public var candidates: [Candidate]
        /// What the replay gave; nil when there was nothing to replay.
        public var verification: Verification?

        /// Makes a report.
        public init(
            function: String,
            samples: Int,
            decision: String,
            why: String,
            current: Current? = nil,
            proposal: Proposal? = nil,
            candidates: [Candidate] = [],
            verification: Verification? = nil
        ) {
            self.function = function
            self.samples = samples
            self.decision = decision
            self.why = why
            self.current = current
            self.proposal = proposal
            self.candidates = candidates
            self.verification = verification
        }
    }
}
