/// How a command ended, as its exit status.
enum Outcome: Int32, Sendable {
    /// All is well.
    case good = 0
    /// What was asked about has a problem.
    case problem = 1
    /// The agent or the coordinator cannot be reached, or cannot serve.
    case away = 2
}

/// Why a command could not do what it was asked for.
struct CommandFailure: Error, CustomStringConvertible {
    /// The exit status.
    var outcome: Outcome
    /// What went wrong, what was expected and what to do; may have several lines.
    var description: String

    /// Makes a failure.
    init(_ description: String, outcome: Outcome = .problem) {
        self.description = description
        self.outcome = outcome
    }
}
