extension MagnitudeRange {
    /// The powers of two between which numbers are told apart; what is nearer to zero counts as between zero and the
    /// least, what is further as the greatest.
    private static let exponents = -64...1023

    /// The range of one number: from the power of two at or below its magnitude to the next one, so that even a power
    /// of two is not told; zero is between 0 and 1.
    public init(of number: Double) {
        guard number != 0, !number.isNaN else {
            self.init(lower: 0, upper: 1)
            return
        }
        let exponent = number.isInfinite ? Self.exponents.upperBound : Int(number.magnitude.exponent)
        let near: Double
        let far: Double
        if exponent < Self.exponents.lowerBound {
            (near, far) = (0, Self.power(Self.exponents.lowerBound))
        } else {
            near = Self.power(min(exponent, Self.exponents.upperBound - 1))
            far = near * 2
        }
        self.init(lower: number < 0 ? -far : near, upper: number < 0 ? -near : far)
    }

    /// The range that holds both.
    public func union(_ other: MagnitudeRange) -> MagnitudeRange {
        MagnitudeRange(lower: min(lower, other.lower), upper: max(upper, other.upper))
    }

    /// Whether a number may be an end: zero, a power of two or the negative of one.
    static func isEnd(_ number: Double) -> Bool {
        number == 0
            || number.isFinite && number.magnitude.significand == 1
                && exponents.contains(Int(number.magnitude.exponent))
    }

    private static func power(_ exponent: Int) -> Double {
        Double(sign: .plus, exponent: exponent, significand: 1)
    }
}
