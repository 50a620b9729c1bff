import RealModule

/// Numbers as documents hold them: seven digits are more than samples tell, read well, and hide the last bits in which two
/// machines' libraries may differ.
enum Decimal {
    private static let digits = 7

    /// The next number of seven digits that is not below a value.
    static func up(_ value: Double) -> Double { rounded(value, .up) }

    /// The nearest number of seven digits.
    static func nearest(_ value: Double) -> Double { rounded(value, .toNearestOrEven) }

    private static func rounded(_ value: Double, _ rule: FloatingPointRoundingRule) -> Double {
        guard value != 0, value.isFinite else { return value }
        let place = digits - 1 - Int(Double.log10(value.magnitude).rounded(.down))
        // Only powers that a double holds exactly, so that the shortest text of the result has seven digits.
        guard place.magnitude <= 22 else { return value }
        let power = Double.pow(10, place.magnitude > 0 ? Int(place.magnitude) : 0)
        return place >= 0 ? (value * power).rounded(rule) / power : (value / power).rounded(rule) * power
    }
}
