import FuyunPolicy

/// Takes an answer that was had by hand.
public enum DraftAcceptance {
    /// Reads, checks and ranks an answer to `DraftPrompt.opening(request)`, as the drafter does, without asking anyone.
    ///
    /// Nothing of the library takes an unusable answer's place: the candidates are the answer's, refused ones with their
    /// diagnostics, and what is wrong with the answer as a whole is the step's `problem`.
    ///
    /// - Parameters:
    ///   - reply: The answer as it came: JSON, perhaps in a fence or with prose around it.
    ///   - request: What was asked.
    ///   - model: Who is said to have answered.
    ///   - settings: How to work.
    public static func accept(
        _ reply: String,
        for request: DraftRequest,
        model: String? = nil,
        settings: DrafterSettings = DrafterSettings()
    ) -> Draft {
        let opening = DraftPrompt.opening(request)
        let digest = DraftPrompt.digest(opening)
        let judge = ReplyJudge(request: request, settings: settings, promptDigest: digest)
        let judgement = judge.judge(reply, model: model)
        let problem = judgement.general.map(\.description).joined(separator: "\n")
        return Draft(
            outcome: judgement.accepted > 0 ? .drafted : .unusable,
            summary: judgement.accepted > 0
                ? "\(judgement.accepted) of \(judgement.candidates.count) proposals are policies. \(judgement.summary)"
                : "Nothing of the answer is a policy.",
            candidates: judgement.candidates,
            steps: [
                DraftStep(
                    purpose: DraftStep.opening,
                    question: opening,
                    answer: String(reply.prefix(bytes: DraftStep.maximumAnswer)),
                    problem: problem.isEmpty ? nil : problem,
                    usage: TokenUsage()
                )
            ],
            model: model,
            promptDigest: digest
        )
    }
}

extension DraftStep {
    /// The purpose of the first question.
    public static let opening = "find and propose"
    /// The purpose of the last step, for which nobody is asked: the order of the candidates.
    public static let rank = "rank"
    /// How much of an answer is kept, in bytes.
    static let maximumAnswer = 64 << 10
}
