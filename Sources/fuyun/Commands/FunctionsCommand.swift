import ArgumentParser
import CoordinatorClient
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore

/// `fuyun functions`.
struct FunctionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "Lists functions, registers them, and sets their switches.",
        discussion: """
            EXAMPLES
              fuyun functions                                     those of the coordinator, or of this node's agent
              fuyun functions register guest/video --preset 512m  the platform's limit, and what may be granted
              fuyun functions set guest/video --exclude           leave this function's limits alone
            """,
        subcommands: [
            FunctionsListCommand.self, FunctionsSetCommand.self, FunctionsRegisterCommand.self,
            FunctionsRemoveCommand.self,
        ],
        defaultSubcommand: FunctionsListCommand.self
    )
}

/// `fuyun functions list`.
struct FunctionsListCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the functions of the coordinator, or those of this node's agent when none is named.",
        discussion: """
            ACTIVE and CANDIDATE are policy versions.

            Of the coordinator: KEPT are the observations that it keeps, SWITCHES what an operator decided.

            Of the agent: CAP is the furthest that the operator lets a policy go. LAST LIMIT and LAST PEAK are those \
            of the call that ended last.
            """
    )

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var agent: AgentOptions
    @OptionGroup var repetition: WatchOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard coordinator.coordinator == nil || agent.socket == nil else {
            throw ValidationError("--socket names an agent and --coordinator a coordinator: give one of them")
        }
    }

    func run(on console: Console) async throws -> Outcome {
        // Who names a socket means the agent, whatever the environment says.
        guard agent.socket == nil, let access = try coordinator.access() else {
            return try await showAgents(on: console)
        }
        try await repetition.repeating(on: console) { () async throws(CommandFailure) in
            let functions = try await access.use { client async throws(CoordinatorError) in
                try await CoordinatorAccess.all(client) { .functions(after: $0) }
            }
            if agent.json { return console.document(CoordinatorAPI.Page(functions)) }
            if repetition.watch != nil { console.clear() }
            console.line(Text("functions of the coordinator at \(access.url)", .dim))
            guard !functions.isEmpty else {
                return console.line("no functions: none has been registered, and none has been called on any node")
            }
            console.table(FunctionView.table(functions))
        }
        return .good
    }

    private func showAgents(on console: Console) async throws -> Outcome {
        try await repetition.repeating(on: console) { () async throws(CommandFailure) in
            let body = try await agent.admin.get(.functions)
            if agent.json { return console.raw(body.readableBytesView) }
            let functions = try AgentAnswer.list("functions", of: body)
            if repetition.watch != nil { console.clear() }
            console.line(Text("functions of the agent at \(agent.admin.path); no coordinator is named", .dim))
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
