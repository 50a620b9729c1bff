public import FuyunPolicy

/// A draft that is asked for.
public struct NewDraft: Hashable, Sendable {
    /// Who asked.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        /// An operator.
        case `operator`
        /// The tuner, which finds that no formula fits.
        case secondThoughts = "second_thoughts"
    }

    /// The function.
    public var function: String
    /// Who asked.
    public var cause: Cause
    /// Whether nothing of it becomes a policy.
    public var isDryRun: Bool

    /// Asks for a draft.
    public init(function: String, cause: Cause = .operator, isDryRun: Bool = false) {
        self.function = function
        self.cause = cause
        self.isDryRun = isDryRun
    }
}

/// What came of a draft.
public struct DraftResult: Hashable, Sendable {
    /// Whether there is a draft; false when it could not be made at all.
    public var isDone: Bool
    /// What to tell an operator.
    public var summary: String
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
    /// What they cost, in the operator's currency; nil when nobody says.
    public var cost: Double?
    /// The whole draft as a JSON text, opaque to the store: candidates, diagnostics, what was asked and answered.
    public var record: String?

    /// Makes a result.
    public init(isDone: Bool, summary: String) {
        self.isDone = isDone
        self.summary = summary
    }
}

/// A draft in the store.
public struct StoredDraft: Hashable, Sendable {
    /// Grows with every draft.
    public var id: Int64
    /// When it was asked for.
    public var createdAt: Timestamp
    /// What was asked for.
    public var draft: NewDraft
    /// When it ended; nil while it waits or is made.
    public var endedAt: Timestamp?
    /// What came of it; nil while it waits or is made.
    public var result: DraftResult?

    /// Makes a draft.
    public init(
        id: Int64,
        createdAt: Timestamp,
        draft: NewDraft,
        endedAt: Timestamp? = nil,
        result: DraftResult? = nil
    ) {
        self.id = id
        self.createdAt = createdAt
        self.draft = draft
        self.endedAt = endedAt
        self.result = result
    }
}

/// What a draft took of the model's budget.
public struct DraftExpense: Hashable, Sendable {
    /// When it ended.
    public var at: Timestamp
    /// Questions that were asked.
    public var calls: Int
    /// What they cost.
    public var cost: Double

    /// Makes an expense.
    public init(at: Timestamp, calls: Int, cost: Double) {
        self.at = at
        self.calls = calls
        self.cost = cost
    }
}

/// What a node saw of a function's payloads.
public struct FunctionShape: Hashable, Sendable {
    /// The function.
    public var function: String
    /// What its payloads look like.
    public var shape: PayloadShape

    /// Makes a shape.
    public init(function: String, shape: PayloadShape) {
        self.function = function
        self.shape = shape
    }
}

/// What all nodes saw of a function's payloads.
public struct StoredShape: Hashable, Sendable {
    /// What they look like.
    public var shape: PayloadShape
    /// When it last changed.
    public var changedAt: Timestamp

    /// Makes a shape.
    public init(shape: PayloadShape, changedAt: Timestamp) {
        self.shape = shape
        self.changedAt = changedAt
    }
}

/// The source that a function was last drafted from, secrets masked, so that it can be drafted again.
public struct KeptSource: Hashable, Sendable {
    /// The request, as a JSON text that is opaque to the store.
    public var text: String
    /// When it was kept.
    public var changedAt: Timestamp

    /// Makes a source.
    public init(text: String, changedAt: Timestamp) {
        self.text = text
        self.changedAt = changedAt
    }
}
