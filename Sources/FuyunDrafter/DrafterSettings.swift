/// How the drafter works.
public struct DrafterSettings: Hashable, Sendable {
    /// How many times diagnostics are sent back to the model, at most.
    public var rounds = 2
    /// The most tokens of one answer.
    public var maximumTokens = 8192
    /// The headroom of what is drafted, until the tuner knows better.
    public var headroom = 0.1

    /// The default settings.
    public init(rounds: Int = 2, maximumTokens: Int = 8192, headroom: Double = 0.1) {
        self.rounds = rounds
        self.maximumTokens = maximumTokens
        self.headroom = headroom
    }
}
