import RealModule

/// How numbers become places on an axis.
struct Scale {
    /// How the axis is stretched.
    enum Kind {
        /// Evenly.
        case linear
        /// By the square root: small numbers, of which zero is one, get more room.
        case root
        /// By the logarithm.
        case logarithm
    }

    /// How the axis is stretched.
    let kind: Kind
    /// The smallest number.
    let lower: Double
    /// The largest.
    let upper: Double
    /// Where the smallest lies, in the drawing's units.
    let start: Double
    /// Where the largest lies.
    let end: Double

    /// Makes a scale; numbers that leave no room between them get some.
    init(_ kind: Kind, _ lower: Double, _ upper: Double, from start: Double, to end: Double) {
        self.kind = kind
        self.lower = lower.isFinite ? lower : 0
        self.upper = upper.isFinite && upper > self.lower ? upper : self.lower + max(self.lower.magnitude * 0.1, 1e-9)
        self.start = start
        self.end = end
    }

    /// The place of a number, held within the axis.
    func place(_ value: Double) -> Double {
        let (low, high, at) = (bent(lower), bent(upper), bent(min(max(value, lower), upper)))
        return start + (at - low) / (high - low) * (end - start)
    }

    /// Round numbers to mark, about so many.
    func ticks(_ count: Int) -> [Double] {
        switch kind {
        case .linear: linearTicks(count)
        case .root:
            // Ones, twos and fives thin out towards zero as the axis does; near ones would overlap.
            thinned([0] + decades([1, 2, 5]), count)
        case .logarithm:
            thinned(decades(Double.log10(upper / lower) > 2.5 ? [1] : [1, 2, 5]), count)
        }
    }

    /// Round numbers of bytes to mark: multiples or steps of a power of two, so that their binary units have no places.
    func binaryTicks(_ count: Int) -> [Double] {
        guard kind == .logarithm else {
            let step = Double.exp2(Double.log2((upper - lower) / Double(max(count, 1))).rounded(.up))
            let first = (lower / step - 1e-9).rounded(.up)
            return (0...20).map { (first + Double($0)) * step }.filter { $0 <= upper }
        }
        let powers =
            Int(
                Double.log2(lower).rounded(.up)
            )...max(
                Int(Double.log2(upper).rounded(.down)),
                Int(Double.log2(lower).rounded(.up))
            )
        return thinned(powers.map { Double.exp2(Double($0)) }.filter { $0 <= upper }, count)
    }

    private func bent(_ value: Double) -> Double {
        switch kind {
        case .linear: value
        case .root: max(value, 0).squareRoot()
        case .logarithm: Double.log(max(value, 1e-300))
        }
    }

    private func linearTicks(_ count: Int) -> [Double] {
        let rough = (upper - lower) / Double(max(count, 1))
        let power = Double.pow(10, Double.log10(rough).rounded(.down))
        let step = power * ([1.0, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10)
        let first = (lower / step - 1e-9).rounded(.up)
        return (0...20).map { (first + Double($0)) * step }.filter { $0 <= upper + step * 1e-9 }
    }

    private func decades(_ digits: [Double]) -> [Double] {
        let top = Int(Double.log10(upper).rounded(.up))
        let bottom = kind == .root ? top - 4 : Int(Double.log10(max(lower, 1e-300)).rounded(.down))
        return (bottom...max(top, bottom)).flatMap { power in digits.map { $0 * Double.pow(10, power) } }
            .filter { $0 >= lower * 0.999 && $0 <= upper * 1.001 }
    }

    /// From the far end inwards, whatever keeps its distance from those before it and from the near end.
    private func thinned(_ values: [Double], _ count: Int) -> [Double] {
        let gap = (end - start).magnitude / Double(count + 1)
        var kept: [Double] = []
        for value in values.reversed() {
            let at = place(value)
            let isFirst = value == values.first
            if kept.allSatisfy({ (place($0) - at).magnitude >= gap }),
                isFirst || kind != .root || (at - place(values[0])).magnitude >= gap
            {
                kept.append(value)
            }
        }
        return kept.reversed()
    }
}
