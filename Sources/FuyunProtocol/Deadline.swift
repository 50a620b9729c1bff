/// A moment on the wall clock that both ends of a Unix socket share: until when a caller waits.
///
/// Written as milliseconds since 1970 with an optional fraction, `1769000000123.25`.
public struct Deadline: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Nanoseconds since 1970-01-01 00:00 UTC; never negative.
    public var nanosecondsSinceEpoch: Int64

    /// Makes a moment.
    public init(nanosecondsSinceEpoch: Int64) { self.nanosecondsSinceEpoch = max(0, nanosecondsSinceEpoch) }

    /// Reads milliseconds with an optional fraction (digits, at most one dot between digits); nil for anything else and
    /// for moments after the year 2262.
    ///
    /// Digits beyond a nanosecond are dropped.
    public init?(_ description: String) {
        guard (1...40).contains(description.utf8.count) else { return nil }
        var value: Int64 = 0
        var fractionDigits: Int?
        var previousIsDigit = false
        for character in description.utf8 {
            if character == UInt8(ascii: "."), previousIsDigit, fractionDigits == nil {
                fractionDigits = 0
                previousIsDigit = false
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
            previousIsDigit = true
            if let digits = fractionDigits {
                if digits == 6 { continue }
                fractionDigits = digits + 1
            }
            guard let next = value.shifted(adding: character - UInt8(ascii: "0")) else { return nil }
            value = next
        }
        guard previousIsDigit else { return nil }
        for _ in (fractionDigits ?? 0)..<6 {
            guard let next = value.shifted(adding: 0) else { return nil }
            value = next
        }
        nanosecondsSinceEpoch = value
    }

    /// Milliseconds since 1970, with as many digits of fraction as it takes.
    public var description: String {
        let (milliseconds, nanoseconds) = nanosecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
        guard nanoseconds > 0 else { return String(milliseconds) }
        var fraction = String(nanoseconds + 1_000_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(milliseconds).\(fraction)"
    }

    /// The moment a while after this one.
    public static func + (left: Deadline, right: Duration) -> Deadline {
        let (seconds, attoseconds) = right.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (whole, overflow2) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        let (sum, overflow3) = left.nanosecondsSinceEpoch.addingReportingOverflow(whole)
        guard !overflow, !overflow2, !overflow3 else {
            return Deadline(nanosecondsSinceEpoch: seconds < 0 ? 0 : .max)
        }
        return Deadline(nanosecondsSinceEpoch: sum)
    }

    /// Compares two moments.
    public static func < (left: Deadline, right: Deadline) -> Bool {
        left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
    }
}

extension Int64 {
    fileprivate func shifted(adding digit: UInt8) -> Int64? {
        let (product, overflow) = multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = product.addingReportingOverflow(Int64(digit))
        return overflow || overflow2 ? nil : sum
    }
}
