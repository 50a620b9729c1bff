import FuyunPolicy
import MemoryUnits

/// What `fuyun explain` says of one call.
struct CallReport {
    /// The call's id.
    var id: String
    /// The agent's answer: `state`, `cgroup`, `begin` (what the caller was answered) and `observation`.
    var answer: JSONValue

    private var begin: JSONValue? { answer["begin"] }
    private var decision: JSONValue? { begin?["decision"].flatMap { $0.isNull ? nil : $0 } }
    private var observation: JSONValue? { answer["observation"].flatMap { $0.isNull ? nil : $0 } }

    /// Writes the report for people.
    func write(to console: Console) {
        let state = answer["state"]?.text ?? "?"
        console.line(
            Text(begin?["function"]?.text ?? "?", .bold) + Text("  call \(id), ")
                + Text(state, state == "running" ? .green : .plain)
        )
        console.line(Text(answer["cgroup"]?.text ?? "", .dim))
        console.line()
        console.table(decisionTable)
        if let features = features, !features.rows.isEmpty {
            console.line()
            console.table(features)
        }
        guard let observation else { return }
        console.line()
        console.table(outcomeTable(observation))
        if let oom = observation["oom"], !oom.isNull {
            console.line()
            console.line(Text("out of memory: \(words(oom["class"]?.text))", .red))
            for evidence in oom["evidence"]?.elements ?? [] { console.line(Text("  \(evidence.text ?? "")")) }
        }
    }

    private func words(_ name: String?) -> String { name.map { String($0.map { $0 == "_" ? " " : $0 }) } ?? "-" }

    private func facts() -> Table {
        Table(columns: [.name(""), .figure(""), .words("", minimum: 12)], hasHeading: false)
    }

    private var decisionTable: Table {
        var table = facts()
        func row(_ name: String, _ value: String, _ note: String = "") {
            table.rows.append([Text(name, .bold), Text(value), Text(note)])
        }
        if let decision {
            let version = decision["policy_version"]?.figure ?? "?"
            row(
                "reason",
                words(decision["reason"]?.text),
                "policy version \(version), mode \(begin?["mode"]?.text ?? "?")"
            )
            if decision["reason"]?.text == DecisionReason.policy.rawValue {
                row("predicted", size(decision["predicted_bytes"]))
                row("bound", size(decision["bound_bytes"]), "calibrated")
                let headroom = (decision["headroom"]?.number ?? 0) * 100
                let adjustments = (decision["adjustments"]?.elements ?? []).map { words($0.text) }
                row(
                    "decided",
                    size(decision["limit_bytes"]),
                    (["headroom \(rounded(headroom, decimals: 2)) %"] + adjustments).joined(separator: ", ")
                )
            } else {
                row("decided", size(decision["limit_bytes"]), "the preset")
            }
        } else {
            row("reason", "no policy", "mode \(begin?["mode"]?.text ?? "?")")
        }
        var notes: [String] = []
        if begin?["applied"]?.flag == false { notes.append("not applied") }
        if begin?["held"]?.flag == true { notes.append("held up by what the container uses") }
        row("limit", limit(begin?["limit_bytes"]), notes.joined(separator: ", "))
        return table
    }

    private var features: Table? {
        guard let decision else { return nil }
        var table = Table(columns: [.name("FEATURE"), .figure("VALUE")])
        for feature in decision["features"]?.members ?? [] {
            let value = feature.value.number.map(plain) ?? feature.value.text ?? "missing"
            table.rows.append([Text(feature.key), Text(value, value == "missing" ? .yellow : .plain)])
        }
        return table
    }

    private func outcomeTable(_ observation: JSONValue) -> Table {
        var table = facts()
        func row(_ name: String, _ value: String, _ note: String = "") {
            table.rows.append([Text(name, .bold), Text(value), Text(note)])
        }
        var ends: [String] = []
        if let status = observation["http_status"]?.number { ends.append("HTTP \(plain(status))") }
        if let status = observation["exit_status"]?.number { ends.append("exit status \(plain(status))") }
        if observation["thrashing"]?.flag == true { ends.append("thrashing") }
        row("outcome", observation["outcome"]?.text ?? "-", ends.joined(separator: ", "))
        row("duration", observation["duration_ms"]?.number.map { "\(rounded($0, decimals: 1)) ms" } ?? "-")
        let exact = observation["peak_exact"]?.flag == true ? "" : ", not exact"
        row("peak", size(observation["peak_bytes"]), observation["peak_method"]?.text.map { "by \($0)\(exact)" } ?? "")
        row(
            "resident",
            size(observation["resident_highest_bytes"]),
            "\(size(observation["resident_start_bytes"])) at the start, \(size(observation["resident_end_bytes"])) "
                + "at the end"
        )
        let need = observation["need"]
        row(
            "need",
            size(need?["lower_bytes"]),
            need?["upper_bytes"]?.bytes.map { "at least, and at most \($0)" } ?? "at least; how much more is not known"
        )
        row("ceiling", limit(observation["ceiling_bytes"]))
        if let events = observation["events"], !events.isNull {
            let moved = events.members.filter { ($0.value.number ?? 0) > 0 }.map { "\($0.key) +\($0.value.figure)" }
            row("events", moved.isEmpty ? "none" : "\(moved.count)", moved.joined(separator: ", "))
        }
        var notes: [String] = []
        if let others = observation["concurrency"]?.number, others > 1 {
            notes.append("\(plain(others)) calls at once")
        }
        for key in ["overwrites", "reasserts", "rescues"] {
            if let count = observation[key]?.number, count > 0 { notes.append("\(plain(count)) \(key)") }
        }
        row("calls before", observation["warm_index"]?.figure ?? "-", notes.joined(separator: ", "))
        return table
    }

    private func size(_ value: JSONValue?) -> String { value?.bytes?.description ?? "-" }
}
