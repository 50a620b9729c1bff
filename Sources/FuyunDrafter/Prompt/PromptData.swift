import FuyunPolicy
import MemoryUnits

/// The parts of the question that come from outside, each between fences that nothing inside can close.
struct PromptData {
    private let request: DraftRequest
    private let fence: String
    private let parts: PromptSource

    init(_ request: DraftRequest) {
        self.request = request
        parts = PromptSource(request.source)
        // The fence's name follows from the text itself, so no text can hold the name of its own fence.
        var digest = SHA256()
        for file in request.source.files {
            digest.update(file.path.utf8)
            digest.update(file.text.utf8)
        }
        for note in request.knowledge { digest.update(note.text.utf8) }
        for leaf in request.payload?.leaves ?? [] { digest.update(leaf.pointer.utf8) }
        for attempt in request.evidence?.tried ?? [] { digest.update(attempt.formula.utf8) }
        for row in request.evidence?.rows ?? [] { digest.update(row.values.joined(separator: " ").utf8) }
        fence = "DATA-" + digest.finish().prefix(16)
    }

    private func fenced(_ title: String, _ lines: [String]) -> [String] {
        ["<<<\(fence) \(DraftPrompt.oneLine(title))"] + lines + ["\(fence)>>>"]
    }

    // MARK: Payload

    var payload: [String] {
        guard let shape = request.payload, shape.payloads > 0 else {
            return ["Nothing is known of them; take the places from the source, from the root of the request body."]
        }
        var lines = [
            "Seen in \(shape.payloads) payload\(shape.payloads == 1 ? "" : "s"), values left out; sizes are rounded outward to "
                + "powers of two. The size of a number is its value, of a text its bytes, of an array or object its members."
        ]
        if let body = shape.bodyBytes { lines.append("Length of the request body: \(words(body)) bytes") }
        let rows = shape.leaves.prefix(PayloadShape.maximumLeaves).map { leaf in
            let place =
                leaf.pointer.isEmpty
                ? "(the body itself)" : String(quoted(leaf.pointer, limit: 200).dropFirst().dropLast())
            var row = "\(place)  \(leaf.kind.words)"
            if leaf.kind == .number || leaf.kind == .numericText {
                row += leaf.isInteger ? ", whole" : ", with a fraction"
            }
            if let range = leaf.range { row += ", size \(words(range))" }
            return row + (leaf.count < shape.payloads ? ", in \(leaf.count) of \(shape.payloads)" : "")
        }
        lines += fenced("places in the request body", Array(rows))
        return lines
    }

    private func words(_ range: MagnitudeRange) -> String {
        range.lower == range.upper ? number(range.lower) : "\(number(range.lower)) to \(number(range.upper))"
    }

    // MARK: Notes

    var notes: [String] {
        var room = DraftPrompt.notesBudget
        var lines: [String] = []
        for note in request.knowledge where room > 0 {
            let text = note.text.prefix(bytes: room)
            room -= text.utf8.count
            let cut = text.utf8.count < note.text.utf8.count ? " (cut)" : ""
            lines += fenced("note \(note.name)\(cut)", [String(text)])
        }
        return lines
    }

    // MARK: Evidence

    var evidence: [String] {
        guard let evidence = request.evidence else { return [] }
        var lines = [
            "Earlier formulas did not fit what was measured. Look for what they miss: another input, a cap, a product, a "
                + "category with laws of its own, or nothing in the payload at all.",
            "Why you are asked again: \(DraftPrompt.oneLine(evidence.reason))",
        ]
        if !evidence.tried.isEmpty {
            let tried = evidence.tried.prefix(12).map {
                "median error \(percent($0.relativeError)): \(DraftPrompt.oneLine(String($0.formula.prefix(bytes: 400))))"
            }
            lines += fenced("formulas that were tried", Array(tried))
        }
        if !evidence.rows.isEmpty {
            let header = (evidence.features.map(DraftPrompt.oneLine) + ["needed_bytes", "predicted_bytes"]).joined(
                separator: " | "
            )
            let rows = evidence.rows.prefix(DraftPrompt.maximumRows).map { row in
                let need = (row.isCensored ? "more than " : "") + "\(row.need.rawValue)"
                let predicted = row.predicted.map { "\($0.rawValue)" } ?? "-"
                return (row.values.map(DraftPrompt.oneLine) + [need, predicted]).joined(separator: " | ")
            }
            lines += fenced("runs, the instructive ones", [header] + rows)
        }
        return lines
    }

    private func percent(_ share: Double) -> String {
        share.isFinite ? "\(Int((min(max(share, 0), 1e6) * 100).rounded())) %" : "unbounded"
    }

    // MARK: Source

    var source: [String] {
        let bundle = request.source
        guard !parts.parts.isEmpty else { return ["There is none; judge by the payloads and the function's name."] }
        var lines: [String] = []
        if bundle.maskedSecrets > 0 {
            lines.append("\(bundle.maskedSecrets) secret\(bundle.maskedSecrets == 1 ? " was" : "s were") removed.")
        }
        if parts.parts.contains(where: \.isCut) || !parts.dropped.isEmpty {
            lines.append(
                "The source is long. It is cut to \(PromptSource.budget >> 10) KiB (\(PromptSource.fileBudget >> 10) KiB a file): the "
                    + "handler's file first, then files that it names, then the rest."
            )
        }
        for part in parts.parts {
            let cut = part.isCut ? " (the first \(part.text.utf8.count) of \(part.bytes) bytes)" : ""
            lines += fenced(
                "file \(part.path)\(cut)",
                [part.text.hasSuffix("\n") ? String(part.text.dropLast()) : part.text]
            )
        }
        let left = parts.dropped.map { "\($0)  no room" } + bundle.omitted.map { "\($0.path)  \($0.reason)" }
        if !left.isEmpty {
            var rows = left.prefix(PromptSource.maximumNames).map(DraftPrompt.oneLine)
            if left.count > rows.count { rows.append("and \(left.count - rows.count) more") }
            lines += fenced("files that are not shown, and why", rows)
        }
        return lines
    }
}

extension PayloadLeaf.Kind {
    fileprivate var words: String {
        switch self {
        case .numericText: "text that is a number"
        default: rawValue
        }
    }
}
