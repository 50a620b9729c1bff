/// A whole number of up to 4096 bits in place.
///
/// Enough for every comparison that `Decimal` makes: 769 digits have 2555 bits, and the middle of two Doubles times the
/// power of ten that 769 digits can go with, 5^1112 at most, has 2637; after the shift both have about the same length.
struct BigInteger {
    /// Digits that matter when a decimal is compared with the middle of two Doubles: no middle has more than 767, so what
    /// follows 768 can only tell whether the decimal is above.
    static let mostDigits = 768

    private var words = InlineArray<64, UInt64>(repeating: 0)
    private var count = 0

    init(_ value: UInt64 = 0) {
        words[0] = value
        count = value == 0 ? 0 : 1
    }

    /// Takes the digits of a number's text, without its point and leading zeros.
    ///
    /// When there are more than `mostDigits` and one behind them is not zero, a 1 stands for them all. Returns how many digits were taken.
    mutating func setDigits(_ text: UnsafeRawBufferPointer) -> Int {
        var taken = 0
        var chunk: UInt64 = 0
        var chunkScale: UInt64 = 1
        for byte in text where byte != UInt8(ascii: ".") {
            let digit = byte - 0x30
            if taken == 0, digit == 0 { continue }
            if taken >= Self.mostDigits {
                guard digit != 0 else { continue }
                multiply(by: chunkScale, adding: chunk)
                multiply(by: 10, adding: 1)
                return taken + 1
            }
            chunk = chunk * 10 + UInt64(digit)
            chunkScale *= 10
            taken += 1
            if taken % 19 == 0 {
                multiply(by: chunkScale, adding: chunk)
                (chunk, chunkScale) = (0, 1)
            }
        }
        multiply(by: chunkScale, adding: chunk)
        return taken
    }

    mutating func multiplyByPowerOfFive(_ n: Int) {
        var rest = n
        while rest >= 27 {
            multiply(by: 7_450_580_596_923_828_125, adding: 0)
            rest -= 27
        }
        var factor: UInt64 = 1
        for _ in 0..<rest { factor *= 5 }
        multiply(by: factor, adding: 0)
    }

    mutating func shiftLeft(_ bits: Int) {
        let (whole, part) = (bits / 64, UInt64(bits % 64))
        multiply(by: 1 << part, adding: 0)
        guard whole > 0, count > 0 else { return }
        for index in (0..<count).reversed() { words[index + whole] = words[index] }
        for index in 0..<whole { words[index] = 0 }
        count += whole
    }

    /// -1, 0 or 1 as this number is less than, equal to or greater than the other.
    func compared(to other: BigInteger) -> Int {
        guard count == other.count else { return count < other.count ? -1 : 1 }
        for index in (0..<count).reversed() where words[index] != other.words[index] {
            return words[index] < other.words[index] ? -1 : 1
        }
        return 0
    }

    private mutating func multiply(by factor: UInt64, adding summand: UInt64) {
        var carry = summand
        for index in 0..<count {
            let sum = UInt128(words[index]) * UInt128(factor) + UInt128(carry)
            words[index] = UInt64(truncatingIfNeeded: sum)
            carry = UInt64(truncatingIfNeeded: sum >> 64)
        }
        if carry != 0 {
            words[count] = carry
            count += 1
        }
    }
}
