import MemoryUnits

extension DecisionExplanation: CustomStringConvertible {
    /// The explanation as a few lines of text, from the variables down to the limit.
    public var description: String {
        var lines = ["policy \(policyID) version \(version) (\(status.rawValue)), \(family.rawValue)"]
        if let law { lines[0] += ", law \"\(law)\"" }
        if !variables.isEmpty {
            lines.append("variables")
            lines += table(
                variables.map { [$0.name, $0.shown, $0.state.word, $0.source, $0.isNeeded ? "" : "not used"] }
            )
        }
        if let base {
            lines.append("law")
            var rows = [["base", "", "", bytes(base)]]
            rows += terms.map {
                [$0.name, $0.expression, "x = \($0.value.map(decimal) ?? "?"), \($0.shape)", bytes($0.contribution)]
            }
            lines += table(rows)
        }
        lines.append("decision")
        var rows: [[String]] = []
        if decision.reason == .policy {
            rows.append(["predicted", exact(decision.predicted)])
            let name = decision.usesRescueBound ? "rescue bound" : "bound"
            rows.append([name, exact(decision.bound), calibrationWords])
            rows.append(["headroom", "", "× \(decimal(1 + decision.headroom))"])
            rows.append(["range", "\(minimum) to \(maximum == .max ? "no end" : "\(maximum)")", adjustmentWords])
            rows.append(["tier", "\(tier)", decision.adjustments.contains(.snappedUp) ? "rounded up" : ""])
            rows.append(["input part", exact(decision.inputPart)])
        }
        rows.append(["limit", exact(decision.limit)])
        lines += table(rows)
        lines.append(reason)
        return lines.joined(separator: "\n")
    }

    private var calibrationWords: String {
        let offset = calibration.offsetBytes
        guard let uncertainty, uncertainty > 0 else { return "× \(decimal(1 + calibration.scale)) + \(offset)" }
        return "+ √((× \(decimal(calibration.scale)) + \(offset))² + \(decimal(uncertainty.rounded()))²)"
    }

    private var adjustmentWords: String {
        if decision.adjustments.contains(.raisedToMinimum) { return "raised to the minimum" }
        return decision.adjustments.contains(.cutToMaximum) ? "cut to the maximum" : ""
    }

    private func exact(_ bytes: Bytes) -> String { "\(bytes.rawValue) (\(bytes))" }

    private func bytes(_ value: Double?) -> String { value.map { "\(decimal($0)) bytes" } ?? "?" }

    /// Rows as aligned columns, two blanks in and two blanks apart.
    private func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += "  " + cell + String(repeating: " ", count: width - cell.count)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

extension DecisionExplanation.Variable {
    /// The value with its unit, as a person reads it.
    fileprivate var shown: String {
        guard let text = number.map(decimal) ?? category else { return "-" }
        return unit.map { "\(text) \($0)" } ?? text
    }
}
