import RealModule

/// How far above its prediction a law's bound has to lie, from what it would have said of each sample without it.
///
/// The margin is q·s(x), and q lies between two answers to the same question:
///
///     q = (1 − a)·stretched + a·t σ,   a = 8 / (n + 8)
///
/// *Stretched* is the largest leave-one-out residual (or that of the miss level), and beyond it a share of its distance from the
/// median one. The chance that the next of n + 1 exchangeable residuals is the largest is 1/(n+1), so the largest of a few is no
/// bound; the stretch follows the law's own spread, where a fixed headroom would punish a precise law and not help a loose one.
/// *t* is the 99 % quantile of Student's distribution: three residuals hardly have a largest, but their deviation, taken
/// together with what is known of functions in general, says something. The more samples, the less it counts, for real noise has
/// longer tails than the normal distribution.
struct Calibration: Sendable {
    /// The share of the spread that is added, and what is added for n samples over n.
    static let stretch = (always: 0.35, perSample: 2.5)
    /// The number of samples at which both answers count the same.
    private static let evenSamples = 8.0
    /// The quantile of the normal distribution that goes with Student's: 99 %.
    private static let normalQuantile = 2.326348
    /// The tight bound lies so many deviations above the prediction, and what is added to that for n samples over n: about one
    /// call in twenty exceeds it, and is raised.
    private static let tight = (always: 1.15, perSample: 2.3)

    /// q of the safe bound, in sizes; not negative.
    let quantile: Double
    /// q of the tight bound, for calls that can be raised while they run; never above that of the safe one.
    let tightQuantile: Double
    /// How many samples a fit without them would have missed.
    let looMisses: Int

    /// Calibrates a fit.
    /// - Parameters:
    ///   - missLevel: The share of the samples that may lie above the bound.
    ///   - headroom: What is added to the bound, for counting misses.
    init(_ fit: RelativeFit, missLevel: Double, headroom: Double) {
        let sorted = fit.residuals.sorted()
        let count = Double(sorted.count)
        let share = missLevel > 0 ? 0 : Self.evenSamples / (count + Self.evenSamples)
        let student = share * Self.student(fit.degreesOfFreedom) * fit.deviation
        let quantile = (1 - share) * Self.stretched(sorted, missLevel: missLevel) + student
        self.quantile = quantile
        tightQuantile = min((Self.tight.always + Self.tight.perSample / max(count, 1)) * fit.deviation, quantile)
        // Without the largest residual, the quantile of the rest; without any other one, nearly the same as with it.
        let rest = sorted.count > 1 ? Self.stretched(Array(sorted.dropLast()), missLevel: missLevel) : 0
        let without = (1 - share) * rest + student
        looMisses = fit.residuals.indices.count { row in
            let residual = fit.residuals[row]
            let own = residual == sorted.last ? without : quantile
            let size = fit.sizes[row]
            let left = fit.needs[row] - residual * size
            return fit.needs[row] > (left + own * size) * (1 + headroom)
        }
    }

    /// Makes a calibration of its numbers.
    init(quantile: Double, tightQuantile: Double, looMisses: Int = 0) {
        self.quantile = quantile
        self.tightQuantile = tightQuantile
        self.looMisses = looMisses
    }

    /// The 99 % quantile of Student's distribution, from the normal one's by the expansion of Cornish and Fisher (Abramowitz and
    /// Stegun, 26.7.5); within 2 % from three degrees of freedom on.
    static func student(_ degrees: Double) -> Double {
        let z = normalQuantile
        let square = z * z
        let first = z * (square + 1) / 4
        let second = z * ((5 * square + 16) * square + 3) / 96
        let third = z * (((3 * square + 19) * square + 17) * square - 15) / 384
        return z + (first + (second + third / degrees) / degrees) / degrees
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
