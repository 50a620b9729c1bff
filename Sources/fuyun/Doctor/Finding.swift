import FuyunPolicy

/// What the doctor found about one thing.
struct Finding: Sendable {
    /// How it stands.
    enum State: String, Sendable {
        /// As it should be.
        case good = "ok"
        /// Works, but not as well as it could.
        case warning
        /// Fuyun cannot work, or protects nothing.
        case problem
        /// Could not be looked at; the finding says why.
        case skipped
    }

    /// What was looked at, a word for people and programs.
    var subject: String
    /// How it stands.
    var state: State
    /// What was found.
    var found: String
    /// What to do about it; nil when there is nothing to do.
    var advice: String?

    /// As it should be.
    static func good(_ subject: String, _ found: String, _ advice: String? = nil) -> Finding {
        Finding(subject: subject, state: .good, found: found, advice: advice)
    }

    /// Works, but not as well as it could.
    static func warning(_ subject: String, _ found: String, _ advice: String) -> Finding {
        Finding(subject: subject, state: .warning, found: found, advice: advice)
    }

    /// Fuyun cannot work, or protects nothing.
    static func problem(_ subject: String, _ found: String, _ advice: String) -> Finding {
        Finding(subject: subject, state: .problem, found: found, advice: advice)
    }

    /// Could not be looked at.
    static func skipped(_ subject: String, _ reason: String, _ advice: String? = nil) -> Finding {
        Finding(subject: subject, state: .skipped, found: reason, advice: advice)
    }
}

/// What `fuyun doctor` says.
struct DoctorReport {
    /// The findings, in order.
    var findings: [Finding]

    /// Whether there is no problem.
    var isGood: Bool { !findings.contains { $0.state == .problem } }

    private func count(_ state: Finding.State) -> Int { findings.count { $0.state == state } }

    /// Writes the report for people.
    func write(to console: Console) {
        let subjects = findings.reduce(0) { max($0, $1.subject.count) }
        let indentation = 10 + subjects + 2
        let room = console.width.map { max($0 - indentation, 24) }
        for finding in findings {
            let found = Text.wrapped(finding.found, width: room)
            let head =
                Text(finding.state.rawValue.padded(to: 10), finding.state.style)
                + Text(finding.subject.padded(to: subjects + 2), .bold)
            console.line(head + Text(found[0]))
            let blanks = String(repeating: " ", count: indentation)
            for line in found.dropFirst() { console.line(Text(blanks + line)) }
            guard let advice = finding.advice else { continue }
            let lines = Text.wrapped(advice, width: room.map { $0 - 2 })
            for (index, line) in lines.enumerated() {
                console.line(Text(blanks + (index == 0 ? "→ " : "  ") + line, .dim))
            }
        }
        console.line()
        let parts = [Finding.State.problem, .warning, .good, .skipped].compactMap { state -> String? in
            let count = count(state)
            guard count > 0 || state == .problem else { return nil }
            let word =
                state == .good ? "ok" : state == .skipped ? "skipped" : "\(state.rawValue)\(count == 1 ? "" : "s")"
            return "\(count == 0 ? "no" : "\(count)") \(word)"
        }
        console.line(Text(parts.joined(separator: ", "), isGood ? .green : .red))
    }

    /// The report for programs.
    var json: JSONValue {
        .object([
            ("ok", .bool(isGood)),
            ("problems", .integer(count(.problem))),
            ("warnings", .integer(count(.warning))),
            (
                "findings",
                .array(
                    findings.map { finding in
                        .object([
                            ("subject", .string(finding.subject)), ("state", .string(finding.state.rawValue)),
                            ("found", .string(finding.found)), ("advice", finding.advice.map { .string($0) }),
                        ])
                    }
                )
            ),
        ])
    }
}

extension Finding.State {
    fileprivate var style: Style {
        switch self {
        case .good: .green
        case .warning: .yellow
        case .problem: .red
        case .skipped: .dim
        }
    }
}
