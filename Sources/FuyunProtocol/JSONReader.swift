package import FuyunPolicy
package import MemoryUnits
package import NIOCore

/// Why a text is not the JSON document that was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable {
        /// The text ends too early.
        case cut
        /// Another character than JSON allows here.
        case malformed
        /// A value of another type than expected.
        case wrongType = "wrong type"
        /// A value that is too large, too long or not among those known.
        case outOfRange = "out of range"
        /// A key that must be there is not.
        case missing
        /// Something follows the document.
        case trailing
    }

    /// What kind of failure it is.
    public var code: Code
    /// What was expected.
    public var expected: String
    /// Where, in bytes from the start.
    public var offset: Int

    /// Makes an error.
    public init(_ code: Code, _ expected: String, at offset: Int) {
        self.code = code
        self.expected = expected
        self.offset = offset
    }

    /// One line, without any of the text itself.
    public var description: String { "\(code.rawValue) at byte \(offset), expected \(expected)" }

    static func require<Value>(_ value: Value?, _ key: String) throws(JSONError) -> Value {
        guard let value else { throw JSONError(.missing, key, at: 0) }
        return value
    }
}

/// Reads a small JSON document value by value, in the order in which it stands.
///
/// For answers and requests of this API and for the few fields of a platform's request that name a call; features of
/// payloads are FuyunPolicy's.
///
/// Strict in what it hands out. A value that is skipped is only followed to its end (strings and brackets), at any depth
/// and without recursion. Keys and strings are bounded in length.
package struct JSONReader {
    /// What a value is, from its first character.
    package enum Kind: Hashable, Sendable {
        case object, array, string, number, bool, null
    }

    private let text: UnsafeRawBufferPointer
    /// The next byte to be read.
    package private(set) var offset = 0
    private let maximumStringLength: Int

    /// Reads a whole document; `body` must consume its value, and nothing but white space may follow.
    package static func read<Value>(
        _ buffer: ByteBuffer,
        maximumStringLength: Int = 4096,
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        try readPrefix(buffer, maximumStringLength: maximumStringLength) { json throws(JSONError) in
            let value = try body(&json)
            json.skipSpace()
            guard json.offset == json.text.count else { throw JSONError(.trailing, "the end", at: json.offset) }
            return value
        }
    }

    /// Reads from the start of a text of which the end may be missing.
    package static func readPrefix<Value>(
        _ buffer: ByteBuffer,
        maximumStringLength: Int = 4096,
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        // The buffer's own accessor is not typed in what it throws.
        let result = buffer.withUnsafeReadableBytes { bytes -> Result<Value, JSONError> in
            var reader = JSONReader(text: bytes, maximumStringLength: maximumStringLength)
            do throws(JSONError) { return .success(try body(&reader)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private init(text: UnsafeRawBufferPointer, maximumStringLength: Int) {
        self.text = text
        self.maximumStringLength = maximumStringLength
    }

    // MARK: Structure

    /// What the next value is.
    package mutating func peek() throws(JSONError) -> Kind {
        skipSpace()
        switch try next() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw JSONError(.malformed, "a value", at: offset)
        }
    }

    /// Reads an object; `member` is called with each key and must consume its value.
    package mutating func object(
        _ member: (inout JSONReader, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "{"), "an object")
        if try takes(UInt8(ascii: "}")) { return }
        repeat {
            skipSpace()
            guard try next() == UInt8(ascii: "\"") else { throw JSONError(.malformed, "a key", at: offset) }
            let key = try string()
            guard try takes(UInt8(ascii: ":")) else { throw JSONError(.malformed, "a colon", at: offset) }
            try member(&self, key)
        } while try takes(UInt8(ascii: ","))
        guard try takes(UInt8(ascii: "}")) else { throw JSONError(.malformed, "a comma or }", at: offset) }
    }

    /// Reads an array; `element` is called before each element and must consume it.
    package mutating func array(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try open(UInt8(ascii: "["), "an array")
        if try takes(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while try takes(UInt8(ascii: ","))
        guard try takes(UInt8(ascii: "]")) else { throw JSONError(.malformed, "a comma or ]", at: offset) }
    }

    /// Reads `null` as nil, anything else with `body`.
    @discardableResult
    package mutating func orNull<Value>(
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value? {
        guard try peek() == .null else { return try body(&self) }
        try null()
        return nil
    }

    /// Passes over the next value, whatever it is.
    package mutating func skip() throws(JSONError) {
        switch try peek() {
        case .string: _ = try skipString()
        case .number: try skipNumber()
        case .bool: _ = try bool()
        case .null: try null()
        case .object, .array:
            var depth = 0
            repeat {
                switch try next() {
                case UInt8(ascii: "\""): _ = try skipString()
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    offset += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    offset += 1
                default: offset += 1
                }
            } while depth > 0
        }
    }

    // MARK: Values

    /// Reads a string.
    package mutating func string() throws(JSONError) -> String {
        try expect(.string, "a string")
        let start = offset + 1
        let isPlain = try skipString()
        let raw = UnsafeRawBufferPointer(rebasing: text[start..<offset - 1])
        guard raw.count <= maximumStringLength else {
            throw JSONError(.outOfRange, "at most \(maximumStringLength) bytes of text", at: start)
        }
        // ASCII, so there is nothing to check.
        if isPlain { return String(decoding: raw, as: UTF8.self) }
        guard
            let plain = raw.contains(UInt8(ascii: "\\"))
                ? try unescape(raw, at: start) : String(validating: raw, as: UTF8.self)
        else { throw JSONError(.malformed, "UTF-8", at: start) }
        return plain
    }

    /// Reads a finite number.
    package mutating func number() throws(JSONError) -> Double {
        try expect(.number, "a number")
        let start = offset
        try numberText()
        return try number(from: start)
    }

    /// Passes over a number; one that is not finite is refused.
    private mutating func skipNumber() throws(JSONError) {
        let start = offset
        // Without an exponent, 300 characters cannot be too large.
        if try numberText() || offset - start > 300 { _ = try number(from: start) }
    }

    /// The finite number of which the text was passed over.
    private func number(from start: Int) throws(JSONError) -> Double {
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

    /// Reads an invocation's id.
    package mutating func invocationID() throws(JSONError) -> InvocationID {
        skipSpace()
        let start = offset
        guard let id = InvocationID(try string()) else { throw JSONError(.outOfRange, "an invocation's id", at: start) }
        return id
    }

    // MARK: Characters

    private var current: UInt8? { offset < text.count ? text[offset] : nil }

    private func next() throws(JSONError) -> UInt8 {
        guard offset < text.count else { throw JSONError(.cut, "more", at: offset) }
        return text[offset]
    }

    private mutating func skipSpace() {
        while let character = current, character == 0x20 || character == 0x0A || character == 0x0D || character == 0x09
        {
            offset += 1
        }
    }

    private mutating func expect(_ kind: Kind, _ words: String) throws(JSONError) {
        guard try peek() == kind else { throw JSONError(.wrongType, words, at: offset) }
    }

    private mutating func open(_ bracket: UInt8, _ words: String) throws(JSONError) {
        _ = try peek()
        guard text[offset] == bracket else { throw JSONError(.wrongType, words, at: offset) }
        offset += 1
    }

    private mutating func takes(_ character: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard try next() == character else { return false }
        offset += 1
        return true
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        let end = offset + word.utf8CodeUnitCount
        guard end <= text.count else { throw JSONError(.cut, "\(word)", at: text.count) }
        let expected = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard text[offset..<end].elementsEqual(expected) else { throw JSONError(.malformed, "\(word)", at: offset) }
        offset = end
    }

    private mutating func digits() throws(JSONError) {
        guard try next().isASCIIDigit else { throw JSONError(.malformed, "a digit", at: offset) }
        while let character = current, character.isASCIIDigit { offset += 1 }
    }

    /// Passes over a string; returns whether it is ASCII without escapes.
    private mutating func skipString() throws(JSONError) -> Bool {
        offset += 1
        var isPlain = true
        while true {
            let character = try next()
            switch character {
            case UInt8(ascii: "\""):
                offset += 1
                return isPlain
            case UInt8(ascii: "\\"):
                guard offset + 1 < text.count else { throw JSONError(.cut, "more", at: text.count) }
                offset += 2
                isPlain = false
            case 0..<0x20: throw JSONError(.malformed, "no control character in a string", at: offset)
            default:
                if character >= 0x80 { isPlain = false }
                offset += 1
            }
        }
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
