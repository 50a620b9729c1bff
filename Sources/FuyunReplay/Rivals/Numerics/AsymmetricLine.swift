/// A line fitted by least squares in which needs above it count more than needs below it: an expectile regression.
struct AsymmetricLine: Sendable {
    /// The value at zero.
    let base: Double
    /// What each unit of the input adds.
    let slope: Double

    /// Fits: needs above the line count 1, those below count `over`.
    ///
    /// Iteratively reweighted; the sum is convex and its weights take two values, so it settles after a few passes.
    init(_ inputs: [Double], _ needs: [Double], over: Double) {
        var weights = Array(repeating: 1.0, count: inputs.count)
        var (base, slope) = (0.0, 0.0)
        for _ in 0..<50 {
            let total = weights.reduce(0, +)
            var (meanInput, meanNeed) = (0.0, 0.0)
            for row in inputs.indices {
                meanInput += weights[row] * inputs[row]
                meanNeed += weights[row] * needs[row]
            }
            meanInput /= total
            meanNeed /= total
            var (square, product) = (0.0, 0.0)
            for row in inputs.indices {
                let step = inputs[row] - meanInput
                square += weights[row] * step * step
                product += weights[row] * step * (needs[row] - meanNeed)
            }
            slope = square > 0 ? product / square : 0
            base = meanNeed - slope * meanInput
            var changed = false
            for row in inputs.indices {
                let weight = needs[row] > base + slope * inputs[row] ? 1 : over
                if weight != weights[row] {
                    weights[row] = weight
                    changed = true
                }
            }
            if !changed { break }
        }
        self.base = base
        self.slope = slope
    }

    /// The value at an input.
    func value(_ input: Double) -> Double { base + slope * input }
}
