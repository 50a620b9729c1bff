/// Whoever answers a conversation: a chat-completions endpoint, or a recording of one.
public protocol LanguageModel: Sendable {
    /// Answers the last message.
    func complete(_ request: ChatRequest) async throws(ModelFailure) -> ChatReply
}

/// A message of a conversation.
public struct ChatMessage: Hashable, Sendable {
    /// Who says it.
    public enum Role: String, Hashable, Sendable, CaseIterable {
        case system, user, assistant
    }

    /// Who says it.
    public var role: Role
    /// What is said.
    public var content: String

    /// Makes a message.
    public init(role: Role, content: String) {
        self.role = role
        self.content = content
    }
}

/// What a model is asked.
public struct ChatRequest: Hashable, Sendable {
    /// The conversation so far.
    public var messages: [ChatMessage]
    /// The JSON schema that the answer must follow, as JSON text, and its name; nil when any text will do.
    public var schema: ReplySchema?
    /// The most tokens of the answer.
    public var maximumTokens: Int

    /// Makes a request.
    public init(messages: [ChatMessage], schema: ReplySchema?, maximumTokens: Int) {
        self.messages = messages
        self.schema = schema
        self.maximumTokens = maximumTokens
    }
}

/// A JSON schema for an answer.
public struct ReplySchema: Hashable, Sendable {
    /// Its name, of letters, digits and underscores.
    public var name: String
    /// The schema, as JSON text.
    public var json: String

    /// Makes a schema.
    public init(name: String, json: String) {
        self.name = name
        self.json = json
    }
}

/// A model's answer, not trusted.
public struct ChatReply: Hashable, Sendable {
    /// What it said, whole.
    public var content: String
    /// The model that says it answered.
    public var model: String
    /// What it took.
    public var usage: TokenUsage
    /// Whether the endpoint took the JSON schema; when it did not, the schema was only asked for in words.
    public var followedSchema: Bool

    /// Makes an answer.
    public init(content: String, model: String, usage: TokenUsage, followedSchema: Bool) {
        self.content = content
        self.model = model
        self.usage = usage
        self.followedSchema = followedSchema
    }
}

/// Tokens and what they cost.
public struct TokenUsage: Hashable, Sendable {
    /// Tokens of the question.
    public var promptTokens: Int
    /// Tokens of the answer.
    public var completionTokens: Int
    /// What they cost, in the currency of the operator's price list; nil without one.
    public var cost: Double?

    /// Makes a usage.
    public init(promptTokens: Int = 0, completionTokens: Int = 0, cost: Double? = nil) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cost = cost
    }
}

/// Why there is no answer.
public struct ModelFailure: Error, Hashable, Sendable {
    /// The kinds.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Nobody answers at the address.
        case unreachable
        /// It took too long.
        case timedOut = "timed_out"
        /// The key was refused.
        case unauthorized
        /// Too many requests, after the retries.
        case rateLimited = "rate_limited"
        /// The operator's own limit of calls or cost is reached.
        case budgetSpent = "budget_spent"
        /// The endpoint says that the request is wrong.
        case refused
        /// The endpoint failed.
        case serverError = "server_error"
        /// What came is not an answer of this protocol, or more than is read.
        case badAnswer = "bad_answer"
        /// The task was cancelled.
        case cancelled
    }

    /// The kind.
    public var code: Code
    /// What happened and what to do, for an operator; holds neither key nor payload.
    public var message: String

    /// Makes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
