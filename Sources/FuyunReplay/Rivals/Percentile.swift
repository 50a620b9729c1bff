import MemoryUnits

/// A percentile of all needs seen, whatever the input: Witt et al., "Feedback-based resource allocation for batch scheduling of
/// scientific workflows" (HPCS 2019), there the 95th.
///
/// Between two needs in proportion. What a killed attempt showed is left out, as there; its retry is not.
struct Percentile: SizingStrategy {
    /// The percentile as a share, 0 to 1.
    let share: Double
    private var seen = OrderedNeeds()

    init(share: Double) { self.share = share }

    func limit(for features: FeatureRow) -> Bytes? { seen.interpolated(share).flatMap { Bytes(roundingUp: $0) } }

    mutating func learn(_ outcome: RunOutcome) {
        if case .finished(_, let need, _) = outcome { seen.insert(Double(need.rawValue)) }
    }
}
