import ArgumentParser
import CoordinatorClient
import FuyunProtocol

/// `fuyun tune`.
struct TuneCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Fits a function's policy to its observations, and says why it came out as it did.",
        discussion: """
            The coordinator does this by itself when there is reason to; --dry-run shows what it would do now, and \
            changes nothing.

            MEAN BOUND is what a form would grant on average over the samples, before headroom; LEFT OUT are the \
            samples above the bound that was fitted without them.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Flag(help: "Only say what would change, and why.")
    var dryRun = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws { try checkFunction(name) }

    func run(on console: Console) async throws -> Outcome {
        let report = try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            var report = try await client.answer(to: .tune(name, isDryRun: dryRun))
            // The formula that the proposal would take the place of.
            if !answer.json, report.proposal != nil, let current = report.current, current.document == nil {
                report.current?.document = try await client.answer(to: .policy(of: name, version: current.version))
                    .document
            }
            return report
        }
        if answer.json {
            console.document(report)
        } else {
            TuneView(report: report, isDryRun: dryRun).show(on: console)
        }
        return .good
    }
}
