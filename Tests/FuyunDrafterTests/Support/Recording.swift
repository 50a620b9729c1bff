import FuyunDrafter
import FuyunPolicy
import Synchronization
import Testing

/// What a model answered to a function's prompts, word for word.
struct Recording: Sendable {
    struct Exchange: Sendable {
        var purpose: String
        var promptDigest: String
        var reply: String
    }

    var name: String
    var model: String
    var date: String
    var exchanges: [Exchange]

    static let folder = Files.root + "data/recordings/"
    static let names = Files.names(in: folder).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }

    init(name: String, model: String, date: String) {
        self.name = name
        self.model = model
        self.date = date
        exchanges = []
    }

    init?(named name: String) throws {
        guard let text = Files.read(Self.folder + name + ".json") else { return nil }
        let root = try JSONDocument.parse(text).root
        self.name = name
        model = try #require(root["model"]?.string)
        date = try #require(root["date"]?.string)
        exchanges = try #require(root["exchanges"]?.array).map {
            Exchange(
                purpose: try #require($0["purpose"]?.string),
                promptDigest: try #require($0["prompt_digest"]?.string),
                reply: try #require($0["reply"]?.string)
            )
        }
    }

    func write() -> Bool {
        let json = JSONValue.object([
            ("model", .string(model)), ("date", .string(date)),
            ("prompt_digest", .string(exchanges.first?.promptDigest ?? "")),
            (
                "exchanges",
                .array(
                    exchanges.map {
                        .object([
                            ("purpose", .string($0.purpose)), ("prompt_digest", .string($0.promptDigest)),
                            ("reply", .string($0.reply)),
                        ])
                    }
                )
            ),
        ])
        return Files.write(json.encoded(), to: Self.folder + name + ".json")
    }

    /// What to say when a prompt is no longer the one that was answered.
    var stale: String {
        "stale recording: the prompt of \(name) has changed since \(model) answered it on \(date). "
            + "Record it again: Tests/FuyunDrafterTests/record render DIRECTORY, have a model answer, record store \(name) …"
    }
}

/// Answers what was recorded, and refuses any other question.
final class RecordedModel: LanguageModel {
    let recording: Recording?
    private let state = Mutex(State())

    struct State {
        var asked = 0
        var isStale = false
        /// The first question that has no answer.
        var unanswered: [ChatMessage]?
    }

    init(_ recording: Recording?) { self.recording = recording }

    var isStale: Bool { state.withLock(\.isStale) }
    var unanswered: [ChatMessage]? { state.withLock(\.unanswered) }

    func complete(_ request: ChatRequest) async throws(ModelFailure) -> ChatReply {
        let exchanges = recording?.exchanges ?? []
        let exchange = state.withLock { state -> Recording.Exchange? in
            guard state.asked < exchanges.count else {
                state.unanswered = state.unanswered ?? request.messages
                return nil
            }
            let exchange = exchanges[state.asked]
            state.asked += 1
            guard exchange.promptDigest == DraftPrompt.digest(request.messages) else {
                state.isStale = true
                return nil
            }
            return exchange
        }
        guard let exchange, let recording else {
            throw ModelFailure(.unreachable, isStale ? recording?.stale ?? "" : "the recording ends here")
        }
        return ChatReply(content: exchange.reply, model: recording.model, usage: TokenUsage(), followedSchema: false)
    }
}
