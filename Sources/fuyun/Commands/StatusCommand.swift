import ArgumentParser
import FuyunPolicy
import FuyunProtocol
import NIOCore

/// `fuyun status`.
struct StatusCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what the agent of this node is doing.",
        discussion: """
            Exit status 1 when the agent is not ready or refused a policy document.

            EXAMPLES
              fuyun status
              fuyun status --watch 10
              fuyun status --json | jq .counts
            """
    )

    @OptionGroup var agent: AgentOptions
    @OptionGroup var repetition: WatchOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        var outcome = Outcome.good
        try await repetition.repeating(on: console) { () async throws(CommandFailure) in
            let body = try await agent.admin.get(.status)
            let status = try AgentAnswer.document(body)
            let isGood = status["ready"]?.flag != false && (status["policies"]?["problems"]?.elements ?? []).isEmpty
            outcome = isGood ? .good : .problem
            if agent.json { return console.raw(body.readableBytesView) }
            if repetition.watch != nil { console.clear() }
            Self.show(status, on: console)
        }
        return outcome
    }

    private static func show(_ status: JSONValue, on console: Console) {
        var table = Table(columns: [.name(""), .words("", minimum: 20)], hasHeading: false)
        func row(_ name: String, _ text: Text) { table.rows.append([Text(name, .bold), text]) }
        let isReady = status["ready"]?.flag ?? false
        row(
            "agent",
            Text(isReady ? "ready" : "not ready", isReady ? .green : .red)
                + Text(", version \(status["version"]?.text ?? "?"), up \(uptime(status["uptime_seconds"]?.number))")
        )
        let counts = status["counts"]
        row("calls", Text("\(counts?["in_flight"]?.figure ?? "?") in flight"))
        row("containers", Text(counts?["containers"]?.figure ?? "?"))
        row("functions", Text("\(counts?["functions"]?.figure ?? "?") seen"))
        let policies = status["policies"]
        let problems = policies?["problems"]?.elements ?? []
        row(
            "policies",
            Text(
                "documents: \(policies?["documents"]?.figure ?? "?"), functions: "
                    + (policies?["functions"]?.figure ?? "?")
            )
                + Text(problems.isEmpty ? "" : ", \(counted(problems.count, "problem"))", .red)
                + Text(" in \(policies?["directory"]?.text ?? "?")")
        )
        row("kernel", kernel(status["kernel"]))
        row("sockets", Text(sockets(status["sockets"])))
        row(
            "queues",
            Text(
                "\(counts?["connections"]?.figure ?? "?") connections, \(counts?["settle_queue"]?.figure ?? "?") "
                    + "containers to "
                    + "settle, \(counts?["watches"]?.figure ?? "?") watches"
            )
        )
        console.table(table)
        for problem in problems { show(problem: problem, on: console) }
    }

    private static func show(problem: JSONValue, on console: Console) {
        let file = problem["file"]?.text ?? ""
        let kept =
            problem["kept_version"]?.number.map { "version \(plain($0)) stays in use" } ?? "no version of it is in use"
        console.line()
        console.line(
            Text(file.isEmpty ? "the policy directory" : file, .bold)
                + Text(file.isEmpty ? "" : " was refused, \(kept)", .red)
        )
        for message in problem["messages"]?.elements ?? [] { console.line(Text("  \(message.text ?? "")")) }
    }

    /// Where the agent listens, sockets of one place together: all three usually come from systemd.
    private static func sockets(_ sockets: JSONValue?) -> String {
        var places: [(names: [String], place: String)] = []
        for socket in sockets?.members ?? [] {
            guard let place = socket.value.text else { continue }
            if let index = places.firstIndex(where: { $0.place == place }) {
                places[index].names.append(socket.key)
            } else {
                places.append(([socket.key], place))
            }
        }
        guard !places.isEmpty else { return "none" }
        return places.map { "\($0.names.joined(separator: ", ")): \($0.place)" }.joined(separator: "; ")
    }

    /// What the kernel has of all that the agent can use, the missing first.
    private static func kernel(_ kernel: JSONValue?) -> Text {
        guard let kernel else { return "?" }
        let features = kernel.members.filter { $0.value.flag != nil }
        let missing = features.filter { $0.value.flag == false }.map(\.key)
        let mount = Text("cgroup v2 at \(kernel["cgroup_mount"]?.text ?? "?")")
        if features.isEmpty { return mount + Text(", features not tried yet") }
        return missing.isEmpty
            ? mount + Text(", has all that is used")
            : mount + Text(", without \(missing.joined(separator: ", "))", .yellow)
    }

    private static func uptime(_ seconds: Double?) -> String {
        guard let seconds, seconds >= 0, seconds < 1e12 else { return "?" }
        let whole = Int(seconds)
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
    }
}
