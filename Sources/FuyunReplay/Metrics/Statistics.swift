import RealModule

/// A figure and how far it could be off, at 95 %.
public struct Estimate: Hashable, Sendable {
    /// The figure.
    public var value: Double
    /// The lower end.
    public var lower: Double
    /// The upper end.
    public var upper: Double

    /// Makes an estimate.
    public init(_ value: Double, _ lower: Double, _ upper: Double) {
        self.value = value
        self.lower = lower
        self.upper = upper
    }
}

/// Intervals.
public enum Statistics {
    /// The share of failures among independent calls, with an interval at 95 %.
    ///
    /// Wilson's score interval (https://doi.org/10.1080/01621459.1927.10502953); without any failure the upper end is the rule
    /// of three, 3/n, and where all failed the lower one is its mirror image. Failures need not be a whole number: a mean over
    /// orders of the same calls counts each call once.
    public static func share(failures: Double, of calls: Double) -> Estimate {
        guard calls > 0 else { return Estimate(0, 0, 1) }
        if failures <= 0 { return Estimate(0, 0, min(3 / calls, 1)) }
        if failures >= calls { return Estimate(1, max(1 - 3 / calls, 0), 1) }
        let (z, share) = (1.959_963_984_540_054, failures / calls)
        let (square, denominator) = (z * z / calls, 1 + z * z / calls)
        let centre = (share + square / 2) / denominator
        let half = z * ((share * (1 - share) + square / 4) / calls).squareRoot() / denominator
        return Estimate(share, max(centre - half, 0), min(centre + half, 1))
    }

    /// The mean over groups of a ratio of sums, with a bootstrap interval at 95 % (percentiles): groups are drawn with
    /// replacement, and the runs of each drawn group as well.
    ///
    /// With one group, only its runs are drawn: the interval then tells of the orders, not of other functions.
    ///
    /// - Parameters:
    ///   - groups: For each group and run the numerator and denominator; a group whose denominators are all zero is left out.
    /// - Returns: Nil when there is no group.
    public static func meanOverGroups(
        _ groups: [[(numerator: Double, denominator: Double)]],
        resamples: Int,
        seed: UInt64
    ) -> Estimate? {
        resampled(groups, resamples: resamples, seed: seed) { ratios in
            let defined = ratios.filter { $0.denominator > 0 }
            guard !defined.isEmpty else { return nil }
            return defined.reduce(0) { $0 + $1.numerator / $1.denominator } / Double(defined.count)
        }
    }

    /// The ratio of the sums over all groups, with the same interval; nil when the denominators are all zero.
    public static func ratioOfSums(
        _ groups: [[(numerator: Double, denominator: Double)]],
        resamples: Int,
        seed: UInt64
    ) -> Estimate? {
        resampled(groups, resamples: resamples, seed: seed) { ratios in
            let sum = ratios.reduce((0.0, 0.0)) { ($0.0 + $1.numerator, $0.1 + $1.denominator) }
            return sum.1 > 0 ? sum.0 / sum.1 : nil
        }
    }

    /// A figure of the groups' sums over their runs, and the percentiles of that figure of groups and runs drawn anew.
    private static func resampled(
        _ groups: [[(numerator: Double, denominator: Double)]],
        resamples: Int,
        seed: UInt64,
        figure: ([(numerator: Double, denominator: Double)]) -> Double?
    ) -> Estimate? {
        let groups = groups.filter { runs in runs.contains { $0.denominator > 0 } }
        let sums = groups.map { runs in
            runs.reduce((numerator: 0.0, denominator: 0.0)) {
                ($0.numerator + $1.numerator, $0.denominator + $1.denominator)
            }
        }
        guard let value = figure(sums) else { return nil }
        var generator = SeededGenerator(seed: seed)
        var values: [Double] = []
        values.reserveCapacity(resamples)
        var drawn: [(numerator: Double, denominator: Double)] = []
        for _ in 0..<resamples {
            drawn.removeAll(keepingCapacity: true)
            for _ in groups.indices {
                let runs = groups[generator.index(below: groups.count)]
                var sum = (numerator: 0.0, denominator: 0.0)
                for _ in runs.indices {
                    let run = runs[generator.index(below: runs.count)]
                    sum.numerator += run.numerator
                    sum.denominator += run.denominator
                }
                drawn.append(sum)
            }
            if let value = figure(drawn) { values.append(value) }
        }
        values.sort()
        return Estimate(value, percentile(0.025, of: values) ?? value, percentile(0.975, of: values) ?? value)
    }

    /// A percentile of numbers in rising order, linear between two; nil without any.
    public static func percentile(_ share: Double, of sorted: [Double]) -> Double? {
        guard let last = sorted.last else { return nil }
        let place = share * Double(sorted.count - 1)
        let below = Int(place.rounded(.down))
        guard below + 1 < sorted.count else { return last }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}

/// Numbers that are the same for the same seed on every machine (SplitMix64, https://doi.org/10.1145/2714064.2660195).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts at a seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number from 0 up to, and not including, `bound`.
    ///
    /// The standard library may change how it draws from a range; this may not.
    mutating func index(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

    /// The numbers from 0 up to, and not including, `count`, in a random order (Fisher and Yates).
    mutating func order(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for place in stride(from: count - 1, to: 0, by: -1) { order.swapAt(place, index(below: place + 1)) }
        return order
    }
}
