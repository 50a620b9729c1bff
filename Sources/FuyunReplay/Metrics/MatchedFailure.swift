import MemoryUnits
import RealModule

/// A strategy with every prediction multiplied by one factor, such that it fails just as often as was asked for.
///
/// The factor is chosen on the very calls that are scored, so the waste flatters every strategy alike. What a strategy had
/// learnt stays what it was under its own limits.
public struct MatchedFailure: Hashable, Sendable {
    /// The failures that were asked for.
    public var target: Double
    /// The factor.
    public var factor: Double
    /// The failures that it gives, the mean over groups.
    public var failureShare: Double
    /// The waste ratio that it gives, the mean over groups.
    public var waste: Double

    /// Finds the least factor at which the mean over groups of the failures is not above the target.
    ///
    /// - Parameters:
    ///   - groups: The predictions of each group, of all its runs.
    /// - Returns: Nil without predictions, and when no factor up to 64 is enough.
    static func find(
        _ groups: [[Prediction]],
        target: Double,
        tier: Bytes,
        maximum: Bytes
    ) -> MatchedFailure? {
        let groups = groups.filter { !$0.isEmpty }
        guard !groups.isEmpty else { return nil }
        func measured(_ factor: Double) -> MatchedFailure {
            let (failures, waste) = figures(groups, factor, tier: tier, maximum: maximum)
            return MatchedFailure(target: target, factor: factor, failureShare: failures, waste: waste)
        }
        // Factors are tried in steps of their logarithm, to a ten-thousandth.
        var (low, high) = (-4.2, 4.2)
        guard measured(.exp(high)).failureShare <= target else { return nil }
        while high - low > 1e-4 {
            let middle = (low + high) / 2
            if measured(.exp(middle)).failureShare <= target { high = middle } else { low = middle }
        }
        return measured(.exp(high))
    }

    private static func figures(
        _ groups: [[Prediction]],
        _ factor: Double,
        tier: Bytes,
        maximum: Bytes
    ) -> (failures: Double, waste: Double) {
        let (step, most) = (Double(Swift.max(tier.rawValue, 1)), Double(maximum.rawValue))
        var (failures, waste, wasted) = (0.0, 0.0, 0.0)
        for group in groups {
            var (failed, given, needed) = (0.0, 0.0, 0.0)
            for prediction in group {
                let limit = Swift.min((prediction.raw * factor / step).rounded(.up) * step, most)
                if limit < prediction.need {
                    failed += 1
                } else {
                    given += limit
                    needed += prediction.need
                }
            }
            failures += failed / Double(group.count)
            if given > 0 {
                waste += 1 - needed / given
                wasted += 1
            }
        }
        return (failures / Double(groups.count), wasted > 0 ? waste / wasted : 0)
    }
}
