import MemoryUnits

/// Ponder: an online predictor of the memory of workflow tasks.
///
/// Lehmann, Bader and others (eScience 2024), as in the source of their common workflow scheduler.
///
/// Fewer than five runs: the largest seen + 128 MiB when a larger input was seen, else the preset. No correlation with the input
/// (r ≤ 0.3): the largest seen + 128 MiB. Else a line by asymmetric least squares (needs above it count 1, below it 0.02), held within
/// the needs seen unless the input lies outside the inputs seen, plus max(128 MiB, 2σ), where σ² is the variance of the residuals
/// weighted by how near their inputs are. The input is the column that correlates best with the needs so far. It keeps the last
/// 1,024 runs, so that a decision stays bounded.
struct Ponder: SizingStrategy {
    /// The least that is added.
    static let floor = Double(Bytes.mebibytes(128).rawValue)
    /// Runs kept.
    static let window = 1024

    private let numbers: [Int]
    private var moments: Moments
    private var rows: [[Double]] = []
    private var needs: [Double] = []
    private var fit: Fit?
    private(set) var refits = 0

    init(layout: FeatureLayout) {
        numbers = layout.numbers
        moments = Moments(width: numbers.count)
    }

    var coefficients: [NamedNumber] {
        guard let fit else { return [] }
        return [NamedNumber("base", fit.line.base), NamedNumber("slope", fit.line.slope)]
    }

    mutating func limit(for features: FeatureRow) -> Bytes? {
        guard let largest = needs.max() else { return nil }
        let column = moments.best
        if needs.count < 5 {
            guard let column, rows.contains(where: { $0[column] > features[numbers[column]] }) else { return nil }
            return Bytes(roundingUp: largest + Self.floor)
        }
        guard let column, moments.correlation(column) > 0.3 else { return Bytes(roundingUp: largest + Self.floor) }
        if fit == nil {
            fit = Fit(rows.map { $0[column] }, needs)
            refits += 1
        }
        return fit.flatMap { Bytes(roundingUp: max($0.bound(features[numbers[column]]), 1)) }
    }

    mutating func learn(_ outcome: RunOutcome) {
        guard case .finished(let features, let need, _) = outcome else { return }
        let row = numbers.map { features[$0] }
        moments.add(row, need: Double(need.rawValue))
        rows.append(row)
        needs.append(Double(need.rawValue))
        if rows.count > Self.window + Self.window / 4 {
            rows.removeFirst(rows.count - Self.window)
            needs.removeFirst(needs.count - Self.window)
        }
        fit = nil
    }

    /// The line, and what is added to it.
    struct Fit: Sendable {
        let line: AsymmetricLine
        private let inputs: [Double]
        private let residuals: [Double]
        private let inputRange: ClosedRange<Double>
        private let needRange: ClosedRange<Double>

        /// Fits at least one run.
        init(_ inputs: [Double], _ needs: [Double]) {
            let line = AsymmetricLine(inputs, needs, over: 0.02)
            self.line = line
            self.inputs = inputs
            residuals = zip(inputs, needs).map { $1 - line.value($0) }
            inputRange = (inputs.min() ?? 0)...(inputs.max() ?? 0)
            needRange = (needs.min() ?? 0)...(needs.max() ?? 0)
        }

        /// The limit for an input.
        func bound(_ input: Double) -> Double {
            var value = line.value(input)
            if inputRange.contains(input) { value = min(max(value, needRange.lowerBound), needRange.upperBound) }
            return value + max(Ponder.floor, 2 * variance(near: input).squareRoot())
        }

        /// The residuals' weighted sample variance; weights fall from one at the input to zero at the farthest run, with a little on
        /// top as long as there are fewer than ten runs.
        func variance(near input: Double) -> Double {
            let farthest = inputs.reduce(0) { max($0, ($1 - input).magnitude) }
            let extra = max(1 - Double(inputs.count) / 10, 0) / 100
            var (sum, sumOfSquares, mean) = (0.0, 0.0, 0.0)
            let weights = inputs.map { farthest == 0 ? 1 : 1 - ($0 - input).magnitude / farthest + extra }
            for (weight, residual) in zip(weights, residuals) {
                sum += weight
                sumOfSquares += weight * weight
                mean += weight * residual
            }
            let freedom = sum - sumOfSquares / sum
            guard sum > 0, freedom > 0 else { return 0 }
            mean /= sum
            return zip(weights, residuals).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) } / freedom
        }
    }
}
