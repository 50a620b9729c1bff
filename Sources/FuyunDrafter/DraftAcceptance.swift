/// Takes an answer that was had by hand.
public enum DraftAcceptance {
    /// Reads, checks and ranks an answer to `DraftPrompt.opening(request)`, as the drafter does, without asking anyone.
    ///
    /// - Parameters:
    ///   - reply: The answer as it came: JSON, perhaps in a fence or with prose around it.
    ///   - request: What was asked.
    ///   - model: Who is said to have answered.
    public static func accept(
        _ reply: String,
        for request: DraftRequest,
        model: String? = nil,
        settings: DrafterSettings = DrafterSettings()
    ) -> Draft {
        Draft(outcome: .empty, summary: "Nothing is drafted yet.")
    }
}
