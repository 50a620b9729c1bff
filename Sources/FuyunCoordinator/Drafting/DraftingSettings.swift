public import ModelClient

/// How policies are drafted.
public struct DraftingSettings: Sendable, Equatable {
    /// Whom to ask; nil: nobody, drafts come from the library of forms.
    public var model: ModelSettings?
    /// How many times diagnostics are sent back to the model.
    public var rounds = 2
    /// Whether the model is asked again when no formula fits.
    public var secondThoughts = true
    /// A directory of notes for the model; nil: none.
    public var knowledgeDirectory: String?

    /// Nobody is asked.
    public init() {}
}
