import FuyunPolicy
import MemoryUnits

/// What a model is asked.
///
/// The same request gives the same messages, byte for byte, on every machine.
public enum DraftPrompt {
    /// The version of the prompt; it goes up whenever a word of it changes.
    public static let version = 1
    /// The most bytes of notes in a prompt.
    static let notesBudget = 16 << 10
    /// The most rows of evidence in a prompt.
    static let maximumRows = 40
    /// The most diagnostics that are sent back at once.
    static let maximumDiagnostics = 30

    /// The schema of the answer, for servers that can hold a model to one.
    public static var schema: ReplySchema { ReplySchema(name: "fuyun_draft", json: ReplySchemaText.json) }

    /// The messages that open the conversation: what to do, and what is known of the function.
    public static func opening(_ request: DraftRequest) -> [ChatMessage] {
        [
            ChatMessage(role: .system, content: PromptInstructions.text),
            ChatMessage(role: .user, content: question(request)),
        ]
    }

    /// `sha256:hex` of messages, roles included.
    public static func digest(_ messages: [ChatMessage]) -> String {
        var digest = SHA256()
        for message in messages {
            digest.update("\(message.role.rawValue) \(message.content.utf8.count)\n".utf8)
            digest.update(message.content.utf8)
        }
        return "sha256:" + digest.finish()
    }

    /// What is said when an answer, or a part of it, is refused.
    static func repair(_ diagnostics: [String], accepted: Int) -> ChatMessage {
        var lines: [String] = []
        lines.append(
            accepted == 0
                ? "Nothing of your answer can be used yet. What is wrong, each with its place in your JSON:"
                : "\(accepted) of your skeletons can be used, the others cannot. What is wrong, each with its place in your JSON:"
        )
        lines += diagnostics.prefix(maximumDiagnostics).map { "- " + String($0.prefix(bytes: 600)) }
        if diagnostics.count > maximumDiagnostics {
            lines.append("- and \(diagnostics.count - maximumDiagnostics) more")
        }
        lines.append("Answer again with the whole JSON object, mended; keep what was right. No prose, no code fence.")
        return ChatMessage(role: .user, content: lines.joined(separator: "\n"))
    }

    // MARK: The question

    private static func question(_ request: DraftRequest) -> String {
        let data = PromptData(request)
        var lines = ["Function: \(request.function)"]
        lines.append("Runtime: \(request.runtime.map { oneLine($0) } ?? "not known; tell it from the source")")
        lines += platform(request.grant)
        lines += ["", "# What payloads look like", ""]
        lines += data.payload
        if !data.notes.isEmpty { lines += ["", "# What operators noted", ""] + data.notes }
        if !data.evidence.isEmpty { lines += ["", "# What runs said about the formulas so far", ""] + data.evidence }
        lines += ["", "# Source", ""]
        lines += data.source
        lines += ["", "Answer now with the JSON object alone: first \"analysis\", then \"proposal\"."]
        return lines.joined(separator: "\n")
    }

    private static func platform(_ grant: SafetyBounds) -> [String] {
        var lines: [String] = []
        let most = grant.maximum == .max ? "no end" : "\(grant.maximum.rawValue) bytes"
        lines.append(
            "Limits that the platform can set: \(grant.minimum.rawValue) bytes to \(most), in steps of \(max(grant.tier.rawValue, 1)) bytes"
        )
        if grant.preset < .max {
            lines.append(
                "Declared limit of this function, under which its calls run today: \(grant.preset.rawValue) bytes"
            )
        }
        return lines
    }

    /// A short text from outside on one line.
    static func oneLine(_ text: String) -> String {
        String(quoted(text, limit: 100).dropFirst().dropLast())
    }
}
