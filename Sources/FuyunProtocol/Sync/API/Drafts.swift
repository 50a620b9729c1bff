import FuyunPolicy

extension CoordinatorAPI {
    /// A draft that was asked for, and what came of it (`POST` and `GET /v1/functions/{function}/drafts`).
    public struct Draft: Hashable, Sendable {
        /// How far it is.
        public enum State: String, Hashable, Sendable, CaseIterable {
            /// It waits for others of its function, or is being made.
            case waiting
            /// It is made.
            case done
            /// It could not be made; the summary says why.
            case failed
        }

        /// Its number; 0 for one that is not kept.
        public var id: Int64
        /// The function.
        public var function: String
        /// Who asked: `operator` or `second_thoughts`.
        public var cause: String
        /// Whether nothing of it becomes a policy.
        public var isDryRun: Bool
        /// How far it is.
        public var state: State
        /// What to tell an operator; nil while it waits.
        public var summary: String?
        /// The versions that its candidates became, the best first.
        public var versions: [Int] = []
        /// The model that answered; nil when none did.
        public var model: String?
        /// Digest of what the model was asked.
        public var promptDigest: String?
        /// Questions that a model was asked.
        public var calls = 0
        /// Tokens of the questions.
        public var promptTokens = 0
        /// Tokens of the answers.
        public var completionTokens = 0
        /// What they cost, in the currency of the operator's price list; nil without one.
        public var cost: Double?
        /// When it was asked for.
        public var createdAt: Int64
        /// When it ended; nil while it waits.
        public var endedAt: Int64?
        /// The whole draft as JSON text (candidates, diagnostics, what was asked and answered), where it is told.
        public var record: [UInt8]?

        /// Makes a draft.
        public init(
            id: Int64,
            function: String,
            cause: String = "operator",
            isDryRun: Bool = false,
            state: State = .waiting,
            summary: String? = nil,
            createdAt: Int64
        ) {
            self.id = id
            self.function = function
            self.cause = cause
            self.isDryRun = isDryRun
            self.state = state
            self.summary = summary
            self.createdAt = createdAt
        }
    }
}

extension CoordinatorAPI.Draft: CoordinatorAPI.PageElement {
    /// `drafts`.
    public static var listKey: StaticString { "drafts" }

    /// The longest record that is read, in bytes.
    public static let maximumRecord = 8 << 20
}

extension CoordinatorAPI.Draft: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case id, function, cause
        case isDryRun = "dry_run"
        case state, summary, versions, model
        case promptDigest = "prompt_digest"
        case calls
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case cost
        case created = "created_ms"
        case ended = "ended_ms"
        case record
    }
    private static let keys = JSONWords<Key>(required: [.id, .state])
    private static let states = JSONWords<State>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(id: 0, function: "", createdAt: 0)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .id: id = try json.integer(in: 0...Int64.max)
            case .function: function = try json.functionName()
            case .cause: cause = try json.string(maximum: 64)
            case .isDryRun: isDryRun = try json.bool()
            case .state: state = try json.word(Self.states)
            case .summary: summary = try json.stringOrNull()
            case .versions:
                try json.array(maximum: 100) { json, _ throws(JSONError) in versions.append(try json.version()) }
            case .model: model = try json.stringOrNull(maximum: 256)
            case .promptDigest: promptDigest = try json.stringOrNull(maximum: 256)
            case .calls: calls = try json.count()
            case .promptTokens: promptTokens = try json.count()
            case .completionTokens: completionTokens = try json.count()
            case .cost: cost = try json.numberOrNull()
            case .created: createdAt = try json.moment()
            case .ended: endedAt = try json.momentOrNull()
            case .record: record = try json.rawOrNull(maximum: Self.maximumRecord)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("id", id)
        json.field("function", function)
        json.field("cause", cause)
        json.field("dry_run", isDryRun)
        json.field("state", state.rawValue)
        json.field("summary", summary)
        json.key("versions")
        json.beginArray()
        for version in versions { json.value(version) }
        json.endArray()
        json.field("model", model)
        json.field("prompt_digest", promptDigest)
        json.field("calls", calls)
        json.field("prompt_tokens", promptTokens)
        json.field("completion_tokens", completionTokens)
        json.field("cost", cost)
        json.field("created_ms", createdAt)
        json.field("ended_ms", endedAt)
        json.field("record", json: record)
        json.endObject()
    }
}
