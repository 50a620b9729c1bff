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
            )
        ]
    }
}
