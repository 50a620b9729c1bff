import ArgumentParser

/// Options that every command has.
struct DisplayOptions: ParsableArguments {
    @Flag(name: .customLong("no-color"), help: "Never colour the output; so does the environment variable NO_COLOR.")
    var noColor = false
}

/// A command that reads and writes a console that it is given.
protocol ConsoleCommand: AsyncParsableCommand {
    /// The options that every command has.
    var display: DisplayOptions { get }

    /// Does what the command is for; throws `CommandFailure`.
    func run(on console: Console) async throws -> Outcome
}

extension ConsoleCommand {
    /// Runs on the process's own console.
    func run() async throws {
        let outcome = try await perform(on: .process(noColor: display.noColor))
        guard outcome == .good else { throw ExitCode(outcome.rawValue) }
    }

    /// Runs, and tells of a failure on the console.
    func perform(on console: Console) async throws -> Outcome {
        do {
            return try await run(on: console)
        } catch let failure as CommandFailure {
            console.complain(failure.description)
            return failure.outcome
        }
    }
}
