import RealModule

/// How far above its prediction a law's bound has to lie, from what it would have said of each sample without it.
///
/// The margin is q·s(x), and q lies between two answers to the same question:
///
///     q = (1 − a)·tail + a·t σ,   a = 11 / (n + 11)
///
/// *Tail* goes on from the largest leave-one-out residual as far as the largest ones go on from each other. The chance that the
/// next of n + 1 exchangeable residuals is the largest is 1/(n+1), so the largest of a few is no bound; how far beyond it the
/// next largest lies is told by the mean excess β of the upper residuals, which for an exponential tail is its scale (Breiman, Stone and
/// Kooperberg 1990). Where the residuals end sharply β is small, however wide they are. *t* is a quantile of Student's distribution:
/// three residuals hardly have a largest, but their deviation, taken together with what is known of functions in general, says
/// something. The more samples, the less it counts, for real noise has longer tails than the normal distribution.
struct Calibration: Sendable {
    /// The share of the calls that the tail's end is looked for at; with more samples the largest residual lies beyond.
    private static let tailShare = 0.007
    /// The share of the residuals that make up the tail.
    private static let tailResiduals = 0.45
    /// The least that is added to the largest residual, in β.
    private static let leastExtension = 0.4
    /// The number of samples at which both answers count the same.
    private static let evenSamples = 11.0
    /// The quantile of the normal distribution that goes with Student's: 98.5 %.
    private static let normalQuantile = 2.170090
    /// What one raise is taken to cost, as a share of the memory of its call.
    private static let raiseCost = 0.5
    /// The tight bound lies at least and at most so many deviations above the prediction.
    private static let tightRange = 0.8...1.9
    /// What is added to that for n samples over n, as a share.
    private static let tightPerSample = 0.6

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
        let quantile = (1 - share) * Self.tail(sorted, missLevel: missLevel) + student
        self.quantile = quantile
        tightQuantile = min(Self.tight(fit.deviation) * (1 + Self.tightPerSample / max(count, 1)), quantile)
        // Without the largest residual, the quantile of the rest; without any other one, nearly the same as with it.
        let rest = sorted.count > 1 ? Self.tail(Array(sorted.dropLast()), missLevel: missLevel) : 0
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

    /// The 98.5 % quantile of Student's distribution, from the normal one's by the expansion of Cornish and Fisher (Abramowitz and
    /// Stegun, 26.7.5); within 2 % from three degrees of freedom on.
    static func student(_ degrees: Double) -> Double {
        let z = normalQuantile
        let square = z * z
        let first = z * (square + 1) / 4
        let second = z * ((5 * square + 16) * square + 3) / 96
        let third = z * (((3 * square + 19) * square + 17) * square - 15) / 384
        return z + (first + (second + third / degrees) / degrees) / degrees
    }

    /// Where the tail of sorted residuals ends; 0 when that is negative, for a bound lies nowhere below its prediction.
    ///
    /// With a miss level it is the residual of its rank, once there are as many samples as that takes.
    static func tail(_ sorted: [Double], missLevel: Double) -> Double {
        guard let largest = sorted.last else { return 0 }
        let count = sorted.count
        // The finite-sample conformal rank (Vovk; Lei et al. 2018): the k-th smallest of n, k = ⌈(n + 1)(1 − level)⌉.
        let rank = Int((Double(count + 1) * (1 - missLevel)).rounded(.up))
        if rank <= count { return max(sorted[max(rank, 1) - 1], 0) }
        let upper = min(max(Int((tailResiduals * Double(count)).rounded(.up)), 2), count - 1)
        guard upper > 0 else { return max(largest, 0) }
        let start = sorted[count - 1 - upper]
        let meanExcess = sorted.suffix(upper).reduce(0) { $0 + $1 - start } / Double(upper)
        let reach = max(-Double.log(tailShare * Double(count + 1)), leastExtension)
        return max(largest + reach * meanExcess, 0)
    }

    /// q of the tight bound for a deviation σ of normal noise: where a little more margin costs as much as the raises that it saves.
    ///
    /// z σ + cost·P(Z > z) is least where σ = cost·φ(z): a precise law's bound leaves hardly a call to be raised, for that costs next to
    /// nothing; a loose one's leaves more.
    static func tight(_ deviation: Double) -> Double {
        guard deviation > 0 else { return 0 }
        let ratio = raiseCost / (deviation * (2 * Double.pi).squareRoot())
        let z = (2 * Double.log(max(ratio, 1))).squareRoot()
        return min(max(z, tightRange.lowerBound), tightRange.upperBound) * deviation
    }
}
