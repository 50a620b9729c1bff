import MemoryUnits

/// Linear quantile regression on all features, times 1.05 (Koenker and Bassett, "Regression quantiles", Econometrica 1978).
///
/// Solved exactly after every run over the last 1,000, starting where the last solution stood. Before there are twice as many runs
/// as columns it says little more than the largest need, so until then it is that; and it never goes below the smallest need seen.
struct QuantileRegression: SizingStrategy {
    /// The quantile as a share, 0 to 1.
    let share: Double
    /// On top of the quantile.
    static let headroom = 1.05
    /// Runs kept.
    static let window = 1000

    private let design: DesignColumns
    private var rows: [[Double]] = []
    private var needs: [Double] = []
    private var state: State?
    private(set) var refits = 0

    /// A solution, with the columns that it is over.
    private struct State: Sendable {
        var columns: [Int]
        var scales: [Double]
        var fit: QuantileFit
    }

    init(layout: FeatureLayout, share: Double) {
        design = DesignColumns(layout)
        self.share = share
    }

    var coefficients: [NamedNumber] {
        guard let state else { return [] }
        return zip(state.columns, state.scales).enumerated().map { place, column in
            NamedNumber(column.0 < 0 ? "base" : "column \(column.0)", state.fit.coefficients[place] / column.1)
        }
    }

    func limit(for features: FeatureRow) -> Bytes? {
        guard needs.count >= 3, let largest = needs.max(), let smallest = needs.min() else { return nil }
        guard let state else { return Bytes(roundingUp: largest * Self.headroom) }
        let row = design.plain(features)
        let input = zip(state.columns, state.scales).map { ($0 < 0 ? 1 : row[$0]) / $1 }
        return Bytes(roundingUp: max(state.fit.value(input), smallest) * Self.headroom)
    }

    mutating func learn(_ outcome: RunOutcome) {
        guard case .finished(let features, let need, _) = outcome else { return }
        rows.append(design.plain(features))
        needs.append(Double(need.rawValue))
        var basis = state?.fit.basis
        if rows.count > Self.window + Self.window / 4 {
            rows.removeFirst(rows.count - Self.window)
            needs.removeFirst(needs.count - Self.window)
            basis = nil
        }
        refit(basis)
    }

    private mutating func refit(_ basis: [Int]?) {
        let (columns, scales) = independentColumns()
        guard rows.count >= max(2 * columns.count, 3) else { return }
        let values = rows.flatMap { row in zip(columns, scales).map { ($0 < 0 ? 1 : row[$0]) / $1 } }
        let size = needs.reduce(1) { max($0, $1) }
        let same = state.map { $0.columns == columns } ?? false
        let fit = QuantileFit(
            columns: values,
            width: columns.count,
            needs: needs,
            share: share,
            start: same ? basis : nil
        )
        guard let fit, fit.coefficients.allSatisfy({ $0.isFinite && $0.magnitude < 1e6 * size }) else { return }
        state = State(columns: columns, scales: scales, fit: fit)
        refits += 1
    }

    /// The constant (−1) and every column that those before it do not already make up, each with its size.
    private func independentColumns() -> ([Int], [Double]) {
        var chosen = (columns: [-1], scales: [1.0])
        var spans = [Array(repeating: 1 / Double(rows.count).squareRoot(), count: rows.count)]
        for column in 0..<design.width {
            let scale = rows.reduce(0) { max($0, $1[column].magnitude) }
            guard scale > 0 else { continue }
            var rest = rows.map { $0[column] / scale }
            let whole = rest.reduce(0) { $0 + $1 * $1 }
            for _ in 0..<2 {
                for span in spans {
                    let part = zip(rest, span).reduce(0) { $0 + $1.0 * $1.1 }
                    for row in rest.indices { rest[row] -= part * span[row] }
                }
            }
            let norm = rest.reduce(0) { $0 + $1 * $1 }
            guard norm > 1e-12 * whole else { continue }
            spans.append(rest.map { $0 / norm.squareRoot() })
            chosen.columns.append(column)
            chosen.scales.append(scale)
        }
        return chosen
    }
}
