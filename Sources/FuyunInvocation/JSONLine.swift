import MemoryUnits

/// Writes one line of JSON into a byte buffer: no Foundation, nothing allocated but the buffer's own growth.
///
/// Keys are written as they come, in the order of the calls, which makes the output stable.
struct JSONLine {
    var bytes: [UInt8] = []
    private var needsComma = false

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
        guard let value else { return literal("null") }
        decimal(UInt64(value.magnitude), isNegative: value < 0)
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
        quoted(key)
        bytes.append(UInt8(ascii: ":"))
        double(value)
        needsComma = true
    }

    mutating func string(named key: String, _ value: String) {
        separate()
        quoted(key)
        bytes.append(UInt8(ascii: ":"))
        quoted(value)
        needsComma = true
    }

    /// A duration as milliseconds with up to three decimals.
    mutating func milliseconds(_ key: StaticString, _ value: Duration?) {
        begin(key)
        guard let value else { return literal("null") }
        let (seconds, attoseconds) = value.components
        let microseconds = seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
        decimal(microseconds.magnitude / 1000, isNegative: microseconds < 0)
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
        if let value { quoted(value) } else { literal("null") }
    }

    mutating func element(_ value: String) {
        separate()
        quoted(value)
        needsComma = true
    }

    // MARK: - Bytes

    private mutating func begin(_ key: StaticString?) {
        separate()
        if let key {
            bytes.append(UInt8(ascii: "\""))
            literal(key)
            literal("\":")
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
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
            return decimal(whole.magnitude, isNegative: whole < 0)
        }
        var text = value.description
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private mutating func decimal(_ value: UInt64, isNegative: Bool) {
        // A 64-bit number has at most twenty digits; they are put in from the last to the first, then the sign.
        var text = InlineArray<21, UInt8>(repeating: UInt8(ascii: "-"))
        var start = text.count
        var rest = value
        repeat {
            start -= 1
            text[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if isNegative { start -= 1 }
        text.span.extracting(start...).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// A JSON string (RFC 8259, section 7): quote, backslash and control characters escaped, the rest as it is, in
    /// pieces as long as they come.
    private mutating func quoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { text in
            var start = 0
            for index in text.indices {
                let byte = text[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                escaped(byte)
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        if byte < 0x20 {
            literal("\\u00")
            bytes.append(hexadecimalDigit(byte >> 4))
            bytes.append(hexadecimalDigit(byte & 15))
        } else {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        }
    }

    private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
