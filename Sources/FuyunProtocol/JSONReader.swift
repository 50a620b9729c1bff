package import NIOCore

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

    let text: UnsafeRawBufferPointer
    /// The next byte to be read.
    package internal(set) var offset = 0
    let maximumStringLength: Int

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

    /// What becomes of keys that are not known.
    package enum UnknownKeys: Sendable {
        /// They are passed over with their values: an answer, or a document of a newer version.
        case skipped
        /// They are an error: a request, in which a slip of the finger must not be taken for nothing.
        case refused
    }

    /// Reads an object of known keys; `member` is called with each key that is there and must consume its value.
    ///
    /// A key that stands twice, or one that must be there and is not, is an error.
    package mutating func object<Key>(
        _ keys: JSONWords<Key>,
        unknown: UnknownKeys = .skipped,
        _ member: (inout JSONReader, Key) throws(JSONError) -> Void
    ) throws(JSONError) {
        skipSpace()
        let beginning = offset
        try open(UInt8(ascii: "{"), "an object")
        var seen: UInt64 = 0
        var guess = 0
        if try !takes(UInt8(ascii: "}")) {
            repeat {
                skipSpace()
                let start = offset
                guard try next() == UInt8(ascii: "\"") else { throw JSONError(.malformed, "a key", at: offset) }
                let place = try place(among: keys, guess: guess)
                guard try takes(UInt8(ascii: ":")) else { throw JSONError(.malformed, "a colon", at: offset) }
                guard let place else {
                    if unknown == .refused { throw JSONError(.outOfRange, "one of the keys \(keys.list)", at: start) }
                    try skip()
                    continue
                }
                let key = keys.words[place]
                guard seen & 1 << UInt64(place) == 0 else {
                    throw JSONError(.malformed, "each key once", at: start).inside(key.rawValue)
                }
                seen |= 1 << UInt64(place)
                guess = place + 1
                do throws(JSONError) { try member(&self, key) } catch { throw error.inside(key.rawValue) }
            } while try takes(UInt8(ascii: ","))
            guard try takes(UInt8(ascii: "}")) else { throw JSONError(.malformed, "a comma or }", at: offset) }
        }
        if let missing = keys.missing(in: seen) {
            throw JSONError(.missing, "the key \(missing.rawValue)", at: beginning)
        }
    }

    /// Passes over a string; gives its place among words.
    mutating func place<Word>(among words: JSONWords<Word>, guess: Int) throws(JSONError) -> Int? {
        let start = offset
        let isPlain = try skipString()
        if isPlain {
            return words.place(of: UnsafeRawBufferPointer(rebasing: text[start + 1..<offset - 1]), guess: guess)
        }
        // Escapes are allowed in keys, however unlikely.
        let end = offset
        offset = start
        var key = try string()
        offset = end
        return key.withUTF8 { words.place(of: UnsafeRawBufferPointer($0), guess: guess) }
    }

    /// Reads an array of at most so many elements; `element` is called with the index of each and must consume it.
    package mutating func array(
        maximum: Int,
        _ element: (inout JSONReader, Int) throws(JSONError) -> Void
    ) throws(JSONError) {
        var index = 0
        try array { json throws(JSONError) in
            guard index < maximum else { throw JSONError(.outOfRange, "at most \(maximum) elements", at: json.offset) }
            do throws(JSONError) { try element(&json, index) } catch { throw error.inside("[\(index)]") }
            index += 1
        }
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

    // MARK: Characters

    var current: UInt8? { offset < text.count ? text[offset] : nil }

    func next() throws(JSONError) -> UInt8 {
        guard offset < text.count else { throw JSONError(.cut, "more", at: offset) }
        return text[offset]
    }

    mutating func skipSpace() {
        while let character = current, character == 0x20 || character == 0x0A || character == 0x0D || character == 0x09
        {
            offset += 1
        }
    }

    mutating func expect(_ kind: Kind, _ words: String) throws(JSONError) {
        guard try peek() == kind else { throw JSONError(.wrongType, words, at: offset) }
    }

    mutating func open(_ bracket: UInt8, _ words: String) throws(JSONError) {
        _ = try peek()
        guard text[offset] == bracket else { throw JSONError(.wrongType, words, at: offset) }
        offset += 1
    }

    mutating func takes(_ character: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard try next() == character else { return false }
        offset += 1
        return true
    }

    mutating func word(_ word: StaticString) throws(JSONError) {
        let end = offset + word.utf8CodeUnitCount
        guard end <= text.count else { throw JSONError(.cut, "\(word)", at: text.count) }
        let expected = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard text[offset..<end].elementsEqual(expected) else { throw JSONError(.malformed, "\(word)", at: offset) }
        offset = end
    }

    mutating func digits() throws(JSONError) {
        guard try next().isASCIIDigit else { throw JSONError(.malformed, "a digit", at: offset) }
        while let character = current, character.isASCIIDigit { offset += 1 }
    }

    /// Passes over a string; returns whether it is ASCII without escapes.
    mutating func skipString() throws(JSONError) -> Bool {
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
}
