/// How success and waste go with the number of samples that were learnt from, all strategies in one figure.
struct ConvergenceFigures {
    var results: [ReplayResult]

    /// The figures; none when the results are not for different numbers of samples.
    var all: [Figure] {
        let parts = results.compactMap { result in result.options.learnsFirst.map { ($0, result) } }
        guard parts.count > 1, parts.count == results.count else { return [] }
        var table = Table(columns: [
            "strategy", "samples", "success", "success_lower", "success_upper", "waste", "waste_lower", "waste_upper",
        ])
        let names = parts[0].1.strategies.map(\.name)
        var success: [LineFigure.Series] = []
        var waste: [LineFigure.Series] = []
        for name in names {
            var points: (success: [LineFigure.Point], waste: [LineFigure.Point]) = ([], [])
            for (samples, result) in parts {
                guard let window = result.strategies.first(where: { $0.name == name })?.windows.first else { continue }
                let failed = window.meanFailures ?? window.firstFailures
                points.success.append(LineFigure.Point(x: Double(samples), y: 1 - failed.value))
                if let waste = window.meanWaste {
                    points.waste.append(LineFigure.Point(x: Double(samples), y: waste.value))
                }
                let numbers = [
                    1 - failed.value, 1 - failed.upper, 1 - failed.lower, window.meanWaste?.value,
                    window.meanWaste?.lower, window.meanWaste?.upper,
                ]
                table.rows.append([name, String(samples)] + numbers.map(Table.number))
            }
            let isOurs = ReplayReport.isOurs(name)
            success.append(LineFigure.Series(name: name, isOurs: isOurs, points: points.success))
            waste.append(LineFigure.Series(name: name, isOurs: isOurs, points: points.waste))
        }
        let lowest = success.flatMap(\.points).map(\.y).min() ?? 0
        let figure = LineFigure(
            panels: [
                LineFigure.Panel(
                    title: "Success: first attempts that finished",
                    lower: (lowest * 20 - 0.2).rounded(.down) / 20,
                    upper: 1,
                    series: success
                ),
                LineFigure.Panel(title: "Waste: Σ (limit − need) / Σ limit", lower: 0, upper: 1, series: waste),
            ],
            axis: "samples"
        )
        return [
            reliability(parts),
            Figure(
                id: "convergence",
                title: "Success and waste against the number of samples",
                caption: """
                    Each strategy learns from the first samples of a random order and is scored on all other inputs; the mean \
                    over orders. High above and low below is good. Intervals are in the data.
                    """,
                description: zip(success, waste).map { success, waste in
                    "\(success.name): success \(Numeral.fixed(success.points.last?.y ?? .nan, 3)), "
                        + "waste \(Numeral.fixed(waste.points.last?.y ?? .nan, 2)) after the most samples"
                }.joined(separator: "; "),
                table: table,
                draw: figure.draw
            ),
        ]
    }

    /// How many samples each order took until no other input fails, with these and any more samples.
    private func reliability(_ parts: [(Int, ReplayResult)]) -> Figure {
        let parts = parts.sorted { $0.0 < $1.0 }
        var table = Table(columns: ["strategy", "orders", "never", "lower_quartile", "median", "upper_quartile"])
        var rows: [RowFigure.Row] = []
        for name in parts[0].1.strategies.map(\.name) {
            // Of each part whether an order's run had no failure: the orders are the same in all of them.
            let clean = parts.compactMap { part in
                part.1.strategies.first { $0.name == name }?.reliableAfter.joined().map { $0 == 0 }
            }
            let orders = clean.map(\.count).min() ?? 0
            guard clean.count == parts.count, orders > 0 else { continue }
            let samples = (0..<orders).map { order -> Double in
                let tail = clean.reversed().prefix { $0[order] }.count
                return tail == 0 ? .infinity : Double(parts[parts.count - tail].0)
            }.sorted()
            func quantile(_ share: Double) -> Double { samples[min(Int(share * Double(orders)), orders - 1)] }
            let never = samples.count { $0 == .infinity }
            let median = quantile(0.5)
            var label = median.isFinite ? Numeral.short(median) : "more than \(parts[parts.count - 1].0)"
            if never > 0, median.isFinite {
                label += ", more \(Numeral.fixed(Double(never * 100) / Double(orders), 0)) %"
            }
            let mark = RowFigure.Mark(
                value: median.isFinite ? median : nil,
                lower: quantile(0.25),
                upper: quantile(0.75),
                label: label
            )
            rows.append(RowFigure.Row(name: name, isOurs: ReplayReport.isOurs(name), marks: [mark]))
            table.rows.append(
                [name, String(orders), String(never)]
                    + [quantile(0.25), median, quantile(0.75)].map { Table.number($0) }
            )
        }
        let panel = RowFigure.Panel(
            title: "Samples from which on no other input fails",
            kind: .linear,
            atLeast: Double(parts[parts.count - 1].0)
        ) { Numeral.short($0) }
        return Figure(
            id: "samples-to-reliability",
            title: "Samples to reliability",
            caption: """
                With how many samples, of the numbers that were tried, and any more no first attempt of the other inputs fails: the \
                median over orders, the middle half as a line. “More” is the share of orders in which even the most samples were \
                not enough.
                """,
            description: rows.map { "\($0.name): \($0.marks[0]?.label ?? "–")" }.joined(separator: "; "),
            table: table,
            draw: RowFigure(panels: [panel], rows: rows).draw
        )
    }
}
