package import FuyunPolicy
package import MemoryUnits

extension JSONReader {
    /// Reads a string.
    ///
    /// - Parameter maximum: The most bytes of text, before escapes are resolved; the reader's bound when nil.
    package mutating func string(maximum: Int? = nil) throws(JSONError) -> String {
        try expect(.string, "a string")
        let start = offset + 1
        let isPlain = try skipString()
        let raw = UnsafeRawBufferPointer(rebasing: text[start..<offset - 1])
        let maximum = min(maximum ?? maximumStringLength, maximumStringLength)
        guard raw.count <= maximum else {
            throw JSONError(.outOfRange, "at most \(maximum) bytes of text", at: start)
        }
        // ASCII, so there is nothing to check.
        if isPlain { return String(decoding: raw, as: UTF8.self) }
        guard
            let plain = raw.contains(UInt8(ascii: "\\"))
                ? try unescape(raw, at: start) : String(validating: raw, as: UTF8.self)
        else { throw JSONError(.malformed, "UTF-8", at: start) }
        return plain
    }

    /// Reads a quantity of memory in bytes.
    package mutating func bytes() throws(JSONError) -> Bytes { Bytes(try integer() as UInt64) }

    /// Reads `true` or `false`.
    package mutating func bool() throws(JSONError) -> Bool {
        try expect(.bool, "true or false")
        let value = text[offset] == UInt8(ascii: "t")
        try word(value ? "true" : "false")
        return value
    }

    /// Reads `null`.
    package mutating func null() throws(JSONError) {
        try expect(.null, "null")
        try word("null")
    }

    /// Reads one of the words of an enumeration.
    package mutating func choice<Word: RawRepresentable<String>>() throws(JSONError) -> Word {
        skipSpace()
        let start = offset
        guard let word = Word(rawValue: try string()) else {
            throw JSONError(.outOfRange, "a known word", at: start)
        }
        return word
    }

    /// Reads one of the words of an enumeration, without making a string.
    package mutating func word<Word>(_ words: JSONWords<Word>) throws(JSONError) -> Word {
        try expect(.string, "a string")
        let start = offset
        guard let place = try place(among: words, guess: 0) else {
            throw JSONError(.outOfRange, "one of \(words.list)", at: start)
        }
        return words.words[place]
    }

    /// Reads the name of the document's schema, which must be this one.
    package mutating func schema(_ name: String) throws(JSONError) {
        skipSpace()
        let start = offset
        guard try string() == name else { throw JSONError(.schema, name, at: start) }
    }

    /// Reads an invocation's id.
    package mutating func invocationID() throws(JSONError) -> InvocationID {
        try expect(.string, "an invocation's id")
        let start = offset
        _ = try skipString()
        let raw = UnsafeRawBufferPointer(rebasing: text[start + 1..<offset - 1])
        guard let id = raw.withMemoryRebound(to: UInt8.self, { InvocationID(utf8: $0.span) }) else {
            throw JSONError(.outOfRange, "an invocation's id", at: start)
        }
        return id
    }

    /// Reads a duration in milliseconds, at most a year.
    package mutating func milliseconds() throws(JSONError) -> Duration {
        skipSpace()
        let start = offset
        let value = try number()
        guard (0...3.2e10).contains(value) else { throw JSONError(.outOfRange, "0…3.2e10 milliseconds", at: start) }
        return .microseconds(Int64((value * 1000).rounded()))
    }

    /// Reads a number within a range.
    package mutating func number(in range: ClosedRange<Double>) throws(JSONError) -> Double {
        skipSpace()
        let start = offset
        let value = try number()
        guard range.contains(value) else {
            throw JSONError(.outOfRange, "a number from \(range.lowerBound) to \(range.upperBound)", at: start)
        }
        return value
    }

    /// Reads the next value as it stands, whatever it is, of at most so many bytes.
    package mutating func raw(maximum: Int) throws(JSONError) -> [UInt8] {
        skipSpace()
        let start = offset
        try skip()
        guard offset - start <= maximum else { throw JSONError(.outOfRange, "at most \(maximum) bytes", at: start) }
        return Array(text[start..<offset])
    }

    // MARK: Values that may be null

    /// Reads a string or `null`.
    package mutating func stringOrNull(maximum: Int? = nil) throws(JSONError) -> String? {
        try isNull() ? nil : string(maximum: maximum)
    }

    /// Reads a whole number or `null`.
    package mutating func integerOrNull<Number: FixedWidthInteger>(
        in range: ClosedRange<Number> = Number.min...Number.max
    ) throws(JSONError) -> Number? {
        try isNull() ? nil : integer(in: range)
    }

    /// Reads a quantity of memory in bytes or `null`.
    package mutating func bytesOrNull() throws(JSONError) -> Bytes? { try isNull() ? nil : bytes() }

    /// Reads a finite number or `null`.
    package mutating func numberOrNull(
        in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) throws(JSONError) -> Double? {
        try isNull() ? nil : number(in: range)
    }

    /// Reads a word or `null`.
    package mutating func wordOrNull<Word>(_ words: JSONWords<Word>) throws(JSONError) -> Word? {
        try isNull() ? nil : word(words)
    }

    /// Whether the next value is `null`, which is then consumed.
    private mutating func isNull() throws(JSONError) -> Bool {
        guard try peek() == .null else { return false }
        try null()
        return true
    }

    private func unescape(_ raw: UnsafeRawBufferPointer, at start: Int) throws(JSONError) -> String? {
        var units: [UInt8] = []
        units.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                units.append(raw[index])
                index += 1
                continue
            }
            let escape = raw[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(escape)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = Self.scalar(raw, &index) else {
                    throw JSONError(.malformed, "a Unicode scalar", at: start + index)
                }
                units.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: throw JSONError(.malformed, "an escape", at: start + index - 1)
            }
        }
        return String(validating: units, as: UTF8.self)
    }

    /// Reads the four digits after `\u`, and those of the second half of a surrogate pair.
    private static func scalar(_ raw: UnsafeRawBufferPointer, _ index: inout Int) -> Unicode.Scalar? {
        guard let first = unit(raw, &index) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard index + 1 < raw.count, raw[index] == UInt8(ascii: "\\"), raw[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        index += 2
        guard let second = unit(raw, &index), UTF16.isTrailSurrogate(second) else { return nil }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private static func unit(_ raw: UnsafeRawBufferPointer, _ index: inout Int) -> UInt16? {
        guard index + 4 <= raw.count else { return nil }
        var unit: UInt16 = 0
        for character in raw[index..<index + 4] {
            guard let digit = character.lowercasedASCII.hexadecimalDigit else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        index += 4
        return unit
    }
}
