import ArgumentParser
import CoordinatorClient
import FuyunProtocol

/// `fuyun nodes`.
struct NodesCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "Lists the nodes whose agents call the coordinator.",
        discussion: """
            REVISION is that of the policies that the node has; BEHIND says how many changes it lacks. An agent is \
            heard of at least every minute, for it always waits for new policies.
            """
    )

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var repetition: WatchOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        let access = try coordinator.required()
        try await repetition.repeating(on: console) { () async throws(CommandFailure) in
            let (nodes, revision) = try await access.use { client async throws(CoordinatorError) in
                let nodes = try await CoordinatorAccess.all(client) { .nodes(after: $0) }
                if answer.json { return (nodes, Int64(0)) }
                return (nodes, try await client.answer(to: .status()).revision)
            }
            if answer.json { return console.document(CoordinatorAPI.Page(nodes)) }
            if repetition.watch != nil { console.clear() }
            guard !nodes.isEmpty else {
                return console.line("no nodes: no agent has called yet (its configuration names the coordinator.url)")
            }
            console.table(Self.table(nodes, revision: revision))
        }
        return .good
    }

    private static func table(_ nodes: [CoordinatorAPI.Node], revision: Int64) -> Table {
        var table = Table(columns: [
            .words("NODE", minimum: 12), .name("VERSION", leaveOut: 1), .figure("REVISION"), .figure("BEHIND"),
            .figure("OBSERVATIONS"), .figure("HEARD OF"),
        ])
        for node in nodes {
            let behind = node.revision.map { max(0, revision - $0) }
            let isSilent = Moments.now - node.seenAt > 120_000
            table.rows.append([
                Text(node.name), Text(node.agentVersion ?? "-"), Text(node.revision.map(String.init) ?? "-"),
                Text(behind.map(String.init) ?? "-", behind ?? 0 > 0 ? .yellow : .plain),
                Text(String(node.observations)),
                Text(Moments.age(node.seenAt), isSilent ? .red : .plain),
            ])
        }
        return table
    }
}
