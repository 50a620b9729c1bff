import MemoryUnits

/// The memory recommendation of Kubernetes' vertical pod autoscaler (kubernetes/autoscaler, `vertical-pod-autoscaler/pkg/recommender`).
///
/// A decaying histogram of peaks (first bucket 10 MB, each 5 % wider, half-life 24 h), its 90th percentile, 15 % margin, and never
/// less than 250 MiB a pod. A container killed for memory adds a sample of max(limit + 100 MiB, limit × 1.2); within one container's
/// interval only the highest sample stays.
///
/// It was made for servers, with one peak a day for each container; two readings make it a sizer of calls. Every call counts as a
/// container of its own, so each brings one peak; and calls come a minute apart, traces telling no better, so that a sample's
/// weight halves in 1,440 calls.
struct VerticalPodAutoscaler: SizingStrategy {
    /// `--target-memory-percentile`.
    static let percentile = 0.9
    /// `--recommendation-margin-fraction`.
    static let margin = 0.15
    /// `--pod-recommendation-min-memory-mb`.
    static let floor = Bytes.mebibytes(250)
    /// `--oom-min-bump-up-bytes`.
    static let leastBump = Bytes.mebibytes(100)
    /// `--oom-bump-up-ratio`.
    static let bumpRatio = 1.2
    /// Between two calls, in seconds.
    static let spacing = 60.0

    private var histogram = DecayingHistogram(first: 1e7, growth: 1.05, largest: 1e12, halfLife: 86_400)
    private var moment = 0.0
    /// The sample that a kill added for the call that is being retried.
    private var bump: Double?

    func limit(for features: FeatureRow) -> Bytes? {
        guard let target = histogram.percentile(Self.percentile) else { return nil }
        return max(Bytes(roundingUp: target * (1 + Self.margin)) ?? .max, Self.floor)
    }

    mutating func learn(_ outcome: RunOutcome) {
        switch outcome {
        case .finished(_, let need, _):
            note(Double(need.rawValue))
            bump = nil
            moment += Self.spacing
        case .killed(_, let limit):
            let sample = Double(Self.bumped(limit).rawValue)
            note(sample)
            bump = max(bump ?? 0, sample)
        }
    }

    func limit(for features: FeatureRow, afterKillAt limit: Bytes, attempt: Int) -> Bytes? { Self.bumped(limit) }

    /// The interval's highest sample replaces a lower one; a lower one changes nothing.
    private mutating func note(_ sample: Double) {
        if let bump {
            guard sample > bump else { return }
            histogram.remove(bump, at: moment)
        }
        histogram.add(sample, at: moment)
    }

    private static func bumped(_ limit: Bytes) -> Bytes { max(limit + leastBump, limit.scaled(by: bumpRatio)) }
}
