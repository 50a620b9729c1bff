/// What a model is asked.
public enum DraftPrompt {
    /// The version of the prompt; it goes up whenever a word of it changes.
    public static let version = 1

    /// The schema of the answer.
    public static var schema: ReplySchema { ReplySchema(name: "fuyun_draft", json: "{}") }

    /// The messages that open the conversation.
    public static func opening(_ request: DraftRequest) -> [ChatMessage] { [] }

    /// `sha256:hex` of messages.
    public static func digest(_ messages: [ChatMessage]) -> String { "" }
}
