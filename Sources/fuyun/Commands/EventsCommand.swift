import ArgumentParser
import CoordinatorClient
import FuyunProtocol

/// `fuyun events`.
struct EventsCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Shows what happened: versions made, moved and rolled back, switches, nodes.",
        discussion: """
            With --json one document, or with --follow one document a line.

            EXAMPLES
              fuyun events --last 100
              fuyun events --follow
            """
    )

    @Option(help: ArgumentHelp("How many of the latest events to show.", valueName: "count"))
    var last = 20

    @Option(help: ArgumentHelp("Show those after the event of this number instead.", valueName: "id"))
    var after: Int64?

    @Flag(name: .shortAndLong, help: "Go on with new ones as they come, until interrupted.")
    var follow = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard (0...CoordinatorAccess.mostElements).contains(last) else {
            throw ValidationError("--last takes 0 to \(CoordinatorAccess.mostElements)")
        }
        guard after ?? 0 >= 0 else { throw ValidationError("events are numbered from 1") }
    }

    func run(on console: Console) async throws -> Outcome {
        let access = try coordinator.required()
        let (events, start) = try await access.use { client async throws(CoordinatorError) in
            var start = after ?? 0
            if after == nil { start = max(0, try await client.answer(to: .status()).lastEvent - Int64(last)) }
            let first = String(start)
            return (try await CoordinatorAccess.all(client) { .events(after: $0 ?? first) }, start)
        }
        if follow {
            for event in events { show(event, on: console) }
            return try await follow(access, after: events.last?.id ?? start, on: console)
        }
        if answer.json {
            console.document(CoordinatorAPI.Page(events))
        } else if events.isEmpty {
            console.line("no events")
        } else {
            console.table(Self.table(events))
        }
        return .good
    }

    /// Follows the stream, and takes it up again where it broke.
    private func follow(_ access: CoordinatorAccess, after id: Int64, on console: Console) async throws -> Outcome {
        var last = id
        while true {
            do throws(CommandFailure) {
                try await access.use { client async throws(CoordinatorError) in
                    try await client.follow(after: last) { event in
                        last = max(last, event.id)
                        show(event, on: console)
                        return true
                    }
                }
            } catch {
                guard error.outcome == .away else { throw error }
                console.complain(error.description)
            }
            do { try await Task.sleep(for: .seconds(2)) } catch { return .good }
        }
    }

    private func show(_ event: CoordinatorAPI.Event, on console: Console) {
        if answer.json { return console.document(event) }
        let line = Text(Moments.stamp(event.time), .dim) + Text("  ") + Text(event.kind, .bold)
        let rest = [Self.about(event), event.message].filter { !$0.isEmpty }.map { "  " + $0 }
        console.line(line + Text(rest.joined()))
    }

    /// What an event is about: the version and the function, or the node.
    private static func about(_ event: CoordinatorAPI.Event) -> String {
        [event.version.map { "v\($0)" }, event.function, event.node].compactMap { $0 }.joined(separator: " ")
    }

    private static func table(_ events: [CoordinatorAPI.Event]) -> Table {
        var table = Table(columns: [
            .figure("ID", leaveOut: 2), .name("TIME", leaveOut: 1), .name("EVENT"), .words("ABOUT", minimum: 12),
            .words("MESSAGE", minimum: 24),
        ])
        for event in events {
            table.rows.append([
                Text(String(event.id)), Text(Moments.stamp(event.time), .dim), Text(event.kind, .bold),
                Text(about(event)), Text(event.message),
            ])
        }
        return table
    }
}
