import MemoryUnits

/// The linear regression of Witt et al., "Feedback-based resource allocation for batch scheduling of scientific workflows" (HPCS
/// 2019), as it is coded for comparison in dos-group/sizey: a line through the input size, raised by the spread of its errors.
///
/// limit = ŷ·(1 + s), with s the standard deviation of (y − ŷ)/y over the predictions made so far, each before its run. That code
/// shares the errors among all tasks, an accident that is not repeated. A trace can have several columns of numbers: the line goes
/// through the one that correlates best with the needs so far, which is kinder than the authors' fixed choice.
struct WittRegression: SizingStrategy {
    private let numbers: [Int]
    private var moments: Moments
    private var errors = (count: 0.0, mean: 0.0, squares: 0.0)

    init(layout: FeatureLayout) {
        numbers = layout.numbers
        moments = Moments(width: numbers.count)
    }

    var refits: Int { Int(moments.count) }

    var coefficients: [NamedNumber] {
        guard let line = moments.best.map(moments.line) else { return [] }
        return [NamedNumber("base", line.base), NamedNumber("slope", line.slope)]
    }

    func limit(for features: FeatureRow) -> Bytes? {
        guard let value = prediction(features) else { return nil }
        let spread = errors.count > 0 ? (errors.squares / errors.count).squareRoot() : 0
        return Bytes(roundingUp: max(value * (1 + spread), 1))
    }

    mutating func learn(_ outcome: RunOutcome) {
        guard case .finished(let features, let need, _) = outcome, need > .zero else { return }
        let value = Double(need.rawValue)
        if let predicted = prediction(features) {
            let error = (value - predicted) / value
            errors.count += 1
            let step = error - errors.mean
            errors.mean += step / errors.count
            errors.squares += step * (error - errors.mean)
        }
        moments.add(numbers.map { features[$0] }, need: value)
    }

    /// Two runs make a line.
    private func prediction(_ features: FeatureRow) -> Double? {
        guard moments.count >= 2 else { return nil }
        guard let best = moments.best else { return moments.needMean }
        let line = moments.line(best)
        return line.base + line.slope * features[numbers[best]]
    }
}
