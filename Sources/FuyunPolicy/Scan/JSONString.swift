extension JSONBytes {
    /// The end of a string that is asked for, and its length in Unicode scalars.
    ///
    /// It checks what a skipped string is spared: control characters, escapes, surrogate pairs, UTF-8.
    func measureString(_ start: Int) throws(ScanHalt) -> (closingQuote: Int, scalars: Int) {
        var at = start
        var scalars = 0
        while at < count {
            while at + 8 <= count, Self.isPlainASCII(word(at)) {
                at += 8
                scalars += 8
            }
            guard at < count else { break }
            let byte = self[at]
            switch byte {
            case UInt8(ascii: "\""): return (at, scalars)
            case UInt8(ascii: "\\"): at = try afterEscape(at)
            case 0x20..<0x80: at += 1
            case 0x80...: at = try afterMultibyte(at)
            default: throw malformed(at)
            }
            scalars += 1
        }
        throw ranOut()
    }

    /// Whether a string's content is a text, byte for byte once its escapes are decoded.
    @inline(__always)
    func content(from start: Int, to end: Int, hasEscape: Bool, equals text: UnsafeRawBufferPointer) -> Bool {
        if hasEscape { return unescapedContent(from: start, to: end, equals: text) }
        guard end - start == text.count else { return false }
        for index in 0..<text.count where self[start + index] != text[index] { return false }
        return true
    }

    private func unescapedContent(from start: Int, to end: Int, equals text: UnsafeRawBufferPointer) -> Bool {
        var bytes = UnescapedBytes(base, from: start, to: end)
        for byte in text where bytes.next() != byte { return false }
        return bytes.next() == nil && !bytes.isBroken
    }

    /// Whether eight bytes of a string stand for themselves, one scalar each.
    @inline(__always)
    private static func isPlainASCII(_ word: UInt64) -> Bool {
        let controls = (word &- 0x2020_2020_2020_2020) & ~word
        return (controls | word) & 0x8080_8080_8080_8080 | quotesAndBackslashes(word) == 0
    }

    /// The position behind an escape, which may be a surrogate pair of two.
    private func afterEscape(_ start: Int) throws(ScanHalt) -> Int {
        guard start + 1 < count else { throw ranOut() }
        guard self[start + 1] == UInt8(ascii: "u") else {
            guard Self.unescaped(self[start + 1]) != nil else { throw malformed(start) }
            return start + 2
        }
        let unit = try codeUnit(start)
        guard unit & 0xf800 == 0xd800 else { return start + 6 }
        guard unit & 0xfc00 == 0xd800 else { throw malformed(start) }
        let second = start + 6
        guard second < count else { throw ranOut() }
        guard self[second] == UInt8(ascii: "\\") else { throw malformed(start) }
        guard second + 1 < count else { throw ranOut() }
        guard self[second + 1] == UInt8(ascii: "u") else { throw malformed(start) }
        guard try codeUnit(second) & 0xfc00 == 0xdc00 else { throw malformed(start) }
        return second + 6
    }

    /// The UTF-16 code unit of `\uXXXX`.
    private func codeUnit(_ escape: Int) throws(ScanHalt) -> UInt32 {
        var unit: UInt32 = 0
        for at in escape + 2..<escape + 6 {
            guard at < count else { throw ranOut() }
            guard let digit = Self.hexDigit(self[at]) else { throw malformed(escape) }
            unit = unit << 4 | digit
        }
        return unit
    }

    /// The position behind a character of two to four bytes, well-formed as in table 3-7 of the Unicode Standard.
    private func afterMultibyte(_ start: Int) throws(ScanHalt) -> Int {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch self[start] {
            case 0xc2...0xdf: (2, 0x80...0xbf)
            case 0xe0: (3, 0xa0...0xbf)
            case 0xed: (3, 0x80...0x9f)
            case 0xe1...0xef: (3, 0x80...0xbf)
            case 0xf0: (4, 0x90...0xbf)
            case 0xf1...0xf3: (4, 0x80...0xbf)
            case 0xf4: (4, 0x80...0x8f)
            default: throw malformed(start)
            }
        for at in start + 1..<start + length {
            guard at < count else { throw ranOut() }
            guard (at == start + 1 ? second : 0x80...0xbf).contains(self[at]) else { throw malformed(start) }
        }
        return start + length
    }

    /// What a backslash and this byte stand for; nil for `\u` and for what is no escape.
    static func unescaped(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}

/// The bytes of a string's content, escapes decoded to UTF-8.
///
/// What is no valid escape ends it with `isBroken`.
struct UnescapedBytes {
    private let base: UnsafeRawPointer
    private var at: Int
    private let end: Int
    /// Bytes of a decoded character that are still to come, the next one lowest.
    private var waiting: UInt32 = 0
    private(set) var isBroken = false

    /// The content from `start` up to the closing quote at `end`.
    init(_ base: UnsafeRawPointer, from start: Int, to end: Int) {
        self.base = base
        at = start
        self.end = end
    }

    /// The next byte; nil at the end. (A method, not an iterator: a value of 0 in `waiting` can only mean none, because
    /// U+0000 is a byte of its own and never waits.)
    mutating func next() -> UInt8? {
        if waiting != 0 {
            defer { waiting >>= 8 }
            return UInt8(truncatingIfNeeded: waiting)
        }
        guard at < end else { return nil }
        let byte = load(at)
        at += 1
        guard byte == UInt8(ascii: "\\") else { return byte }
        guard at < end else { return broken() }
        let kind = load(at)
        at += 1
        guard kind == UInt8(ascii: "u") else { return JSONBytes.unescaped(kind) ?? broken() }
        guard let unit = codeUnit() else { return broken() }
        var scalar = unit
        if unit & 0xfc00 == 0xd800 {
            guard at + 6 <= end, load(at) == UInt8(ascii: "\\"), load(at + 1) == UInt8(ascii: "u") else {
                return broken()
            }
            at += 2
            guard let low = codeUnit(), low & 0xfc00 == 0xdc00 else { return broken() }
            scalar = 0x1_0000 + (unit & 0x3ff) << 10 + (low & 0x3ff)
        }
        guard let scalar = Unicode.Scalar(scalar) else { return broken() }
        return emit(scalar)
    }

    private mutating func emit(_ scalar: Unicode.Scalar) -> UInt8 {
        let value = scalar.value
        switch value {
        case ..<0x80: return UInt8(value)
        case ..<0x800:
            waiting = 0x80 | value & 0x3f
            return UInt8(0xc0 | value >> 6)
        case ..<0x1_0000:
            waiting = 0x80 | value >> 6 & 0x3f | (0x80 | value & 0x3f) << 8
            return UInt8(0xe0 | value >> 12)
        default:
            waiting = 0x80 | value >> 12 & 0x3f | (0x80 | value >> 6 & 0x3f) << 8 | (0x80 | value & 0x3f) << 16
            return UInt8(0xf0 | value >> 18)
        }
    }

    private mutating func codeUnit() -> UInt32? {
        guard at + 4 <= end else { return nil }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = JSONBytes.hexDigit(load(at)) else { return nil }
            unit = unit << 4 | digit
            at += 1
        }
        return unit
    }

    private mutating func broken() -> UInt8? {
        isBroken = true
        at = end
        return nil
    }

    private func load(_ at: Int) -> UInt8 { base.load(fromByteOffset: at, as: UInt8.self) }
}
