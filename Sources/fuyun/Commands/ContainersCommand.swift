import ArgumentParser
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore

/// `fuyun containers`.
struct ContainersCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "containers",
        abstract: "Lists the containers that the agent manages, with their limits and use.",
        discussion: """
            LIMIT is what holds now; between calls it is the CEILING, the platform's own limit. USED is \
            memory.current, RESIDENT what cannot be reclaimed.

            EXAMPLES
              fuyun containers --watch
              fuyun containers --json | jq -r '.containers[] | select(.overwrites > 0) | .cgroup'
            """
    )

    @OptionGroup var agent: AgentOptions
    @OptionGroup var repetition: WatchOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        try await repetition.repeating(on: console) { () async throws(CommandFailure) in
            let body = try await agent.admin.get(.containers)
            if agent.json { return console.raw(body.readableBytesView) }
            let containers = try AgentAnswer.list("containers", of: body)
            if repetition.watch != nil { console.clear() }
            guard !containers.isEmpty else {
                return console.line(
                    "no containers: none was found in the tree yet, and none has called (see cgroup.roots)"
                )
            }
            console.table(Self.table(containers))
        }
        return .good
    }

    private static func table(_ containers: [JSONValue]) -> Table {
        var table = Table(columns: [
            .name("CONTAINER"), .name("RUNTIME", leaveOut: 5), .words("FUNCTION", minimum: 12),
            .figure("CALLS", leaveOut: 4), .figure("NOW"), .figure("LIMIT"), .figure("USED"),
            .figure("RESIDENT", leaveOut: 2), .figure("CEILING", leaveOut: 3),
            .words("NOTES", minimum: 12, leaveOut: 1),
            .path("CGROUP", minimum: 20, leaveOut: 6),
        ])
        for container in containers {
            let running = container["in_flight"]?.number ?? 0
            table.rows.append([
                Text(shortID(container)), Text(container["runtime"]?.text ?? "-"),
                Text(container["function"]?.text ?? "-"),
                Text(container["invocations"]?.figure ?? "-"),
                Text(container["in_flight"]?.figure ?? "-", running > 0 ? .green : .plain),
                Text(limit(container["limit_bytes"])), Text(container["current_bytes"]?.bytes?.description ?? "-"),
                Text(container["resident_bytes"]?.bytes?.description ?? "-"), Text(limit(container["ceiling_bytes"])),
                Text(notes(container), .yellow), Text(container["cgroup"]?.text ?? "-"),
            ])
        }
        return table
    }

    /// The first twelve digits, as container runtimes show them; a name that is no number as it is.
    private static func shortID(_ container: JSONValue) -> String {
        guard let id = container["id"]?.text else { return "-" }
        return id.utf8.count == 64 ? String(id.prefix(12)) : id
    }

    private static func notes(_ container: JSONValue) -> String {
        var notes: [String] = []
        if let count = container["overwrites"]?.number, count > 0 { notes.append("overwritten \(plain(count))×") }
        if container["frozen"]?.flag == true { notes.append("frozen") }
        if let own = container["limit_bytes"], let effective = container["effective_limit_bytes"]?.bytes,
            effective < own.bytes ?? .max
        {
            notes.append("ancestor allows \(effective)")
        }
        return notes.joined(separator: ", ")
    }
}

/// A limit for people; `null` is none, a missing key unknown.
func limit(_ value: JSONValue?) -> String {
    guard let value else { return "-" }
    return value.bytes?.description ?? "none"
}
