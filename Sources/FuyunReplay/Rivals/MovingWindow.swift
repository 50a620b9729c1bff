import MemoryUnits
import RealModule

/// The moving-window recommender of Google's Autopilot (Rzadca et al., "Autopilot: workload autoscaling at Google", EuroSys 2020).
///
/// A percentile of peaks whose weights halve in 48 hours (the 98th for most services, the largest for those that bear no kill),
/// plus a margin of 10 to 15 %, of which this takes the middle, and then the highest recommendation of the last hour. Calls come
/// a minute apart, traces telling no better: 2,880 calls to a half-life, 60 to the hour.
struct MovingWindow: SizingStrategy {
    /// The percentile as a share, 0 to 1.
    let share: Double
    /// How many calls it takes a weight to halve.
    static let halfLife = 2880.0
    /// On top of the percentile.
    static let margin = 0.125
    /// Recommendations of which the highest counts.
    static let steady = 60

    private var seen = OrderedNeeds()
    private var age = 0.0
    private var recent: [Double] = []

    init(share: Double) { self.share = share }

    func limit(for features: FeatureRow) -> Bytes? { recent.max().flatMap { Bytes(roundingUp: $0) } }

    mutating func learn(_ outcome: RunOutcome) {
        guard case .finished(_, let need, _) = outcome else { return }
        age += 1
        if age > 100 * Self.halfLife {
            seen.scaleWeights(by: Double.exp2(-age / Self.halfLife))
            age = 0
        }
        seen.insert(Double(need.rawValue), weight: Double.exp2(age / Self.halfLife))
        guard let target = seen.weighted(share) else { return }
        if recent.count == Self.steady { recent.removeFirst() }
        recent.append(target * (1 + Self.margin))
    }
}
