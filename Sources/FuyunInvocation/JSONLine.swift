import MemoryUnits

/// Writes one line of JSON into a byte buffer: no Foundation, nothing allocated but the buffer's own growth.
///
/// Keys are written as they come, in the order of the calls, which makes the output stable.
struct JSONLine {
    var bytes: [UInt8]
    private var needsComma = false

    init(appendingTo bytes: consuming [UInt8]) { self.bytes = bytes }

    mutating func object(_ key: StaticString? = nil, _ body: (inout JSONLine) -> Void) {
        begin(key)
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func array(_ key: StaticString, _ body: (inout JSONLine) -> Void) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    mutating func null(_ key: StaticString) {
        begin(key)
        literal("null")
    }

    mutating func bool(_ key: StaticString, _ value: Bool) {
        begin(key)
        literal(value ? "true" : "false")
    }

    mutating func integer(_ key: StaticString, _ value: (some BinaryInteger)?) {
        begin(key)
        if let value { decimal(value) } else { literal("null") }
    }

    /// A quantity in bytes; null for nil and for `Bytes.max`, which stands for no limit.
    mutating func quantity(_ key: StaticString, _ value: Bytes?) {
        integer(key, value == .max ? nil : value?.rawValue)
    }

    /// A number; null where JSON has none for it.
    mutating func number(_ key: StaticString, _ value: Double?) {
        begin(key)
        double(value)
    }

    mutating func number(named key: String, _ value: Double?) {
        separate()
        quoted(key.utf8)
        bytes.append(UInt8(ascii: ":"))
        double(value)
        needsComma = true
    }

    /// A duration as milliseconds with up to three decimals.
    mutating func milliseconds(_ key: StaticString, _ value: Duration?) {
        begin(key)
        guard let value else { return literal("null") }
        let (seconds, attoseconds) = value.components
        let microseconds = seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
        if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        decimal(microseconds.magnitude / 1000)
        var fraction = microseconds.magnitude % 1000
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        var step: UInt64 = 100
        while fraction > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / step))
            fraction %= step
            step /= 10
        }
    }

    mutating func string(_ key: StaticString, _ value: String?) {
        begin(key)
        if let value { quoted(value.utf8) } else { literal("null") }
    }

    mutating func element(_ value: String) {
        separate()
        quoted(value.utf8)
        needsComma = true
    }

    // MARK: - Bytes

    private mutating func begin(_ key: StaticString?) {
        separate()
        if let key {
            bytes.append(UInt8(ascii: "\""))
            literal(key)
            bytes.append(UInt8(ascii: "\""))
            bytes.append(UInt8(ascii: ":"))
        }
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func literal(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func double(_ value: Double?) {
        guard let value, value.isFinite else { return literal("null") }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return decimal(whole) }
        bytes.append(contentsOf: value.description.utf8)
    }

    private mutating func decimal(_ value: some BinaryInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = UInt64(value.magnitude)
        // A 64-bit number has at most twenty digits; they come out from the last to the first.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var count = 0
        repeat {
            digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            count += 1
        } while rest > 0
        while count > 0 {
            count -= 1
            bytes.append(digits[count])
        }
    }

    /// A JSON string (RFC 8259, section 7): quote, backslash and control characters escaped, the rest as it is.
    private mutating func quoted(_ text: String.UTF8View) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                literal("\\u00")
                bytes.append(hexadecimalDigit(byte >> 4))
                bytes.append(hexadecimalDigit(byte & 15))
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
