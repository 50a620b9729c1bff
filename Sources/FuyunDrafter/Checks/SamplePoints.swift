import FuyunPolicy

/// Points of a formula's variables: all corners of their ranges, and some between, the same ones every time.
struct SamplePoints {
    /// The most variables of which all corners are taken.
    static let maximumCornered = 8
    /// How many points between the corners are taken.
    static let between = 256

    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The corners of the variables at these places; the other variables stand at the beginning of their ranges.
    static func corners(_ variables: [PolicyVariable], varying: [Int]) -> [[Double]] {
        let cornered = varying.prefix(maximumCornered)
        return (0..<1 << cornered.count).map { corner in
            var point = variables.map { $0.range?.lowerBound ?? 0 }
            for (bit, place) in cornered.enumerated() where corner & (1 << bit) != 0 {
                point[place] = variables[place].range?.upperBound ?? 0
            }
            // Variables beyond those go with the last one.
            for place in varying.dropFirst(maximumCornered) where corner & 1 != 0 {
                point[place] = variables[place].range?.upperBound ?? 0
            }
            return point
        }
    }

    /// A point between the corners: on a scale of factors where the range spans several, since that is how sizes are spread.
    mutating func next(_ variables: [PolicyVariable], varying: [Int]) -> [Double] {
        var point = variables.map { $0.range?.lowerBound ?? 0 }
        for place in varying { point[place] = value(of: variables[place]) }
        return point
    }

    /// A value of one variable.
    mutating func value(of variable: PolicyVariable) -> Double {
        guard let range = variable.range else { return 0 }
        let share = unit()
        var value: Double
        if range.lowerBound >= 0, range.upperBound > 16 * max(range.lowerBound, 1) {
            // From one (or the range's beginning) on by factors, found by halving.
            let start = max(range.lowerBound, 1)
            let factor = range.upperBound / start
            value = start
            var (exponent, step) = (share, factor)
            for _ in 0..<40 {
                step = step.squareRoot()
                exponent *= 2
                if exponent >= 1 {
                    value *= step
                    exponent -= 1
                }
            }
        } else {
            value = range.lowerBound + share * (range.upperBound - range.lowerBound)
        }
        if variable.kind == .integer { value = value.rounded() }
        return min(max(value, range.lowerBound), range.upperBound)
    }

    /// SplitMix64, as a share of one.
    private mutating func unit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Double(mixed >> 11) / Double(1 << 53)
    }
}
