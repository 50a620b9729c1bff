import RealModule

/// How far above its prediction a law's bound has to lie, from what it would have said of each sample without it.
///
/// The margin is q·s(x), with q the stretched quantile of the leave-one-out residuals: the largest one (or that of the miss
/// level), and beyond it a share of its distance from the median one. The chance that the next of n + 1 exchangeable
/// residuals is the largest is 1/(n+1), so the largest of a few is no bound; the stretch follows the law's own spread, where a
/// fixed headroom would punish a precise law and not help a loose one.
struct Calibration: Sendable {
    /// The share of the spread that is added, and what is added for n samples over n.
    static let stretch = (always: 0.2, perSample: 2.0)

    /// q, in sizes; not negative.
    let quantile: Double
    /// How many samples a fit without them would have missed.
    let looMisses: Int

    /// Calibrates a fit.
    /// - Parameters:
    ///   - missLevel: The share of the samples that may lie above the bound.
    ///   - headroom: What is added to the bound, for counting misses.
    init(_ fit: RelativeFit, missLevel: Double, headroom: Double) {
        let sorted = fit.residuals.sorted()
        let quantile = Self.stretched(sorted, missLevel: missLevel)
        self.quantile = quantile
        // Without the largest residual, the quantile of the rest; without any other one, nearly the same as with it.
        let without = sorted.count > 1 ? Self.stretched(Array(sorted.dropLast()), missLevel: missLevel) : 0
        looMisses = fit.residuals.indices.count { row in
            let residual = fit.residuals[row]
            let own = residual == sorted.last ? without : quantile
            let size = fit.sizes[row]
            let left = fit.needs[row] - residual * size
            return fit.needs[row] > (left + own * size) * (1 + headroom)
        }
    }

    /// The stretched quantile of sorted residuals; 0 when that is negative, for a bound lies nowhere below its prediction.
    static func stretched(_ sorted: [Double], missLevel: Double) -> Double {
        guard let largest = sorted.last else { return 0 }
        let count = sorted.count
        // The finite-sample conformal rank (Vovk; Lei et al. 2018): the k-th smallest of n, k = ⌈(n + 1)(1 − level)⌉.
        let rank = Int((Double(count + 1) * (1 - missLevel)).rounded(.up))
        let chosen = rank <= count ? sorted[max(rank, 1) - 1] : largest
        let median = count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
        return max(chosen + (stretch.always + stretch.perSample / Double(count)) * (chosen - median), 0)
    }
}
