import FuyunPolicy
import MemoryUnits

/// The report as one HTML document.
struct ReportPage {
    let report: ReplayReport

    private var result: ReplayResult { report.result }

    /// The document.
    var html: String {
        Self.document(
            title: "Replay: \(result.title)",
            body: """
                <main>
                <header>
                <p class="kicker">Fuyun replay</p>
                <h1>\(result.title.escaped)</h1>
                <p class="facts">\(facts)</p>
                </header>
                \(tiles)
                \(report.figures.map(Self.section).joined(separator: "\n"))
                \(scores)
                \(notes)
                </main>
                """
        )
    }

    /// One figure alone, for a picture.
    static func single(_ figure: Figure, _ drawing: Drawing) -> String {
        document(
            title: figure.title,
            body: """
                <div class="single"><h2>\(figure.title.escaped)</h2>
                \(drawing.svg(id: figure.id, title: figure.title, description: figure.description))
                </div>
                """,
            isLight: true
        )
    }

    static func document(title: String, body: String, isLight: Bool = false) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="\(isLight ? "light" : "light dark")">
        <title>\(title.escaped)</title>
        <style>
        \(isLight ? ReportStyle.light : ReportStyle.sheet)
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }

    // MARK: - Parts

    private var facts: String {
        let options = result.options
        var facts = ["\(Numeral.count(result.rows)) calls"]
        if result.groups.count > 1 { facts.append("\(Numeral.count(result.groups.count)) groups") }
        facts.append("\(Numeral.count(result.strategies.count)) strategies")
        switch options.order {
        case .given: facts.append("in the order given")
        case .shuffled(let runs):
            facts.append("\(Numeral.count(runs)) random order\(runs == 1 ? "" : "s"), seed \(options.seed)")
        }
        if let first = options.learnsFirst { facts.append("learnt from the first \(first), scored on the rest") }
        facts.append("limits in steps of \(Numeral.bytes(Double(options.grant.tier.rawValue)))")
        facts.append("\(Numeral.bytes(Double(options.grant.preset.rawValue))) until there is a prediction")
        return facts.joined(separator: " · ")
    }

    /// The first of our strategies in three numbers.
    private var tiles: String {
        guard result.rows > 0,
            let ours = result.strategies.first(where: { ReplayReport.isOurs($0.name) }),
            let window = ours.windows.last
        else { return "" }
        let failures = result.groups.count > 1 ? window.meanFailures ?? window.firstFailures : window.firstFailures
        var tiles = [
            (
                "First attempts that failed", Numeral.percent(failures.value) + " %",
                "95 %: \(Numeral.percent(failures.lower)) to \(Numeral.percent(failures.upper)) %"
            )
        ]
        if let waste = window.meanWaste {
            tiles.append(
                (
                    "Waste ratio", Numeral.fixed(waste.value, 3),
                    "95 %: \(Numeral.fixed(waste.lower, 3)) to \(Numeral.fixed(waste.upper, 3))"
                )
            )
        }
        if result.options.learnsFirst == nil {
            let after = ours.medianReliableAfter
            tiles.append(
                ("Reliable after", after.map { "\(Numeral.count($0)) calls" } ?? "–", "median over groups and orders")
            )
        }
        let items = tiles.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd><dd class=\"interval\">\($0.2)</dd></div>" }
        return """
            <section class="glance" aria-label="At a glance">
            <p><strong>\(ours.name.escaped)</strong>, \(window.window.words)</p>
            <dl>\(items.joined())</dl>
            </section>
            """
    }

    static func section(_ figure: Figure) -> String {
        func svg(_ width: Double, _ name: String) -> String {
            let drawing = figure.draw(width)
            let id = "\(figure.id)-\(name)"
            return
                "<div class=\"\(name)\">\(drawing.svg(id: id, title: figure.title, description: figure.description))</div>"
        }
        return """
            <section id="\(figure.id)">
            <h2>\(figure.title.escaped)</h2>
            <figure>
            \(svg(Figure.wide, "wide"))
            \(svg(Figure.narrow, "narrow"))
            <figcaption>\(figure.caption.escaped) <a href="\(figure.id).csv">Data (CSV)</a></figcaption>
            </figure>
            </section>
            """
    }

    private var scores: String {
        guard !result.strategies.isEmpty, result.rows > 0 else {
            return "<p>There is nothing to show: no calls, or no strategies.</p>"
        }
        let table = ScoreTable(result: result)
        return """
            <section id="table">
            <h2>All measures</h2>
            \(table.html)
            <p class="note"><a href="table.csv">Data (CSV)</a></p>
            <details><summary>What the columns mean</summary>
            \(table.legend)
            </details>
            </section>
            """
    }

    private var notes: String {
        let strategies = result.strategies.map {
            "<dt>\($0.name.escaped)</dt><dd>\($0.summary.escaped)</dd>"
        }
        let repeating = report.command.map { "<h3>To repeat it</h3>\n<pre>\($0.escaped)</pre>\n" } ?? ""
        return """
            <section id="notes">
            <h2>Reading it</h2>
            <ul>
            <li>Every strategy sees a call's features, gives a limit, and learns only what an operator could have seen: a kill says \
            “more than the limit”, and the retry costs what it costs.</li>
            <li>No failure in n calls still allows for a rate of 3/n (at 95 %); intervals of means are bootstrapped over groups and \
            orders. Orders of the same calls are not new calls.</li>
            <li>Waste over use follows the few groups that hold most of the memory and time; the mean over groups counts each \
            alike. Read both.</li>
            <li>Shuffled orders hide drift; orders as given show it once.</li>
            </ul>
            <h3>The strategies</h3>
            <dl>\(strategies.joined(separator: "\n"))</dl>
            \(repeating)</section>
            """
    }
}
