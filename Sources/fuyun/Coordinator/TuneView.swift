import FuyunPolicy
import FuyunProtocol

/// What the tuner found, for people.
struct TuneView {
    /// Its report.
    var report: CoordinatorAPI.TuneReport
    /// Whether nothing was changed.
    var isDryRun: Bool

    /// Shows it: the outcome, the formulas side by side, what was tried, what the replay gave.
    func show(on console: Console) {
        console.line(
            Text(report.function, .bold) + Text("  \(counted(report.samples, "sample")): ")
                + Text(report.decision.replacing("_", with: " "), report.proposal == nil ? .plain : .green)
        )
        for line in Text.wrapped(report.why, width: console.width) where !line.isEmpty { console.line(Text(line)) }
        showVersions(on: console)
        showFormulas(on: console)
        showCandidates(on: console)
        showVerification(on: console)
        if isDryRun { console.line() }
        if isDryRun { console.line(Text("dry run: nothing was changed", .dim)) }
    }

    private func showVersions(on console: Console) {
        var table = Table(columns: [.name(""), .figure(""), .words("", minimum: 12)], hasHeading: false)
        if let current = report.current {
            table.rows.append([
                Text("now", .bold), Text(bound(current.meanBound)), Text("mean bound of version \(current.version)"),
            ])
        }
        if let proposal = report.proposal {
            var words = proposal.version.map { "version \($0)" } ?? "mean bound"
            if let status = proposal.status { words += isDryRun ? ", would start as \(status)" : ", \(status)" }
            if let old = report.current?.meanBound, let new = proposal.meanBound, old > 0 {
                let change = (new - old) / old * 100
                words += ", \(change < 0 ? "" : "+")\(rounded(change, decimals: 1)) %"
            }
            table.rows.append([Text("proposed", .bold), Text(bound(proposal.meanBound)), Text(words)])
        }
        guard !table.rows.isEmpty else { return }
        console.line()
        console.table(table)
    }

    private func showFormulas(on console: Console) {
        guard let proposal = report.proposal, let formula = Formula(proposal.document) else { return }
        let earlier = report.current?.document.flatMap(Formula.init)
        console.line()
        let families = [earlier?.family, formula.family].compactMap { $0?.rawValue }
        let form = Set(families).count == 1 ? formula.family.rawValue : families.joined(separator: " → ")
        console.line(Text(form + (formula.select.map { ", by \($0)" } ?? ""), .dim))
        console.table(Formula.table(formula, replacing: earlier))
        guard let old = report.current?.document, let before = try? JSONDocument.parse(old).root,
            let after = try? JSONDocument.parse(proposal.document).root
        else { return }
        // The formula is shown above, and who made a version when says nothing here.
        let shown = ["$.metadata.", "$.logic.coefficients", "$.logic.terms", "$.logic.decision_rationale"]
        let changes = DocumentChanges.between(before, after)
            .filter { change in !shown.contains { change.path.hasPrefix($0) } }
        guard !changes.isEmpty else { return }
        console.line()
        console.table(DocumentChanges.table(changes))
    }

    private func showCandidates(on console: Console) {
        guard !report.candidates.isEmpty else { return }
        console.line()
        let table = candidates(withReasons: true)
        let widest = table.lines(width: nil).lines.map(\.count).max() ?? 0
        guard let width = console.width, widest > width else { return console.table(table) }
        // Reasons are what this is about: where they do not fit beside the figures, they stand below them.
        console.table(candidates(withReasons: false))
        console.line()
        for candidate in report.candidates where !candidate.why.isEmpty {
            for (place, line) in Text.wrapped("\(candidate.name): \(candidate.why)", width: width - 2).enumerated() {
                console.line(Text(place == 0 ? line : "  " + line))
            }
        }
    }

    private func candidates(withReasons: Bool) -> Table {
        var table = Table(columns: [
            .name(""), .words("TRIED", minimum: 20), .figure("MEAN BOUND"), .figure("LEFT OUT"), .words("WHY"),
        ])
        for candidate in report.candidates {
            let style: Style = candidate.isChosen ? .green : .plain
            table.rows.append([
                Text(candidate.isChosen ? "→" : "", style), Text(candidate.name, style),
                Text(bound(candidate.meanBound)), Text(String(candidate.missesLeftOut)),
                Text(withReasons ? candidate.why : ""),
            ])
        }
        return table
    }

    private func showVerification(on console: Console) {
        guard let verification = report.verification else { return }
        console.line()
        let misses = verification.misses
        console.line(
            Text("replay of the last \(counted(verification.replayed, "call")): ")
                + Text(misses == 0 ? "enough for all" : "not enough for \(misses)", misses == 0 ? .green : .red)
        )
        for problem in verification.problems { console.line(Text("  \(problem)", .red)) }
    }

    private func bound(_ bytes: Double?) -> String { bytes.map(quantity) ?? "-" }
}
