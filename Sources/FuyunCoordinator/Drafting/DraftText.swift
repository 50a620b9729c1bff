import FuyunDrafter
import FuyunPolicy

/// Drafts as they are kept and told of, within bounds.
enum DraftText {
    /// The largest record that is kept, in bytes.
    static let maximumRecord = 1 << 20
    /// The longest message of an event, in bytes.
    static let maximumMessage = 3_900

    /// At most so many bytes of a text, cut between characters.
    static func cut(_ text: String, to length: Int) -> String {
        guard text.utf8.count > length else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: length - 3)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return text[..<end] + "…"
    }

    /// The draft as it is kept: long questions and answers are cut where the whole would be too much.
    static func record(_ draft: Draft) -> String? {
        for keep in [Int.max, 16 << 10, 1 << 10] {
            var kept = draft
            if keep < Int.max {
                for index in kept.steps.indices {
                    kept.steps[index].answer = kept.steps[index].answer.map { cut($0, to: keep) }
                    kept.steps[index].question = kept.steps[index].question.map {
                        ChatMessage(role: $0.role, content: cut($0.content, to: keep))
                    }
                }
            }
            let text = kept.json()
            if text.utf8.count <= maximumRecord { return text }
        }
        return nil
    }

    /// What came of a draft, for people: the summary, then each candidate with its rationale and what is wrong with it.
    static func message(_ draft: Draft, versions: [Int], obstacle: String?) -> String {
        var lines = [cut(draft.summary, to: 1_000)]
        if !versions.isEmpty {
            lines.append("Stored as version \(versions.map(String.init).joined(separator: ", ")).")
        }
        if let obstacle { lines.append("Not in shadow: \(obstacle).") }
        for (index, candidate) in draft.candidates.prefix(8).enumerated() {
            let kind = candidate.document == nil ? "refused" : candidate.document.map(formula) ?? ""
            lines.append("\(index + 1). \(cut(kind, to: 300)): \(cut(candidate.rationale, to: 400))")
            lines += candidate.diagnostics.prefix(3).map { "   - \(cut($0, to: 240))" }
        }
        return cut(lines.joined(separator: "\n"), to: maximumMessage)
    }

    /// A document's formula without its numbers.
    static func formula(_ document: PolicyDocument) -> String {
        document.logic.laws.map { law in
            let terms = law.terms.map { term in
                switch term.shape {
                case .linear: "c × (\(term.expression))"
                case .power: "c × (\(term.expression))^p"
                case .exponential: "c × e^(r × (\(term.expression)))"
                case .piecewiseLinear: "polyline(\(term.expression))"
                }
            }
            return (law.value.map { "\($0): " } ?? "") + (["base"] + terms).joined(separator: " + ")
        }.joined(separator: "; ")
    }
}
