/// Every measure of every strategy.
struct ScoreTable {
    let result: ReplayResult

    /// A column of the page's table.
    private struct Column {
        var head: String
        var title: String
        var cell: (StrategyResult, WindowResult) -> String
    }

    private static func interval(_ estimate: Estimate?, _ show: (Double) -> String) -> String {
        guard let estimate else { return "–" }
        let range = "\(show(estimate.lower)) to \(show(estimate.upper))"
        return "\(show(estimate.value))<span class=\"interval\">\(range)</span>"
    }

    private static var columns: [Column] {
        [
            Column(head: "Failed", title: "First attempts killed, per cent of all calls; interval at 95 %") {
                _,
                window in
                interval(window.firstFailures, Numeral.percent)
            },
            Column(head: "Failed, mean", title: "The same, mean over groups") { _, window in
                interval(window.meanFailures, Numeral.percent)
            },
            Column(head: "Waste", title: "Σ(limit − need)/Σ limit over calls that finished at once, mean over groups") {
                _,
                window in
                interval(window.meanWaste) { Numeral.fixed($0, 3) }
            },
            Column(head: "Waste / use", title: "(reserved − used)/used in byte-seconds, failed attempts included") {
                _,
                window in
                interval(window.wasteOverUse) { Numeral.fixed($0, 3) }
            },
            Column(head: "MAQ", title: "Memory allocation quality: used/reserved") { _, window in
                window.pooled.allocationQuality.map { Numeral.fixed($0, 3) } ?? "–"
            },
            Column(head: "GB·s", title: "Gigabyte-seconds reserved, failed attempts included") { _, window in
                Numeral.short(window.pooled.gigabyteSeconds)
            },
            Column(head: "Retries", title: "Attempts after the first, per 100 calls") { _, window in
                Numeral.fixed(window.pooled.retriesPerCall * 100, 2)
            },
            Column(head: "Raised", title: "Calls raised in flight, per cent") { _, window in
                Numeral.percent(window.meanRescued?.value ?? window.pooled.rescuedShare)
            },
            Column(head: "Finished", title: "Calls that finished at last, per cent") { _, window in
                Numeral.percent(window.pooled.finalSuccess)
            },
            Column(head: "Exact or over", title: "Calls whose first limit was not below the need, per cent") {
                _,
                window in
                Numeral.percent(window.pooled.exactOrOverShare)
            },
            Column(head: "Reliable after", title: "Calls until the last failure, median over groups and orders") {
                strategy,
                _ in
                strategy.medianReliableAfter.map(Numeral.count) ?? "–"
            },
            Column(head: "Fits", title: "Fits per 100 calls") { strategy, _ in Numeral.fixed(strategy.refitsPer100, 1)
            },
        ]
    }

    /// One table a window.
    var html: String {
        result.options.windows.indices.map { place in
            let window = result.options.windows[place]
            let heads = Self.columns.map { "<th scope=\"col\" title=\"\($0.title.escaped)\">\($0.head)</th>" }.joined()
            let rows = result.strategies.map { strategy in
                let cells = Self.columns.map { "<td>\($0.cell(strategy, strategy.windows[place]))</td>" }.joined()
                let style = ReplayReport.isOurs(strategy.name) ? " class=\"ours\"" : ""
                return "<tr\(style)><th scope=\"row\">\(strategy.name.escaped)</th>\(cells)</tr>"
            }
            return """
                <div class="scroll" tabindex="0" role="region" aria-label="Scores, \(window.words)">
                <table>
                <caption>\(window.words.prefix(1).uppercased())\(window.words.dropFirst()), \
                \(Numeral.count(result.strategies.first?.windows[place].pooled.calls ?? 0)) counted with all orders</caption>
                <thead><tr><th scope="col">Strategy</th>\(heads)</tr></thead>
                <tbody>
                \(rows.joined(separator: "\n"))
                </tbody>
                </table>
                </div>
                """
        }.joined(separator: "\n")
    }

    /// What each column means, for those without a pointer to rest on its head.
    var legend: String {
        "<dl>" + Self.columns.map { "<dt>\($0.head)</dt><dd>\($0.title.escaped).</dd>" }.joined(separator: "\n")
            + "</dl>"
    }

    /// The same at full precision.
    var table: Table {
        var table = Table(columns: [
            "strategy", "window", "calls", "presets", "first_failures", "failures", "failures_lower", "failures_upper",
            "mean_failures", "mean_failures_lower", "mean_failures_upper", "waste", "mean_waste", "mean_waste_lower",
            "mean_waste_upper", "waste_over_use", "waste_over_use_lower", "waste_over_use_upper", "maq", "gb_seconds",
            "retries", "rescued", "final_success", "exact_or_over", "reliable_after_median", "refits_per_100",
        ])
        for strategy in result.strategies {
            for window in strategy.windows {
                let score = window.pooled
                func three(_ estimate: Estimate?) -> [Double?] { [estimate?.value, estimate?.lower, estimate?.upper] }
                var numbers: [Double?] = [Double(score.calls), Double(score.presets), Double(score.firstFailures)]
                numbers += three(window.firstFailures) + three(window.meanFailures) + [score.waste]
                numbers += three(window.meanWaste) + three(window.wasteOverUse)
                numbers += [score.allocationQuality, score.gigabyteSeconds, Double(score.retries)]
                numbers += [
                    window.meanRescued?.value ?? score.rescuedShare, score.finalSuccess, score.exactOrOverShare,
                ]
                numbers += [strategy.medianReliableAfter.map(Double.init), strategy.refitsPer100]
                table.rows.append([strategy.name, window.window.description] + numbers.map(Table.number))
            }
        }
        return table
    }
}
