import ArgumentParser

/// `fuyun policy`.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Checks policies and shows what they decide; needs no agent.",
        subcommands: [PolicyCheckCommand.self, PolicyExplainCommand.self]
    )
}
