import FuyunDrafter
import FuyunPolicy
import NIOCore

/// How an endpoint wants to be spoken to, as far as it differs from others; learnt from its refusals.
struct Dialect: Hashable, Sendable {
    /// Whether it takes `response_format` with a JSON schema.
    var takesSchema = true
    /// Whether the most tokens of an answer are `max_completion_tokens`, not `max_tokens`.
    var namesCompletionTokens = false
}

/// The bodies of `POST /chat/completions`.
enum ChatCompletion {
    /// The largest answer that is read, in bytes.
    static let largestAnswer = 1 << 20

    /// A question.
    static func body(_ request: ChatRequest, model: String, _ dialect: Dialect) -> ByteBuffer {
        var messages = request.messages
        var format: JSONValue?
        if let schema = request.schema {
            let parsed = try? JSONDocument.parse(Array(schema.json.utf8)).root
            if dialect.takesSchema, let parsed {
                format = .object([
                    ("type", .string("json_schema")),
                    (
                        "json_schema",
                        .object([
                            ("name", .string(schema.name)), ("strict", JSONValue(.bool(true))), ("schema", parsed),
                        ])
                    ),
                ])
            } else {
                messages = asking(messages, for: schema)
            }
        }
        let limit = dialect.namesCompletionTokens ? "max_completion_tokens" : "max_tokens"
        let document = JSONValue.object([
            ("model", .string(model)), ("stream", JSONValue(.bool(false))),
            (limit, .number(Double(request.maximumTokens))),
            (
                "messages",
                .array(
                    messages.map { message in
                        .object([("role", .string(message.role.rawValue)), ("content", .string(message.content))])
                    }
                )
            ),
            ("response_format", format),
        ])
        return ByteBuffer(bytes: document.encoded(pretty: false))
    }

    /// Asks in words where the endpoint does not take a schema.
    private static func asking(_ messages: [ChatMessage], for schema: ReplySchema) -> [ChatMessage] {
        // Who wrote the messages may have thought of it.
        guard !messages.contains(where: { $0.content.contains(schema.json) }) else { return messages }
        var messages = messages
        let words =
            "\n\nAnswer with one JSON object and nothing else, no prose around it. It must follow this JSON schema:\n"
        if let last = messages.lastIndex(where: { $0.role == .user }) {
            messages[last].content += words + schema.json
        } else {
            messages.append(ChatMessage(role: .user, content: words + schema.json))
        }
        return messages
    }

    /// What an answer says.
    struct Answer: Hashable {
        var content: String
        var model: String?
        var promptTokens: Int?
        var completionTokens: Int?
    }

    /// An answer that is none, as the end of a sentence.
    struct Misfit: Error, Hashable {
        var reason: String
    }

    /// Reads an answer.
    static func answer(_ body: ByteBuffer, type: String?) throws(Misfit) -> Answer {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument.parse(Array(body.readableBytesView)).root
        } catch {
            let kind = type.map { " (\($0.prefix(60)))" } ?? ""
            throw Misfit(reason: "what came is no JSON\(kind); is that a chat-completions endpoint?")
        }
        guard case .array(let choices)? = root["choices"]?.content, let choice = choices.first else {
            let said = message(in: root).map { ": \($0)" } ?? "; is that a chat-completions endpoint?"
            throw Misfit(reason: "the answer has no choices\(said)")
        }
        let content = text(choice["message"]?["content"])
        guard let content, !content.isEmpty else {
            switch (choice["finish_reason"]?.text, choice["message"]?["refusal"]?.text) {
            case (_, .some): throw Misfit(reason: "the model refused to answer")
            case ("length", _):
                throw Misfit(reason: "the answer's tokens were used up before it began; the model thinks too long")
            case ("content_filter", _): throw Misfit(reason: "the endpoint's content filter took the answer away")
            default: throw Misfit(reason: "the answer has no text")
            }
        }
        return Answer(
            content: content,
            model: root["model"]?.text.map { String($0.prefix(200)) },
            promptTokens: root["usage"]?["prompt_tokens"]?.count,
            completionTokens: root["usage"]?["completion_tokens"]?.count
        )
    }

    /// What a refusal says, as far as it can be found: for people, bounded, on one line.
    static func refusal(_ body: ByteBuffer) -> (message: String?, code: String?) {
        guard let root = try? JSONDocument.parse(Array(body.readableBytesView)).root else { return (nil, nil) }
        return (message(in: root), root["error"]?["code"]?.text ?? root["error"]?["type"]?.text)
    }

    private static func message(in root: JSONValue) -> String? {
        let found =
            root["error"]?["message"]?.text ?? root["error"]?.text ?? root["message"]?.text ?? root["detail"]?.text
        return found.map(oneLine)
    }

    /// At most 300 visible characters.
    static func oneLine(_ text: String) -> String {
        let visible = text.unicodeScalars.lazy.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        return String(String.UnicodeScalarView(visible.prefix(300)))
    }

    /// A text, or one of parts.
    private static func text(_ value: JSONValue?) -> String? {
        switch value?.content {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0["text"]?.text }.joined()
        default: nil
        }
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = content { text } else { nil } }

    fileprivate var count: Int? {
        guard case .number(let number) = content, (0...1e12).contains(number) else { return nil }
        return Int(number)
    }
}
