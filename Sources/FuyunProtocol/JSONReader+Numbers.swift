extension JSONReader {
    /// Reads a finite number.
    package mutating func number() throws(JSONError) -> Double {
        try expect(.number, "a number")
        let start = offset
        try numberText()
        return try number(from: start)
    }

    /// Passes over a number; one that is not finite is refused.
    mutating func skipNumber() throws(JSONError) {
        let start = offset
        // Without an exponent, 300 characters cannot be too large.
        if try numberText() || offset - start > 300 { _ = try number(from: start) }
    }

    /// The finite number of which the text was passed over.
    private func number(from start: Int) throws(JSONError) -> Double {
        if let exact = fewDecimals(from: start) { return exact }
        guard offset - start <= 400 else { throw JSONError(.outOfRange, "at most 400 digits", at: start) }
        guard let value = Double(String(decoding: text[start..<offset], as: UTF8.self)), value.isFinite else {
            throw JSONError(.outOfRange, "a finite number", at: start)
        }
        return value
    }

    /// Passes over the text of a number; returns whether it has an exponent.
    @discardableResult
    private mutating func numberText() throws(JSONError) -> Bool {
        if text[offset] == UInt8(ascii: "-") { offset += 1 }
        let whole = offset
        try digits()
        if offset - whole > 1, text[whole] == UInt8(ascii: "0") {
            throw JSONError(.malformed, "no leading 0", at: whole)
        }
        if current == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        guard let letter = current, letter | 0x20 == UInt8(ascii: "e") else { return false }
        offset += 1
        if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
        try digits()
        return true
    }

    /// Reads a whole number.
    package mutating func integer<Number: FixedWidthInteger>(
        in range: ClosedRange<Number> = Number.min...Number.max
    ) throws(JSONError) -> Number {
        try expect(.number, "a whole number")
        let start = offset
        try numberText()
        let exact: Number?
        if let few = fewDigits(from: start) {
            exact = Number(exactly: few)
        } else {
            let value = try number(from: start)
            // Digits are read as digits: a Double would round numbers beyond 2^53.
            exact = Number(String(decoding: text[start..<offset], as: UTF8.self)) ?? Number(exactly: value)
        }
        guard let exact, range.contains(exact) else {
            throw JSONError(.outOfRange, "a whole number from \(range.lowerBound) to \(range.upperBound)", at: start)
        }
        return exact
    }

    /// The number that was passed over, when it has at most 15 digits and no exponent.
    ///
    /// Both the digits and the power of ten are then Doubles without an error, so that their quotient is the nearest
    /// Double (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
    private func fewDecimals(from start: Int) -> Double? {
        guard offset - start <= 16 else { return nil }
        var digits: UInt64 = 0
        var power = 1.0
        var hasPoint = false
        let isNegative = text[start] == UInt8(ascii: "-")
        for character in text[(isNegative ? start + 1 : start)..<offset] {
            if character.isASCIIDigit {
                digits = digits * 10 + UInt64(character - UInt8(ascii: "0"))
                if hasPoint { power *= 10 }
            } else {
                guard character == UInt8(ascii: ".") else { return nil }
                hasPoint = true
            }
        }
        guard digits < 1_000_000_000_000_000 else { return nil }
        let value = Double(digits) / power
        return isNegative ? -value : value
    }

    /// The number that was passed over, when it is nothing but digits and certain to be below 2^64.
    private func fewDigits(from start: Int) -> UInt64? {
        guard offset - start <= 19 else { return nil }
        var value: UInt64 = 0
        for character in text[start..<offset] {
            guard character.isASCIIDigit else { return nil }
            value = value * 10 + UInt64(character - UInt8(ascii: "0"))
        }
        return value
    }
}
