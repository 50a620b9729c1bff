import MemoryUnits
import RealModule

/// Turns a replay's result into figures.
struct FigureBuilder {
    let result: ReplayResult

    /// The figures for which there is data, in the order of the page.
    var all: [Figure] {
        guard !result.strategies.isEmpty, result.rows > 0 else { return [] }
        var figures = result.options.windows.indices.map(overview)
        figures += result.options.windows.indices.compactMap(matched)
        if let reliability { figures.append(reliability) }
        figures += calls
        figures += coefficients
        return figures
    }

    private var strategies: [StrategyResult] { result.strategies }

    private func suffix(_ window: Int) -> String { result.options.windows.count > 1 ? "-\(window + 1)" : "" }

    private func scope(_ window: Int) -> String {
        let groups = result.groups.count
        let name = result.options.windows[window].words
        return groups > 1 ? "\(name), mean over \(Numeral.count(groups)) groups" : name
    }

    // MARK: - Success and waste

    private func overview(_ window: Int) -> Figure {
        var table = Table(columns: [
            "strategy", "calls", "success", "failures", "failures_lower", "failures_upper", "waste", "waste_lower",
            "waste_upper", "rescued",
        ])
        var rows: [RowFigure.Row] = []
        for strategy in strategies {
            let score = strategy.windows[window]
            // One group: calls are what there is to count. Several: each group counts alike.
            let failures = result.groups.count > 1 ? score.meanFailures ?? score.firstFailures : score.firstFailures
            let waste = score.meanWaste
            let lower = Numeral.percent(failures.value)
            rows.append(
                RowFigure.Row(
                    name: strategy.name,
                    isOurs: ReplayReport.isOurs(strategy.name),
                    marks: [
                        RowFigure.Mark(
                            value: failures.value * 100,
                            lower: failures.lower * 100,
                            upper: failures.upper * 100,
                            label: lower + " %"
                        ),
                        waste.map {
                            RowFigure.Mark(
                                value: $0.value,
                                lower: $0.lower,
                                upper: $0.upper,
                                label: Numeral.fixed($0.value, 3)
                            )
                        },
                    ]
                )
            )
            table.rows.append(
                [strategy.name, String(score.pooled.calls)]
                    + [
                        1 - failures.value, failures.value, failures.lower, failures.upper, waste?.value, waste?.lower,
                        waste?.upper, score.meanRescued?.value ?? score.pooled.rescuedShare,
                    ].map(Table.number)
            )
        }
        let drawn = RowFigure(
            panels: [
                RowFigure.Panel(title: "First attempts that failed, %", kind: .root, atLeast: 1, atMost: 100) {
                    Numeral.short($0)
                },
                RowFigure.Panel(title: "Waste ratio", kind: .linear, atLeast: 0.2, atMost: 1) { Numeral.short($0) },
            ],
            rows: rows
        )
        return Figure(
            id: "success-and-waste" + suffix(window),
            title: "Success and waste: \(scope(window))",
            caption: """
                Failures are first attempts killed at their limit (success is what remains); the scale is stretched towards \
                zero. Waste is Σ(limit − need)/Σ limit over calls that finished at once. Lines are 95 % intervals. Better is \
                further left, in both at once: either alone is easy.
                """,
            description: rows.map {
                "\($0.name): failures \($0.marks[0]?.label ?? "–"), waste \($0.marks[1]?.label ?? "–")"
            }
            .joined(separator: "; "),
            table: table,
            draw: drawn.draw
        )
    }

    // MARK: - At one failure rate

    private func matched(_ window: Int) -> Figure? {
        let found = strategies.compactMap { strategy in
            strategy.windows[window].matched.map { (strategy.name, $0) }
        }
        guard let target = found.first?.1.target, found.count > 1 else { return nil }
        var table = Table(columns: ["strategy", "target_failures", "failures", "factor", "waste"])
        for (name, match) in found {
            table.rows.append(
                [name] + [match.target, match.failureShare, match.factor, match.waste].map(Table.number)
            )
        }
        let rows = found.map { name, match in
            RowFigure.Row(
                name: name,
                isOurs: ReplayReport.isOurs(name),
                marks: [
                    RowFigure.Mark(
                        value: match.waste,
                        lower: match.waste,
                        upper: match.waste,
                        label: "\(Numeral.fixed(match.waste, 3))  at ×\(Numeral.fixed(match.factor, 2))"
                    )
                ]
            )
        }
        let drawn = RowFigure(
            panels: [
                RowFigure.Panel(
                    title: "Waste ratio when \(Numeral.percent(target)) % of first attempts fail",
                    kind: .linear,
                    atLeast: 0.2,
                    atMost: 1
                ) { Numeral.short($0) }
            ],
            rows: rows
        )
        return Figure(
            id: "matched-failures" + suffix(window),
            title: "At the same failure rate: \(scope(window))",
            caption: """
                Every strategy's limits are multiplied by one factor, the × beside its figure, such that it fails as often as \
                the others. The factor is chosen on the very calls that are scored, which flatters all alike. Strategies that \
                raise calls in flight, and those that no factor brings there, are left out.
                """,
            description: rows.map { "\($0.name): \($0.marks[0]?.label ?? "–")" }.joined(separator: "; "),
            table: table,
            draw: drawn.draw
        )
    }

    // MARK: - Samples to reliability

    private var reliability: Figure? {
        guard result.options.learnsFirst == nil, strategies.contains(where: { !$0.reliableAfter.joined().isEmpty })
        else {
            return nil
        }
        var table = Table(columns: ["strategy", "streams", "never", "lower_quartile", "median", "upper_quartile"])
        var rows: [RowFigure.Row] = []
        for strategy in strategies {
            let all = strategy.reliableAfter.joined().map { $0.map(Double.init) ?? .infinity }.sorted()
            guard !all.isEmpty else { continue }
            func quantile(_ share: Double) -> Double { all[min(Int(share * Double(all.count)), all.count - 1)] }
            let never = all.count { $0 == .infinity }
            let median = quantile(0.5)
            var label = median.isFinite ? Numeral.short(median) : "not by the end"
            if never > 0, median.isFinite {
                label += ", never \(Numeral.fixed(Double(never * 100) / Double(all.count), 0)) %"
            }
            rows.append(
                RowFigure.Row(
                    name: strategy.name,
                    isOurs: ReplayReport.isOurs(strategy.name),
                    marks: [
                        RowFigure.Mark(
                            value: median.isFinite ? median : nil,
                            lower: quantile(0.25),
                            upper: quantile(0.75),
                            label: label
                        )
                    ]
                )
            )
            table.rows.append(
                [strategy.name, String(all.count), String(never)]
                    + [quantile(0.25), median, quantile(0.75)].map { Table.number($0) }
            )
        }
        let drawn = RowFigure(
            panels: [
                RowFigure.Panel(title: "Calls until the last failure", kind: .root, atLeast: 10) {
                    Numeral.short($0)
                }
            ],
            rows: rows
        )
        return Figure(
            id: "samples-to-reliability",
            title: "Samples to reliability",
            caption: """
                After how many calls of a group no first attempt fails any more, within this trace: the median over groups and \
                orders, the middle half as a line. “Never” are those whose very last call failed. A longer trace may always \
                hold one more failure.
                """,
            description: rows.map { "\($0.name): \($0.marks[0]?.label ?? "–")" }.joined(separator: "; "),
            table: table,
            draw: drawn.draw
        )
    }

    // MARK: - Single calls

    /// Ours first, then the paper's, then others in their order.
    private func ranked(_ names: [StrategyResult]) -> [StrategyResult] {
        let ours = names.filter { ReplayReport.isOurs($0.name) }
        let paper = names.filter { $0.name.hasPrefix("fuyun-paper") }
        return ours + paper + names.filter { !$0.name.hasPrefix("fuyun") }
    }

    /// The groups whose calls are shown: those with the most calls.
    private var shownGroups: [String] {
        let names = result.groups.enumerated().sorted { ($1.element.rows, $0.offset) < ($0.element.rows, $1.offset) }
        return names.prefix(3).map(\.element.name)
    }

    private var calls: [Figure] {
        shownGroups.enumerated().compactMap { place, group in
            let panels = ranked(strategies).compactMap { strategy -> CallsFigure.Panel? in
                guard let run = strategy.firstRuns.first(where: { $0.group == group }), !run.calls.isEmpty else {
                    return nil
                }
                return CallsFigure.Panel(
                    name: strategy.name,
                    isOurs: ReplayReport.isOurs(strategy.name),
                    calls: Array(run.calls.prefix(CallsFigure.most))
                )
            }
            guard !panels.isEmpty else { return nil }
            var table = Table(columns: [
                "strategy", "call", "need_bytes", "limit_bytes", "final_limit_bytes", "predicted", "failed", "rescued",
            ])
            for panel in panels {
                for call in panel.calls {
                    table.rows.append(
                        [
                            panel.name, String(call.call), String(call.need.rawValue), String(call.limit.rawValue),
                            String(call.finalLimit.rawValue),
                        ] + [call.isPredicted, call.failed, call.rescued].map { $0 ? "1" : "0" }
                    )
                }
            }
            let shown = Array(panels.prefix(6))
            let cut = (result.groups.first { $0.name == group }?.rows ?? 0) > CallsFigure.most
            return Figure(
                id: "need-and-limit" + (shownGroups.count > 1 ? "-\(place + 1)" : ""),
                title: "Need and limit\(group.isEmpty ? "" : ": \(group)")",
                caption: """
                    \(cut ? "The first \(CallsFigure.most) calls" : "All calls") of the first order. Dots are what each call \
                    needed, the line is the limit that it got; a cross is a first attempt that was killed\
                    \(shown.contains { $0.calls.contains { $0.rescued } } ? ", a roof a call raised while it ran" : "").
                    """,
                description: shown.map { panel in
                    "\(panel.name): \(panel.calls.count { $0.failed }) of \(panel.calls.count) calls killed"
                }.joined(separator: "; "),
                table: table,
                draw: CallsFigure(panels: shown).draw
            )
        }
    }

    private var coefficients: [Figure] {
        let formulas = ranked(strategies).compactMap { strategy -> (StrategyResult, GroupRun)? in
            let runs = strategy.firstRuns.filter { !($0.fits.last?.coefficients.isEmpty ?? true) }
            guard let run = runs.first(where: { shownGroups.contains($0.group) }) ?? runs.first else { return nil }
            return (strategy, run)
        }
        return formulas.prefix(3).enumerated().map { place, formula in
            let (strategy, run) = formula
            var table = Table(columns: ["strategy", "group", "after_call", "coefficient", "value"])
            var names: [String] = []
            for fit in run.fits {
                for number in fit.coefficients {
                    if !names.contains(number.name) { names.append(number.name) }
                    table.rows.append(
                        [strategy.name, run.group, String(fit.call), number.name, Table.number(number.value)]
                    )
                }
            }
            let series = names.prefix(6).map { name in
                CoefficientsFigure.Series(
                    name: name,
                    isOurs: ReplayReport.isOurs(strategy.name),
                    points: run.fits.compactMap { fit in
                        fit.coefficients.first { $0.name == name }.map { (fit.call, $0.value) }
                    }
                )
            }
            let calls = run.calls.last?.call ?? run.fits.last?.call ?? 1
            return Figure(
                id: "coefficients" + (min(formulas.count, 3) > 1 ? "-\(place + 1)" : ""),
                title: "Coefficients of \(strategy.name)\(run.group.isEmpty ? "" : ": \(run.group)")",
                caption: """
                    The formula's numbers after each of its \(Numeral.count(run.fits.count)) fits, in the order of calls; the last \
                    one stands at the end of its line. Bytes, and bytes for each unit of a term.
                    """,
                description: series.map { "\($0.name) ends at \(Numeral.short($0.points.last?.value ?? .nan))" }
                    .joined(separator: "; "),
                table: table,
                draw: CoefficientsFigure(series: Array(series), calls: calls).draw
            )
        }
    }
}
