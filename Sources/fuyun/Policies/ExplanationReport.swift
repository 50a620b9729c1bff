import FuyunPolicy
import MemoryUnits

/// What `fuyun policy explain` says.
struct ExplanationReport {
    /// The decision with what led to it.
    var explanation: DecisionExplanation
    /// The bytes of the payload that were looked at.
    var kept: Int
    /// The size of the whole payload.
    var length: UInt64
    /// How far the version reaches.
    var reach: PolicyReach

    /// One step from the prediction to the limit.
    struct Step {
        /// The name, for people and as a key.
        var name: String
        /// The bytes after the step.
        var bytes: Double
        /// What the step did.
        var how: String
    }

    /// The steps from the prediction to the limit; none when the preset applies.
    var steps: [Step] {
        let decision = explanation.decision
        guard decision.reason == .policy, let base = explanation.base else { return [] }
        let predicted = explanation.terms.reduce(base) { $0 + ($1.contribution ?? 0) }
        let calibration = explanation.calibration
        let margin = predicted * calibration.scale + Double(calibration.offsetBytes)
        let uncertainty = explanation.uncertainty ?? 0
        // Exactly as the decision has it where nothing widens the bound.
        let bound =
            predicted + (uncertainty > 0 ? (margin * margin + uncertainty * uncertainty).squareRoot() : margin)
        let wanted = Bytes(roundingUp: bound * (1 + decision.headroom)) ?? .max
        let clipped = min(max(wanted, explanation.minimum), explanation.maximum)
        let scale = rounded(calibration.scale, decimals: 6)
        return [
            Step(name: "predicted", bytes: Double(decision.predicted.rawValue), how: "base + terms"),
            Step(
                name: "bound",
                bytes: Double(decision.bound.rawValue),
                how: calibration == PolicyCalibration()
                    ? "no calibration"
                    : "calibration: × (1 + \(scale)) + \(calibration.offsetBytes)"
                        + (uncertainty > 0
                            ? ", wider for \(Bytes(roundingUp: uncertainty) ?? .max) of uncertainty" : "")
            ),
            Step(
                name: "headroom",
                bytes: Double(wanted.rawValue),
                how: "+ \(rounded(decision.headroom * 100, decimals: 4)) %"
            ),
            Step(name: "clip", bytes: Double(clipped.rawValue), how: "\(range)\(clipWords)"),
            Step(
                name: "tier",
                bytes: Double(decision.limit.rawValue),
                how: explanation.tier.rawValue < 2
                    ? "no tier"
                    : "\(decision.adjustments.contains(.snappedUp) ? "rounded up to" : "is") a multiple of "
                        + "\(explanation.tier)"
                        + (decision.limit == explanation.maximum ? ", or the maximum" : "")
            ),
        ]
    }

    private var range: String {
        let end = explanation.maximum == .max ? "no end" : "\(explanation.maximum)"
        return "within \(explanation.minimum) … \(end)"
    }

    private var clipWords: String {
        let adjustments = explanation.decision.adjustments
        if adjustments.contains(.raisedToMinimum) { return ": raised to the minimum" }
        return adjustments.contains(.cutToMaximum) ? ": cut to the maximum" : ""
    }

    /// How the reading of the payload went, in words.
    var payload: String {
        let size = UInt64(kept) == length ? "\(length) bytes" : "the first \(kept) of \(length) bytes"
        let hasBodyVariables = explanation.variables.contains {
            $0.source.hasPrefix("json") || $0.source.hasPrefix("number_of")
        }
        guard hasBodyVariables else { return size }
        let end =
            switch explanation.scanEnd {
            case .complete: "read to the end"
            case .stoppedEarly: "read as far as needed"
            case .cut: "read to where it is cut"
            case .malformed: "not JSON"
            case .tooDeep: "nested too deep"
            case .empty: "empty"
            }
        return "\(size), \(end)"
    }

    // MARK: For people

    /// Writes the report for people.
    func write(to console: Console) {
        var title = "version \(explanation.version), \(explanation.status.rawValue): \(word(explanation.family))"
        if let law = explanation.law { title += ", law \"\(law)\"" }
        console.line(Text(explanation.policyID, .bold) + Text("  \(title)"))
        console.line(Text("payload: \(payload)", .dim))
        if !explanation.variables.isEmpty {
            console.line()
            console.table(variables)
        }
        if explanation.base != nil {
            console.line()
            console.table(terms)
        }
        console.line()
        console.table(decision)
        console.line()
        let style: Style = explanation.decision.reason == .policy ? .plain : .yellow
        for line in Text.wrapped(explanation.reason, width: console.width) { console.line(Text(line, style)) }
        for line in Text.wrapped(reach.sentence, width: console.width) { console.line(Text(line)) }
    }

    private func word(_ family: PolicyLogic.Family) -> String {
        family == .piecewiseLinear ? "piecewise linear" : family.rawValue
    }

    private var variables: Table {
        var table = Table(columns: [
            .name("VARIABLE"), .figure("VALUE"), .name("UNIT", leaveOut: 1), .name("STATE"), .path("SOURCE"),
        ])
        for variable in explanation.variables {
            let value = variable.number.map(plain) ?? variable.category ?? "-"
            let isGood = variable.state == .value
            let state = variable.state.word + (variable.isNeeded ? "" : ", not used")
            table.rows.append([
                Text(variable.name), Text(value), Text(variable.unit ?? ""),
                Text(state, isGood ? .plain : variable.state.isUsable ? .dim : .yellow), Text(variable.source),
            ])
        }
        return table
    }

    private var terms: Table {
        var table = Table(columns: [
            .name("TERM"), .words("EXPRESSION", minimum: 12), .figure("VALUE OF X"),
            .words("LAW", minimum: 7, leaveOut: 1),
            .figure("BYTES"),
        ])
        table.rows.append(["base", "", "", "", Text(explanation.base.map(plain) ?? "-")])
        for term in explanation.terms {
            table.rows.append([
                Text(term.name), Text(term.expression), Text(term.value.map(plain) ?? "-"), Text(term.shape),
                Text(term.contribution.map(plain) ?? "-"),
            ])
        }
        return table
    }

    private var decision: Table {
        var table = Table(columns: [.name("STEP"), .figure("BYTES"), .figure(""), .words("HOW", minimum: 12)])
        for step in steps {
            table.rows.append([
                Text(step.name), Text(plain(step.bytes)), Text("\(Bytes(roundingUp: step.bytes) ?? .max)"),
                Text(step.how),
            ])
        }
        let limit = explanation.decision.limit
        let isPreset = explanation.decision.reason != .policy
        table.rows.append([
            Text("limit", .bold), Text("\(limit.rawValue)", .bold), Text("\(limit)", .bold),
            Text(isPreset ? "the preset: \(explanation.decision.reason.rawValue)" : ""),
        ])
        return table
    }

    // MARK: For programs

    /// The report for programs.
    var json: JSONValue {
        let decision = explanation.decision
        return .object([
            ("policy_id", .string(explanation.policyID)),
            ("version", .integer(explanation.version)),
            ("status", .string(explanation.status.rawValue)),
            ("mode", reach.mode.map { .string($0.rawValue) } ?? .null),
            ("type", .string(explanation.family.rawValue)),
            ("law", explanation.law.map { .string($0) }),
            (
                "payload",
                .object([
                    ("bytes", .integer(length)), ("kept_bytes", .integer(kept)),
                    ("end", .string("\(explanation.scanEnd)")),
                ])
            ),
            ("variables", .array(explanation.variables.map(json))),
            ("base_bytes", explanation.base.map { .number($0) }),
            ("terms", .array(explanation.terms.map(json))),
            (
                "steps",
                .array(
                    steps.map {
                        .object([("step", .string($0.name)), ("bytes", .number($0.bytes)), ("how", .string($0.how))])
                    }
                )
            ),
            ("minimum_bytes", .bytes(explanation.minimum)),
            ("maximum_bytes", .bytes(explanation.maximum)),
            ("tier_bytes", .bytes(explanation.tier)),
            ("headroom", .number(decision.headroom)),
            ("input_part_bytes", .bytes(decision.inputPart)),
            ("limit_bytes", .bytes(decision.limit)),
            ("reason", .string(decision.reason.rawValue)),
            ("message", .string(explanation.reason)),
        ])
    }

    private func json(_ variable: DecisionExplanation.Variable) -> JSONValue {
        .object([
            ("name", .string(variable.name)),
            ("value", variable.number.map { .number($0) } ?? variable.category.map { .string($0) } ?? .null),
            ("unit", variable.unit.map { .string($0) }),
            ("state", .string(variable.state.word)),
            ("source", .string(variable.source)),
            ("needed", .bool(variable.isNeeded)),
        ])
    }

    private func json(_ term: DecisionExplanation.Term) -> JSONValue {
        .object([
            ("name", .string(term.name)),
            ("expression", .string(term.expression)),
            ("value", term.value.map { .number($0) } ?? .null),
            ("law", .string(term.shape)),
            ("coefficient", term.coefficient.map { .number($0) }),
            ("bytes", term.contribution.map { .number($0) } ?? .null),
        ])
    }
}
