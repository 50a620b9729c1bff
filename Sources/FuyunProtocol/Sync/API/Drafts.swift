extension CoordinatorAPI {
    /// A draft of a function's policy: asked for, being made, or with what came of it.
    public struct Draft: Hashable, Sendable, PageElement {
        /// The key of a list of drafts.
        public static var listKey: StaticString { "drafts" }

        /// How far it is.
        public enum State: String, Hashable, Sendable, CaseIterable {
            /// It waits, or is being made.
            case open
            /// There is a draft; `outcome` in it says of what kind.
            case done
            /// It could not be made at all.
            case failed
        }

        /// Grows with every draft.
        public var id: Int64
        /// The function.
        public var function: String
        /// How far it is.
        public var state: State
        /// Who asked: `operator` or `second_thoughts`.
        public var cause: String
        /// Whether nothing of it becomes a policy.
        public var isDryRun = false
        /// When it was asked for, milliseconds since 1970.
        public var createdAt: Int64
        /// When it ended; nil while it is open.
        public var endedAt: Int64?
        /// What came of it, in a sentence; empty while it is open.
        public var summary = ""
        /// The versions that its candidates became, the best first.
        public var versions: [Int] = []
        /// The model that answered.
        public var model: String?
        /// Digest of what the model was asked.
        public var promptDigest: String?
        /// Questions that a model was asked.
        public var calls = 0
        /// Tokens of the questions.
        public var promptTokens = 0
        /// Tokens of the answers.
        public var completionTokens = 0
        /// What they cost; nil when nobody says.
        public var cost: Double?
        /// The whole draft as JSON text, where it is told: candidates, diagnostics, what was asked and answered.
        public var draft: [UInt8]?

        /// The largest draft that is read, in bytes.
        public static let maximumDraft = 4 << 20

        /// Makes a draft.
        public init(id: Int64, function: String, state: State, cause: String, createdAt: Int64) {
            self.id = id
            self.function = function
            self.state = state
            self.cause = cause
            self.createdAt = createdAt
        }
    }

    /// What payloads of a function look like (`GET /v1/functions/{function}/shapes`).
    public struct Shape: Hashable, Sendable {
        /// The function.
        public var function: String
        /// When it last changed, milliseconds since 1970; nil when nothing was seen.
        public var changedAt: Int64?
        /// The shape as JSON text; nil when nothing was seen.
        public var shape: [UInt8]?

        /// Makes an answer.
        public init(function: String, changedAt: Int64?, shape: [UInt8]?) {
            self.function = function
            self.changedAt = changedAt
            self.shape = shape
        }
    }
}

extension CoordinatorAPI.Draft: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case id, function, state, cause
        case isDryRun = "dry_run"
        case created = "created_ms"
        case ended = "ended_ms"
        case summary, versions, model
        case promptDigest = "prompt_digest"
        case calls
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case cost, draft
    }
    private static let keys = JSONWords<Key>(required: [.id, .function, .state])
    private static let states = JSONWords<State>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(id: 0, function: "", state: .open, cause: "", createdAt: 0)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .id: id = try json.integer(in: 0...Int64.max)
            case .function: function = try json.string()
            case .state: state = try json.word(Self.states)
            case .cause: cause = try json.string()
            case .isDryRun: isDryRun = try json.bool()
            case .created: createdAt = try json.moment()
            case .ended: endedAt = try json.integerOrNull(in: 0...Int64.max)
            case .summary: summary = try json.string()
            case .versions:
                versions = []
                try json.array(maximum: 64) { json, _ throws(JSONError) in versions.append(try json.version()) }
            case .model: model = try json.stringOrNull()
            case .promptDigest: promptDigest = try json.stringOrNull()
            case .calls: calls = try json.count()
            case .promptTokens: promptTokens = try json.count()
            case .completionTokens: completionTokens = try json.count()
            case .cost: cost = try json.numberOrNull()
            case .draft: draft = try json.rawOrNull(maximum: Self.maximumDraft)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("id", id)
        json.field("function", function)
        json.field("state", state.rawValue)
        json.field("cause", cause)
        json.field("dry_run", isDryRun)
        json.field("created_ms", createdAt)
        json.field("ended_ms", endedAt)
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
        json.field("draft", json: draft)
        json.endObject()
    }
}

extension CoordinatorAPI.Shape: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case function
        case changed = "changed_ms"
        case shape
    }
    private static let keys = JSONWords<Key>(required: [.function])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(function: "", changedAt: nil, shape: nil)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .function: function = try json.string()
            case .changed: changedAt = try json.integerOrNull(in: 0...Int64.max)
            case .shape: shape = try json.rawOrNull(maximum: 1 << 20)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", function)
        json.field("changed_ms", changedAt)
        json.field("shape", json: shape)
        json.endObject()
    }
}
