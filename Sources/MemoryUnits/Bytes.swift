/// A quantity of memory, in bytes.
///
/// Arithmetic saturates instead of trapping: a limit computed from hostile input must end at a bound, never in a crash.
public struct Bytes: RawRepresentable, Hashable, Comparable, Sendable {
    /// The number of bytes.
    public var rawValue: UInt64

    /// Wraps a number of bytes.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Wraps a number of bytes.
    @inlinable
    public init(_ count: UInt64) { self.rawValue = count }

    /// No bytes at all.
    public static let zero = Bytes(0)

    /// The largest quantity that can be written; where saturating arithmetic ends.
    public static let max = Bytes(UInt64.max)

    /// Converts a formula's result, rounding up; nil when it is not a number, infinite, negative or beyond `UInt64`.
    @inlinable
    public init?(roundingUp value: Double) {
        let whole = value.rounded(.up)
        guard whole >= 0, let count = UInt64(exactly: whole) else { return nil }
        self.rawValue = count
    }

    /// A number of kibibytes (2^10 bytes).
    @inlinable
    public static func kibibytes(_ count: UInt64) -> Bytes { Bytes(count).multiplied(by: 1 << 10) }

    /// A number of mebibytes (2^20 bytes).
    @inlinable
    public static func mebibytes(_ count: UInt64) -> Bytes { Bytes(count).multiplied(by: 1 << 20) }

    /// A number of gibibytes (2^30 bytes).
    @inlinable
    public static func gibibytes(_ count: UInt64) -> Bytes { Bytes(count).multiplied(by: 1 << 30) }

    /// Compares two quantities.
    @inlinable
    public static func < (left: Bytes, right: Bytes) -> Bool { left.rawValue < right.rawValue }

    /// Adds, ending at `Bytes.max`.
    @inlinable
    public static func + (left: Bytes, right: Bytes) -> Bytes {
        let (sum, overflow) = left.rawValue.addingReportingOverflow(right.rawValue)
        return overflow ? .max : Bytes(sum)
    }

    /// Subtracts, ending at zero.
    @inlinable
    public static func - (left: Bytes, right: Bytes) -> Bytes {
        left.rawValue > right.rawValue ? Bytes(left.rawValue - right.rawValue) : .zero
    }

    /// Adds in place, ending at `Bytes.max`.
    @inlinable
    public static func += (left: inout Bytes, right: Bytes) { left = left + right }

    /// Multiplies, ending at `Bytes.max`.
    @inlinable
    public func multiplied(by factor: UInt64) -> Bytes {
        let (product, overflow) = rawValue.multipliedReportingOverflow(by: factor)
        return overflow ? .max : Bytes(product)
    }

    /// Scales by a non-negative factor, rounding up and ending at `Bytes.max`; a factor that is not a number counts as 1.
    @inlinable
    public func scaled(by factor: Double) -> Bytes {
        guard !factor.isNaN else { return self }
        let product = Double(rawValue) * Swift.max(factor, 0)
        return Bytes(roundingUp: product) ?? .max
    }

    /// The next multiple of `step` that is not below this quantity; a step of zero changes nothing.
    @inlinable
    public func roundedUp(toMultipleOf step: Bytes) -> Bytes {
        guard step.rawValue > 1 else { return self }
        let remainder = rawValue % step.rawValue
        return remainder == 0 ? self : self + Bytes(step.rawValue - remainder)
    }

    /// The last multiple of `step` that is not above this quantity; a step of zero changes nothing.
    @inlinable
    public func roundedDown(toMultipleOf step: Bytes) -> Bytes {
        guard step.rawValue > 1 else { return self }
        return Bytes(rawValue - rawValue % step.rawValue)
    }
}

extension Bytes: CustomStringConvertible {
    /// The quantity for people, in binary units with at most one decimal: `512 B`, `64 MiB`, `1.5 GiB`.
    public var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var tenths = (whole: rawValue, remainder: UInt64(0))
        while tenths.whole >= 1024, unit < units.count - 1 {
            tenths = (tenths.whole / 1024, tenths.whole % 1024)
            unit += 1
        }
        let decimal = tenths.remainder * 10 / 1024
        return decimal == 0 || unit == 0
            ? "\(tenths.whole) \(units[unit])" : "\(tenths.whole).\(decimal) \(units[unit])"
    }
}
