import ArgumentParser
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore

/// `fuyun functions`.
struct FunctionsCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "Lists the functions that the agent has seen or has policies for.",
        discussion: """
            ACTIVE and CANDIDATE are policy versions; CAP is the furthest that the operator lets a policy go. LAST \
            LIMIT and LAST PEAK are those of the call that ended last.
            """
    )

    @OptionGroup var agent: AgentOptions
    @OptionGroup var repetition: WatchOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        try await repetition.repeating(on: console) { () async throws(CommandFailure) in
            let body = try await agent.admin.get(.functions)
            if agent.json { return console.raw(body.readableBytesView) }
            let functions = try AgentAnswer.list("functions", of: body)
            if repetition.watch != nil { console.clear() }
            guard !functions.isEmpty else {
                return console.line(
                    "no functions: none has been called since the agent started, and there are no policies"
                )
            }
            console.table(Self.table(functions))
        }
        return .good
    }

    private static func table(_ functions: [JSONValue]) -> Table {
        var table = Table(columns: [
            .words("FUNCTION", minimum: 16), .figure("ACTIVE"), .name("CANDIDATE", leaveOut: 2),
            .name("CAP", leaveOut: 3),
            .figure("CALLS"), .figure("OUT OF MEMORY", leaveOut: 1), .figure("LAST LIMIT"), .figure("LAST PEAK"),
        ])
        for function in functions {
            let killed = function["out_of_memory"]?.number ?? 0
            table.rows.append([
                Text(function["function"]?.text ?? "-"), Text(function["active_version"]?.figure ?? "-"),
                Text(candidate(function)), Text(function["mode_cap"]?.text ?? "-"),
                Text(function["invocations"]?.figure ?? "-"),
                Text(function["out_of_memory"]?.figure ?? "-", killed > 0 ? .red : .plain),
                Text(function["last_limit_bytes"]?.bytes?.description ?? "-"),
                Text(function["last_peak_bytes"]?.bytes?.description ?? "-"),
            ])
        }
        return table
    }

    private static func candidate(_ function: JSONValue) -> String {
        guard let version = function["candidate_version"]?.number else { return "-" }
        return "\(plain(version)) (\(function["candidate_status"]?.text ?? "?"))"
    }
}
