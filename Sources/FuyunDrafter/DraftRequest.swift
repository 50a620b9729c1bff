public import FuyunPolicy
public import MemoryUnits

/// What a draft is made of.
public struct DraftRequest: Sendable, Hashable {
    /// The function.
    public var function: String
    /// Its runtime, as the platform names it (`python:3.12`); nil when it is not known.
    public var runtime: String?
    /// Its source, with secrets masked.
    public var source: SourceBundle
    /// What the operator grants.
    public var grant: SafetyBounds
    /// What payloads look like; nil when nothing is known.
    public var payload: PayloadShape?
    /// What operators wrote down, global first.
    public var knowledge: [KnowledgeNote]
    /// What runs said about earlier drafts, when there were any.
    public var evidence: DraftEvidence?

    /// Makes a request.
    public init(
        function: String,
        runtime: String? = nil,
        source: SourceBundle,
        grant: SafetyBounds,
        payload: PayloadShape? = nil,
        knowledge: [KnowledgeNote] = [],
        evidence: DraftEvidence? = nil
    ) {
        self.function = function
        self.runtime = runtime
        self.source = source
        self.grant = grant
        self.payload = payload
        self.knowledge = knowledge
        self.evidence = evidence
    }
}

/// A function's source as text.
public struct SourceBundle: Sendable, Hashable {
    /// A file of it.
    public struct File: Sendable, Hashable {
        /// The path inside the bundle.
        public var path: String
        /// The text, with secrets masked.
        public var text: String

        /// Makes a file.
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// Something that was left out.
    public struct Omission: Sendable, Hashable {
        /// The path inside the bundle.
        public var path: String
        /// Why: `binary`, `too_large`, `too_many`, `link`, `excluded`.
        public var reason: String

        /// Makes an omission.
        public init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }
    }

    /// The files, by path.
    public var files: [File]
    /// What was left out.
    public var omitted: [Omission]
    /// The digest of the whole source as it was read, `sha256:hex`.
    public var digest: String
    /// How many secrets were masked.
    public var maskedSecrets: Int

    /// Makes a bundle.
    public init(files: [File], omitted: [Omission] = [], digest: String, maskedSecrets: Int = 0) {
        self.files = files
        self.omitted = omitted
        self.digest = digest
        self.maskedSecrets = maskedSecrets
    }
}

/// Something that operators know.
public struct KnowledgeNote: Sendable, Hashable {
    /// The file it is from.
    public var name: String
    /// The text.
    public var text: String

    /// Makes a note.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// What runs said about the formulas that were tried.
public struct DraftEvidence: Sendable, Hashable {
    /// Why the drafter is asked again.
    public var reason: String
    /// The names of the features, the table's columns.
    public var features: [String]
    /// Some runs: what is instructive, not all.
    public var rows: [Row]
    /// The formulas that were tried, with their mean error.
    public var tried: [Attempt]

    /// One run.
    public struct Row: Sendable, Hashable {
        /// The features' values: numbers, or the words of categories.
        public var values: [String]
        /// What it needed.
        public var need: Bytes
        /// Whether it needed more than that, by an unknown amount.
        public var isCensored: Bool
        /// What the formula said.
        public var predicted: Bytes?

        /// Makes a row.
        public init(values: [String], need: Bytes, isCensored: Bool, predicted: Bytes?) {
            self.values = values
            self.need = need
            self.isCensored = isCensored
            self.predicted = predicted
        }
    }

    /// One formula.
    public struct Attempt: Sendable, Hashable {
        /// The formula.
        public var formula: String
        /// Its median relative error.
        public var relativeError: Double

        /// Makes an attempt.
        public init(formula: String, relativeError: Double) {
            self.formula = formula
            self.relativeError = relativeError
        }
    }

    /// Makes evidence.
    public init(reason: String, features: [String], rows: [Row], tried: [Attempt]) {
        self.reason = reason
        self.features = features
        self.rows = rows
        self.tried = tried
    }
}
