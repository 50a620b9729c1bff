import ArgumentParser
import FuyunPolicy
import FuyunProtocol
import NIOCore

/// `fuyun explain`.
struct ExplainCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows why a call got its limit, and how it went.",
        discussion: """
            The agent remembers the calls in flight and the last that ended; older ones are in its observation log \
            (/var/lib/fuyun). What a policy would decide now: fuyun policy explain.

            EXAMPLES
              fuyun explain 6650f1a2-1f
              fuyun explain 6650f1a2-1f --json | jq .observation.need
            """
    )

    @Argument(
        help: "The id that the begin of the call answered, like 6650f1a2-1f.",
        transform: { text in
            guard let id = InvocationID(text) else {
                throw ValidationError(
                    "the id of a call looks like 6650f1a2-1f; it is in the answer to its begin and in the agent's "
                        + "observations"
                )
            }
            return id
        }
    )
    var id: InvocationID

    @OptionGroup var agent: AgentOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        let body = try await agent.admin.get(.explain(id))
        if agent.json {
            console.raw(body.readableBytesView)
        } else {
            CallReport(id: id.description, answer: try AgentAnswer.document(body)).write(to: console)
        }
        return .good
    }
}
