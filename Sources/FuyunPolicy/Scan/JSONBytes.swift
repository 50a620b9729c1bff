/// Why a scan stops before the document's end.
struct ScanHalt: Error {
    let end: ScanEnd
    let offset: Int
}

/// The bytes of a body, and how to get past what lies in them.
///
/// Positions are offsets; nothing is read at or behind `count`.
struct JSONBytes {
    let base: UnsafeRawPointer
    let count: Int
    let isCut: Bool

    init(_ body: UnsafeRawBufferPointer, isCut: Bool) {
        // An empty buffer may have no address; then nothing is ever loaded from the one made up here.
        base = body.baseAddress ?? UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
        count = body.count
        self.isCut = isCut
    }

    subscript(_ at: Int) -> UInt8 {
        @inline(__always) get { base.load(fromByteOffset: at, as: UInt8.self) }
    }

    /// The halt for a body that ends too soon.
    func ranOut() -> ScanHalt { ScanHalt(end: isCut ? .cut : .malformed, offset: count) }

    /// The halt for a byte that JSON does not allow.
    func malformed(_ at: Int) -> ScanHalt { ScanHalt(end: .malformed, offset: at) }

    /// The position of the next byte that is not whitespace, or `count`.
    @inline(__always)
    func afterWhitespace(_ start: Int) -> Int {
        var at = start
        while at < count, Self.isWhitespace(self[at]) { at += 1 }
        return at
    }

    /// The next byte that is not whitespace; the body must have one.
    @inline(__always)
    func next(_ at: inout Int) throws(ScanHalt) -> UInt8 {
        at = afterWhitespace(at)
        guard at < count else { throw ranOut() }
        return self[at]
    }

    @inline(__always)
    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    /// Checks that a number or literal ends here, and that a cut did not shorten it.
    @inline(__always)
    func expectDelimiter(_ at: Int) throws(ScanHalt) {
        guard at < count else {
            if isCut { throw ranOut() }
            return
        }
        let byte = self[at]
        let isBetween = byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
        guard isBetween || Self.isWhitespace(byte) else { throw malformed(at) }
    }

    /// The position behind `true`, `false` or `null`.
    func afterLiteral(_ start: Int) throws(ScanHalt) -> Int {
        let literal: StaticString =
            switch self[start] {
            case UInt8(ascii: "t"): "true"
            case UInt8(ascii: "f"): "false"
            case UInt8(ascii: "n"): "null"
            default: throw malformed(start)
            }
        for index in 0..<literal.utf8CodeUnitCount {
            guard start + index < count else { throw ranOut() }
            guard self[start + index] == literal.utf8Start[index] else { throw malformed(start + index) }
        }
        let end = start + literal.utf8CodeUnitCount
        try expectDelimiter(end)
        return end
    }

    /// The position behind a value that is not asked for.
    func afterValue(_ start: Int, depth: Int) throws(ScanHalt) -> Int {
        switch self[start] {
        case UInt8(ascii: "\""): return try closingQuote(start + 1) + 1
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return try afterContainer(start + 1, depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try JSONNumber(self, at: start).end
        default: return try afterLiteral(start)
        }
    }
}
