import CoordinatorClient
import FuyunPolicy
import FuyunProtocol

/// Versions of policies, for people.
enum PolicyView {
    /// The table of versions.
    static func table(_ items: [CoordinatorAPI.PolicyItem]) -> Table {
        var table = Table(columns: [
            .figure("VERSION"), .name("STATUS"), .figure("SINCE"), .figure("CALLS"), .figure("MISSES"),
            .figure("WASTE"), .name("BY", leaveOut: 2), .figure("AFTER", leaveOut: 3),
            .words("WHY", minimum: 30, leaveOut: 1),
        ])
        for item in items {
            let misses = item.figures?.misses ?? 0
            table.rows.append([
                Text(String(item.version)), status(item.status), Text(Moments.age(item.statusSince)),
                Text(item.figures.map { String($0.calls) } ?? "-"),
                Text(item.figures.map { String($0.misses) } ?? "-", misses > 0 ? .red : .plain),
                Text(share(item.figures?.waste)), Text(item.author),
                Text(item.supersedes.map(String.init) ?? "-"), Text(item.reason),
            ])
        }
        return table
    }

    /// Shows one version.
    static func show(_ policy: CoordinatorAPI.Policy, on console: Console) {
        let item = policy.item
        console.line(
            Text(policy.function, .bold) + Text("  version \(item.version), ") + status(item.status)
                + Text(" for \(Moments.age(item.statusSince))")
        )
        for line in Text.wrapped(item.reason, width: console.width) where !line.isEmpty { console.line(Text(line)) }
        console.line()
        var facts = Table(columns: [.name(""), .words("", minimum: 20)], hasHeading: false)
        func row(_ name: String, _ value: String) { facts.rows.append([Text(name, .bold), Text(value)]) }
        row("made by", "\(item.author), \(Moments.stamp(item.createdAt))")
        if let earlier = item.supersedes { row("takes the place of", "version \(earlier)") }
        if let figures = item.figures {
            row(
                "calls kept",
                "\(figures.calls), \(figures.misses) \(figures.misses == 1 ? "miss" : "misses"), "
                    + "waste \(share(figures.waste))"
            )
        }
        let root = (try? JSONDocument.parse(policy.document))?.root
        if let safety = root?["safety"] {
            row("headroom", share(safety["headroom"]?.number))
            if let calibration = safety["calibration"] {
                row("calibration", String(decoding: calibration.encoded(pretty: false), as: UTF8.self))
            }
        }
        console.table(facts)
        console.line()
        guard let formula = Formula(policy.document) else {
            return console.raw(pretty(policy.document))
        }
        console.line(Text("\(formula.family.rawValue)\(formula.select.map { ", by \($0)" } ?? "")", .dim))
        console.table(Formula.table(formula, replacing: nil))
    }

    /// The version that is meant: the one named, else the active one, else the newest.
    static func version(
        _ version: Int?,
        of name: String,
        _ client: CoordinatorClient
    ) async throws(CoordinatorError) -> Int {
        if let version { return version }
        let function = try await client.answer(to: .function(name))
        if let active = function.activeVersion { return active }
        guard function.newestVersion > 0 else {
            throw CoordinatorError(
                .refused,
                "\(name) has no policy",
                advice: "fuyun policies add \(name) FILE adds one"
            )
        }
        return function.newestVersion
    }

    /// A document as people read it.
    static func pretty(_ document: [UInt8]) -> [UInt8] {
        (try? JSONDocument.parse(document))?.root.encoded() ?? document
    }

    /// A status in its colour.
    static func status(_ status: PolicyStatus) -> Text {
        switch status {
        case .active: Text(status.rawValue, .green)
        case .canary, .shadow: Text(status.rawValue, .yellow)
        case .draft: Text(status.rawValue)
        case .retired: Text(status.rawValue, .dim)
        }
    }

    /// A share in per cent.
    static func share(_ share: Double?) -> String { share.map { "\(rounded($0 * 100, decimals: 1)) %" } ?? "-" }
}
