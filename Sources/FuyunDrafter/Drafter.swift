import FuyunPolicy

/// Makes a draft: asks a model when there is one, checks what it says, and falls back to the library.
public struct Drafter: Sendable {
    private let model: (any LanguageModel)?
    private let settings: DrafterSettings
    private let now: @Sendable () -> Duration

    /// Makes a drafter.
    ///
    /// - Parameters:
    ///   - model: Whom to ask; nil for the library alone.
    ///   - settings: How to work.
    ///   - now: A monotonic clock.
    public init(
        model: (any LanguageModel)?,
        settings: DrafterSettings = DrafterSettings(),
        now: @escaping @Sendable () -> Duration
    ) {
        self.model = model
        self.settings = settings
        self.now = now
    }

    /// Drafts; it never throws, and a draft without a usable answer has the library's candidates and says why.
    public func draft(_ request: DraftRequest) async -> Draft {
        let start = now()
        var draft: Draft
        if let model {
            var conversation = Conversation(model: model, settings: settings, request: request)
            draft = await conversation.run()
        } else {
            draft = Self.library(request, because: "No model was asked, for none is set up.", outcome: .library)
        }
        draft.duration = now() - start
        return draft
    }

    /// A draft of library forms; what the answers had in the way of refused candidates is kept behind them.
    static func library(
        _ request: DraftRequest,
        because reason: String,
        outcome: Draft.Outcome,
        refused: [DraftCandidate] = []
    ) -> Draft {
        let hasPayloads = (request.payload?.payloads ?? 0) > 0
        guard hasPayloads || !request.source.files.isEmpty else {
            return Draft(outcome: .empty, summary: "\(reason) There is neither source nor a payload to go by.")
        }
        let candidates = LibraryDraft.candidates(for: request)
        let forms = candidates.count - 1
        let made =
            forms > 0
            ? "These \(candidates.count) candidates are library forms over the numbers, lengths and sizes that payloads were "
                + "seen to hold; nobody read the source, and their numbers are placeholders until the tuner has seen runs."
            : "The only candidate is a constant, for no payload was seen that holds a number, a length or a size; send some "
                + "calls, or an example payload, and draft again."
        return Draft(outcome: outcome, summary: "\(reason) \(made)", candidates: candidates + refused)
    }
}

/// One conversation with a model: the question, and what had to be mended.
private struct Conversation {
    let model: any LanguageModel
    let settings: DrafterSettings
    let request: DraftRequest
    private var steps: [DraftStep] = []
    private var usage = TokenUsage()
    private var name: String?
    private var best: Judgement?

    init(model: any LanguageModel, settings: DrafterSettings, request: DraftRequest) {
        self.model = model
        self.settings = settings
        self.request = request
    }

    mutating func run() async -> Draft {
        var messages = DraftPrompt.opening(request)
        let digest = DraftPrompt.digest(messages)
        let judge = ReplyJudge(request: request, settings: settings, promptDigest: digest)
        var question = messages
        var failure: ModelFailure?
        for round in 0...max(settings.rounds, 0) {
            let purpose = round == 0 ? DraftStep.opening : "repair \(round)"
            let reply: ChatReply
            do throws(ModelFailure) {
                guard !Task.isCancelled else { throw ModelFailure(.cancelled, "the draft was called off") }
                reply = try await model.complete(
                    ChatRequest(messages: messages, schema: DraftPrompt.schema, maximumTokens: settings.maximumTokens)
                )
            } catch {
                failure = error
                steps.append(
                    DraftStep(
                        purpose: purpose,
                        question: question,
                        answer: nil,
                        problem: "\(error.code.rawValue): \(error.message)",
                        usage: TokenUsage()
                    )
                )
                break
            }
            usage += reply.usage
            name = name ?? reply.model
            let judgement = judge.judge(reply.content, model: reply.model)
            let complaints = judgement.complaints
            steps.append(
                DraftStep(
                    purpose: purpose,
                    question: question,
                    answer: String(reply.content.prefix(bytes: DraftStep.maximumAnswer)),
                    problem: complaints.isEmpty
                        ? nil : complaints.prefix(DraftPrompt.maximumDiagnostics).joined(separator: "\n"),
                    usage: reply.usage
                )
            )
            if judgement.accepted >= best?.accepted ?? 0 { best = judgement }
            if complaints.isEmpty { break }
            // What went wrong is said next to what was answered; a very long answer need not be sent back whole.
            let repair = DraftPrompt.repair(complaints, accepted: judgement.accepted)
            messages += [
                ChatMessage(role: .assistant, content: String(reply.content.prefix(bytes: DraftStep.maximumAnswer))),
                repair,
            ]
            question = [repair]
        }
        return outcome(digest: digest, failure: failure)
    }

    private func outcome(digest: String, failure: ModelFailure?) -> Draft {
        var draft: Draft
        let model = name.map { quoted($0, limit: 120) } ?? "The model"
        if let best, best.accepted > 0 {
            var summary = "\(model) proposed \(best.candidates.count), of which \(best.accepted) passed every check."
            if let failure { summary += " It could not be asked again: \(failure.message)." }
            if !best.summary.isEmpty { summary += " It found: \(best.summary)" }
            draft = Draft(outcome: .drafted, summary: summary, candidates: best.candidates)
            let order = best.candidates.filter { $0.document != nil }.enumerated()
                .map {
                    "\($0.offset + 1). \($0.element.rationale.prefix(bytes: 200)) (\($0.element.diagnostics.count) doubts)"
                }
            draft.steps =
                steps + [
                    DraftStep(
                        purpose: DraftStep.rank,
                        question: [],
                        answer: order.joined(separator: "\n"),
                        problem: nil,
                        usage: TokenUsage()
                    )
                ]
        } else if name != nil {
            let again = failure.map { ", and it could not be asked again: \($0.message)" } ?? ""
            draft = Drafter.library(
                request,
                because: "\(model) answered, but nothing of it is a policy\(again).",
                outcome: .unusable,
                refused: best?.candidates ?? []
            )
            draft.steps = steps
        } else {
            let reason = failure.map { "\($0.code.rawValue): \($0.message)" } ?? "no answer"
            draft = Drafter.library(request, because: "No model answered (\(reason)).", outcome: .library)
            draft.steps = steps
        }
        draft.model = name
        draft.promptDigest = digest
        draft.usage = usage
        return draft
    }
}

extension TokenUsage {
    /// Adds; a cost is known as soon as one of the two is.
    static func += (left: inout TokenUsage, right: TokenUsage) {
        left.promptTokens += right.promptTokens
        left.completionTokens += right.completionTokens
        if let cost = right.cost { left.cost = (left.cost ?? 0) + cost }
    }
}
