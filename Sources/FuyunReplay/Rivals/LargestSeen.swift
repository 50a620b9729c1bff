import MemoryUnits

/// The largest need seen so far, times a factor.
///
/// Where runs come in any order, the next need is above all n before it with probability 1/(n + 1): what the factor has to cover.
struct LargestSeen: SizingStrategy {
    /// What the largest is multiplied by.
    let factor: Double
    private var largest = Bytes.zero

    init(factor: Double) { self.factor = factor }

    func limit(for features: FeatureRow) -> Bytes? { largest == .zero ? nil : largest.scaled(by: factor) }

    mutating func learn(_ outcome: RunOutcome) {
        switch outcome {
        case .finished(_, let need, _): largest = max(largest, need)
        case .killed(_, let limit): largest = max(largest, limit)
        }
    }
}
