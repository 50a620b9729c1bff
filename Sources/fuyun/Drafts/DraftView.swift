import CoordinatorClient
import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import MemoryUnits

/// What a draft is, for people.
enum DraftView {
    /// Shows what leaves this machine.
    static func showRequest(_ request: DraftRequest, to reader: String, on console: Console) {
        let source = request.source
        let bytes = source.files.reduce(0) { $0 + $1.text.utf8.count }
        console.line(Text(request.function, .bold) + Text("  what \(reader) gets:"))
        var table = Table(columns: [.name(""), .words("", minimum: 20)], hasHeading: false, indentation: 2)
        func row(_ name: String, _ value: String, _ style: Style = .plain) {
            table.rows.append([Text(name), Text(value, style)])
        }
        row(
            "source",
            "\(counted(source.files.count, "file")), \(Bytes(UInt64(bytes))): "
                + DraftSource.list(source.files.map(\.path))
        )
        let masked = source.maskedSecrets
        row("secrets", masked == 0 ? "none found" : "\(masked) masked", masked == 0 ? .plain : .yellow)
        if !source.omitted.isEmpty {
            row("left out", DraftSource.list(source.omitted.map { "\($0.path) (\(words($0.reason)))" }))
        }
        if let payload = request.payload {
            row(
                "payload",
                "the shape of \(counted(payload.payloads, "example")): names, types and powers of two of "
                    + counted(payload.leaves.count, "place")
            )
        }
        console.table(table)
    }

    /// Shows drafts, newest first.
    static func table(_ drafts: [CoordinatorAPI.Draft]) -> Table {
        var table = Table(columns: [
            .figure("DRAFT"), .name("STATE"), .figure("AGE"), .name("ASKED BY", leaveOut: 3),
            .name("MODEL", leaveOut: 1), .figure("TOKENS", leaveOut: 2), .name("VERSIONS"),
            .words("SUMMARY", minimum: 20),
        ])
        for draft in drafts {
            let tokens = draft.promptTokens + draft.completionTokens
            table.rows.append([
                Text(String(draft.id)), state(draft), Text(Moments.age(draft.createdAt)),
                Text(words(draft.cause) + (draft.isDryRun ? " (dry run)" : "")), Text(draft.model ?? "-"),
                Text(tokens == 0 ? "-" : String(tokens)),
                Text(draft.versions.isEmpty ? "-" : draft.versions.map(String.init).joined(separator: ", ")),
                Text(draft.summary),
            ])
        }
        return table
    }

    /// Shows one draft: what came of it, its formulas, where they stand, what to do next.
    ///
    /// - Parameter statuses: Where versions stand on the ladder.
    static func show(_ draft: CoordinatorAPI.Draft, _ statuses: [Int: PolicyStatus], on console: Console) {
        console.line(Text(draft.function, .bold) + Text("  draft \(draft.id): ") + state(draft))
        lines(draft.summary, on: console)
        var facts: [String] = []
        if let model = draft.model { facts.append(model) }
        if draft.calls > 0 { facts.append(counted(draft.calls, "question")) }
        let tokens = draft.promptTokens + draft.completionTokens
        if tokens > 0 { facts.append("\(draft.promptTokens) + \(draft.completionTokens) tokens") }
        if let cost = draft.cost { facts.append("cost \(rounded(cost, decimals: 4))") }
        if let ended = draft.endedAt { facts.append("\(max(0, ended - draft.createdAt) / 1000) s") }
        if !facts.isEmpty { console.line(Text(facts.joined(separator: ", "), .dim)) }
        if let text = draft.draft, let whole = try? Draft(json: String(decoding: text, as: UTF8.self)) {
            var versions = draft.versions[...]
            for (place, candidate) in whole.candidates.enumerated() {
                let version = candidate.document == nil ? nil : versions.popFirst()
                show(candidate, place: place + 1, version, version.flatMap { statuses[$0] }, on: console)
            }
            for step in whole.steps {
                guard let problem = step.problem else { continue }
                console.line()
                console.line(Text("\(step.purpose): ", .bold) + Text("no usable answer", .yellow))
                for line in problem.split(separator: "\n").prefix(20) { lines("  " + line, on: console) }
            }
        }
        next(draft, statuses, on: console)
    }

    /// Shows a draft that nobody but this command made.
    static func show(_ draft: Draft, of function: String, on console: Console) {
        console.line(Text(function, .bold) + Text("  ") + outcome(draft.outcome))
        lines(draft.summary, on: console)
        for step in draft.steps {
            for line in (step.problem ?? "").split(separator: "\n") { lines(String(line), on: console) }
        }
        for (place, candidate) in draft.candidates.enumerated() {
            show(candidate, place: place + 1, nil, nil, on: console)
        }
    }

    private static func show(
        _ candidate: DraftCandidate,
        place: Int,
        _ version: Int?,
        _ status: PolicyStatus?,
        on console: Console
    ) {
        console.line()
        var heading = Text("\(place)", .bold)
        if let version { heading = heading + Text("  version \(version)") }
        if let status { heading = heading + Text("  ") + PolicyView.status(status) }
        if candidate.document == nil { heading = heading + Text("  refused", .red) }
        console.line(heading)
        lines(candidate.rationale, on: console)
        if let document = candidate.document, let formula = Formula(document.encoded()) {
            console.line(Text("\(formula.family.rawValue)\(formula.select.map { ", by \($0)" } ?? "")", .dim))
            console.table(Formula.table(formula, replacing: nil))
        }
        for diagnostic in candidate.diagnostics.prefix(20) {
            for (place, line) in Text.wrapped(diagnostic, width: console.width.map { $0 - 2 }).enumerated() {
                console.line(Text(place == 0 ? "! " : "  ", .yellow) + Text(line))
            }
        }
    }

    private static func next(_ draft: CoordinatorAPI.Draft, _ statuses: [Int: PolicyStatus], on console: Console) {
        console.line()
        let name = draft.function
        if draft.state == .open {
            lines("It is still being made: fuyun draft show \(name) \(draft.id)", on: console)
        } else if draft.isDryRun {
            console.line(Text("dry run: nothing was stored", .dim))
        } else if let version = draft.versions.first(where: { statuses[$0] == .shadow }) {
            lines(
                "Version \(version) is in shadow: calls are measured, nothing is limited. After some calls the tuner fits "
                    + "its numbers and moves it on by itself; fuyun policies list \(name) shows how far it is, fuyun tune "
                    + "\(name) --dry-run what is missing.",
                on: console
            )
        } else if let version = draft.versions.first {
            lines("fuyun policies show \(name) \(version) shows it, fuyun policies list \(name) all.", on: console)
        } else {
            lines(
                "Nothing of it became a version. An example of the payload helps (--payload FILE), and so do calls: agents "
                    + "tell what payloads look like.",
                on: console
            )
        }
    }

    private static func lines(_ text: some StringProtocol, on console: Console) {
        for paragraph in text.split(separator: "\n") {
            for line in Text.wrapped(String(paragraph), width: console.width) { console.line(Text(line)) }
        }
    }

    private static func state(_ draft: CoordinatorAPI.Draft) -> Text {
        switch draft.state {
        case .open: Text("open", .yellow)
        case .done: Text("done", .green)
        case .failed: Text("failed", .red)
        }
    }

    private static func outcome(_ outcome: Draft.Outcome) -> Text {
        switch outcome {
        case .drafted: Text("drafted", .green)
        case .library: Text("drafted without a model", .yellow)
        case .unusable: Text("not usable", .red)
        case .empty: Text("nothing", .red)
        }
    }

    private static func words(_ word: String) -> String { word.replacing("_", with: " ") }
}
