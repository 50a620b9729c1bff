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
        Draft(outcome: .empty, summary: "Nothing is drafted yet.")
    }
}
