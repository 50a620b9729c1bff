public import FuyunPolicy

/// What came of asking for a policy.
public struct Draft: Sendable, Hashable {
    /// How it ended.
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        /// At least one candidate is a policy.
        case drafted
        /// A model answered, and nothing of it is a policy; the candidates are from the library.
        case unusable
        /// No model was asked, or none answered; the candidates are from the library.
        case library
        /// There is nothing to make a policy of.
        case empty
    }

    /// How it ended.
    public var outcome: Outcome
    /// What to tell an operator: which model, or that none was asked and why.
    public var summary: String
    /// The candidates, the best first.
    public var candidates: [DraftCandidate]
    /// What was asked and answered, in order.
    public var steps: [DraftStep]
    /// The model that answered; nil when none did.
    public var model: String?
    /// The digest of the first question, `sha256:hex`.
    public var promptDigest: String?
    /// All tokens and their cost.
    public var usage: TokenUsage
    /// How long it took.
    public var duration: Duration

    /// Makes a draft.
    public init(
        outcome: Outcome,
        summary: String,
        candidates: [DraftCandidate] = [],
        steps: [DraftStep] = [],
        model: String? = nil,
        promptDigest: String? = nil,
        usage: TokenUsage = TokenUsage(),
        duration: Duration = .zero
    ) {
        self.outcome = outcome
        self.summary = summary
        self.candidates = candidates
        self.steps = steps
        self.model = model
        self.promptDigest = promptDigest
        self.usage = usage
        self.duration = duration
    }
}

/// One formula that was proposed.
public struct DraftCandidate: Sendable, Hashable {
    /// The policy, in `draft` status; nil when it was refused.
    public var document: PolicyDocument?
    /// Why the maker thinks so.
    public var rationale: String
    /// What is wrong with it, or worth knowing; a refused candidate has at least one.
    public var diagnostics: [String]

    /// Makes a candidate.
    public init(document: PolicyDocument?, rationale: String, diagnostics: [String]) {
        self.document = document
        self.rationale = rationale
        self.diagnostics = diagnostics
    }
}

/// One question and its answer.
public struct DraftStep: Sendable, Hashable {
    /// What for: `find`, `propose`, `repair 1` and so on.
    public var purpose: String
    /// What was added to the conversation.
    public var question: [ChatMessage]
    /// The answer, cut to what is kept; nil when there was none.
    public var answer: String?
    /// Why there was none, or what was wrong with it.
    public var problem: String?
    /// Tokens and cost.
    public var usage: TokenUsage

    /// Makes a step.
    public init(purpose: String, question: [ChatMessage], answer: String?, problem: String?, usage: TokenUsage) {
        self.purpose = purpose
        self.question = question
        self.answer = answer
        self.problem = problem
        self.usage = usage
    }
}
