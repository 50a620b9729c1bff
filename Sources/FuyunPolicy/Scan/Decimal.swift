/// A decimal number: up to 19 leading digits as an integer, a power of ten, and where all digits are written.
///
/// `magnitude` is the nearest Double, ties to even, as `strtod` gives it, in three steps of rising cost: exact arithmetic
/// on Doubles (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990), a 128-bit product with a known
/// error, and for the few that lie too close to the middle of two Doubles a comparison of whole numbers.
struct Decimal {
    /// The first 19 digits without leading zeros.
    private(set) var mantissa: UInt64 = 0
    /// The power of ten that `mantissa` is multiplied by.
    var exponent = 0
    /// Digits in `mantissa`.
    private(set) var mantissaDigits = 0
    /// Whether there are digits behind those of `mantissa`.
    private(set) var isLonger = false
    /// The text of all digits, with a point among them.
    var digits = UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
    var digitBytes = 0

    static let mostMantissaDigits = 19

    /// Appends a digit as if the number were whole; the reader takes the digits behind the point off the exponent.
    @inline(__always)
    mutating func append(_ digit: UInt8) {
        if mantissaDigits < Self.mostMantissaDigits {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            if mantissa != 0 { mantissaDigits += 1 }
        } else {
            isLonger = true
            exponent += 1
        }
    }

    /// The nearest Double; infinity from 1.797693134862315807e308 on.
    var magnitude: Double {
        guard mantissa != 0 else { return 0 }
        if !isLonger, mantissa <= 1 << 53, (-22...22).contains(exponent) {
            // Both operands are exact, so the one operation rounds once, and rightly.
            let power = Self.exactPower(exponent.magnitude)
            return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
        }
        // 1 <= mantissa < 2^64: beyond these the value is over the greatest Double, or under half the least.
        if exponent > 308 { return .infinity }
        if exponent < -343 { return 0 }
        return rounded()
    }

    /// 10^n for n up to 22, where a Double still is exact.
    private static func exactPower(_ n: UInt) -> Double {
        var power = 1.0
        var square = 10.0
        var rest = n
        while rest != 0 {
            if rest & 1 != 0 { power *= square }
            square *= square
            rest >>= 1
        }
        return power
    }

    private func rounded() -> Double {
        let low = Scaled(mantissa).timesPowerOfFive(exponent)
        // The value lies in [low, low + slack], in units of low's last bit: every factor and every product is cut off,
        // eight times at most (48 units); the digits behind the mantissa add less than one unit of its 19th digit.
        let slack: UInt128 = isLonger ? 1 << 69 : 64
        let power = low.exponent + exponent + 127
        if power > 1023 { return .infinity }
        // How many of low's 128 bits a Double of that size has, fewer where it is subnormal.
        let kept = power >= -1022 ? 53 : 53 + power + 1022
        guard kept >= -1 else { return 0 }
        let dropped = 128 - kept
        let isUp: Bool
        var significand: UInt64 = 0
        if dropped > 128 {
            // Below half the least Double, unless the slack reaches it.
            isUp = low.mantissa.addingReportingOverflow(slack).overflow && isAboveMiddle(0, low, dropped)
        } else {
            significand = dropped == 128 ? 0 : UInt64(truncatingIfNeeded: low.mantissa >> UInt128(dropped))
            let half = UInt128(1) << UInt128(dropped - 1)
            let rest = dropped == 128 ? low.mantissa : low.mantissa & (half << 1 - 1)
            isUp =
                if rest > half {
                    true
                } else if half - rest > slack {
                    false
                } else {
                    isAboveMiddle(significand, low, dropped)
                }
        }
        if isUp { significand += 1 }
        // A carry out of the significand runs into the exponent's field, which is what it should do.
        guard power >= -1022 else { return Double(bitPattern: significand) }
        return Double(bitPattern: UInt64(power + 1022) << 52 + significand)
    }

    /// Whether all the digits together round up from `significand`, where their value is close to the middle between it
    /// and the next: an exact comparison.
    private func isAboveMiddle(_ significand: UInt64, _ low: Scaled, _ dropped: Int) -> Bool {
        // value = number * 10^tens; middle = (2 * significand + 1) * 2^twos
        var number = BigInteger()
        let taken = number.setDigits(UnsafeRawBufferPointer(start: digits, count: digitBytes))
        let tens = exponent - (taken - mantissaDigits)
        let twos = low.exponent + exponent + dropped - 1
        var middle = BigInteger(2 * significand + 1)
        if tens >= 0 { number.multiplyByPowerOfFive(tens) } else { middle.multiplyByPowerOfFive(-tens) }
        if tens > twos { number.shiftLeft(tens - twos) } else { middle.shiftLeft(twos - tens) }
        switch number.compared(to: middle) {
        case 0: return significand & 1 == 1
        case let order: return order > 0
        }
    }
}
