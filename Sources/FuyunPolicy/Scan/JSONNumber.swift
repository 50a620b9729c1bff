/// A number as JSON writes it (RFC 8259 section 6): `-`, digits without a leading zero, a fraction, an exponent.
///
/// Reading checks the form and gathers what the value needs, `value` converts.
struct JSONNumber {
    /// The position behind the number.
    private(set) var end: Int
    private var isNegative = false
    private(set) var decimal = Decimal()

    /// The nearest Double; infinite when the number is beyond a Double's range.
    var value: Double { isNegative ? -decimal.magnitude : decimal.magnitude }

    /// Reads a number in a document, where a delimiter must follow it.
    init(_ bytes: JSONBytes, at start: Int) throws(ScanHalt) {
        self.init(bytes.base, from: start, limit: bytes.count)
        guard isWhole else { throw end == bytes.count ? bytes.ranOut() : bytes.malformed(end) }
        try bytes.expectDelimiter(end)
    }

    /// Whether the form is right up to `end`; if not, `end` is where it went wrong.
    private(set) var isWhole = false

    /// Reads a number from bytes that end at `limit`.
    init(_ base: UnsafeRawPointer, from start: Int, limit: Int) {
        end = start
        guard end < limit else { return }
        if base.load(fromByteOffset: end, as: UInt8.self) == UInt8(ascii: "-") {
            isNegative = true
            end += 1
        }
        decimal.digits = base + end
        let integer = end
        readDigits(base, limit)
        guard end > integer else { return }
        if end > integer + 1, base.load(fromByteOffset: integer, as: UInt8.self) == UInt8(ascii: "0") {
            end = integer + 1
            return
        }
        if end < limit, base.load(fromByteOffset: end, as: UInt8.self) == UInt8(ascii: ".") {
            end += 1
            let fraction = end
            readDigits(base, limit)
            guard end > fraction else { return }
            decimal.exponent -= end - fraction
        }
        decimal.digitBytes = base + end - decimal.digits
        if end < limit, base.load(fromByteOffset: end, as: UInt8.self) | 0x20 == UInt8(ascii: "e") {
            end += 1
            guard readExponent(base, limit) else { return }
        }
        isWhole = true
    }

    /// Reads digits into the decimal: the first 19 that count into its mantissa, the others only into its exponent.
    @inline(__always)
    private mutating func readDigits(_ base: UnsafeRawPointer, _ limit: Int) {
        while end < limit {
            let digit = base.load(fromByteOffset: end, as: UInt8.self) &- 0x30
            guard digit <= 9 else { return }
            decimal.append(digit)
            end += 1
        }
    }

    private mutating func readExponent(_ base: UnsafeRawPointer, _ limit: Int) -> Bool {
        var isDown = false
        if end < limit {
            let sign = base.load(fromByteOffset: end, as: UInt8.self)
            isDown = sign == UInt8(ascii: "-")
            if isDown || sign == UInt8(ascii: "+") { end += 1 }
        }
        let first = end
        var exponent = 0
        while end < limit {
            let digit = base.load(fromByteOffset: end, as: UInt8.self) &- 0x30
            guard digit <= 9 else { break }
            // Far beyond any body's digits, more make no difference, and must not overflow.
            if exponent < 1 << 50 { exponent = exponent * 10 + Int(digit) }
            end += 1
        }
        decimal.exponent += isDown ? -exponent : exponent
        return end > first
    }
}
