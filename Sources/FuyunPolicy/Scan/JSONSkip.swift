extension JSONBytes {
    /// The position of the quote that closes the string whose content begins at `start`.
    func closingQuote(_ start: Int) throws(ScanHalt) -> Int {
        var hasEscape = false
        return try closingQuote(start, &hasEscape)
    }

    /// As above, and sets `hasEscape` when there is a backslash in the content.
    @inline(__always)
    func closingQuote(_ start: Int, _ hasEscape: inout Bool) throws(ScanHalt) -> Int {
        var at = start
        var words = 0
        while at + 8 <= count {
            let match = Self.quotesAndBackslashes(word(at))
            if match != 0 {
                at += match.trailingZeroBitCount >> 3
                if self[at] == UInt8(ascii: "\"") { return at }
                hasEscape = true
                at += 2
                words = 0
                continue
            }
            at += 8
            words += 1
            // Keys end within a few words; what is longer is likely much longer.
            if words == 4 {
                while at + 64 <= count, !JSONBlock.endsOrEscapesString(base + at) { at += 64 }
                words = 0
            }
        }
        while at < count {
            let byte = self[at]
            if byte == UInt8(ascii: "\"") { return at }
            hasEscape = hasEscape || byte == UInt8(ascii: "\\")
            at += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw ranOut()
    }

    /// Eight bytes, the first one lowest.
    @inline(__always)
    func word(_ at: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// A word whose lowest set bit is the top bit of the first byte that is a quote or backslash; 0 when there is none.
    @inline(__always)
    static func quotesAndBackslashes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5c5c_5c5c_5c5c_5c5c
        return ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & 0x8080_8080_8080_8080
    }

    /// The position behind the container that `at` lies in, at its `depth`.
    func afterContainer(_ at: Int, depth: Int) throws(ScanHalt) -> Int {
        try leaveContainer(at, depth: depth, isCounting: false).end
    }

    /// As `afterContainer`, and how many commas lie in the container itself from `at` on.
    func afterContainerCounting(_ at: Int, depth: Int) throws(ScanHalt) -> (end: Int, commas: Int) {
        try leaveContainer(at, depth: depth, isCounting: true)
    }

    /// Leaves a container by counting the brackets outside strings, 64 bytes at a time.
    @inline(__always)
    private func leaveContainer(
        _ start: Int,
        depth: Int,
        isCounting: Bool
    ) throws(ScanHalt) -> (end: Int, commas: Int) {
        guard depth <= ScanPlan.maximumDepth else { throw ScanHalt(end: .tooDeep, offset: start) }
        var at = start
        var strings = StringMask()
        /// Containers open beyond the one to leave.
        var open = 0
        var commas = 0
        let mostOpen = ScanPlan.maximumDepth - depth
        while at < count {
            let block = block(at)
            let outside = ~strings.next(quotes: block.quotes, backslashes: block.backslashes)
            let opens = block.opens & outside
            var closes = block.closes & outside
            let opened = opens.nonzeroBitCount
            let closed = closes.nonzeroBitCount
            if closed > open || open + opened > mostOpen || isCounting && closed == open {
                // The container ends here, or the limit is passed, or there may be commas to count: bracket by bracket.
                let separators = isCounting ? block.commas & outside : 0
                var rest = opens | closes
                var uncounted: UInt64 = .max
                while rest != 0 {
                    let bracket = rest & (0 &- rest)
                    if isCounting, open == 0 { commas += (separators & uncounted & (bracket - 1)).nonzeroBitCount }
                    uncounted = 0 &- bracket
                    if closes & bracket != 0 {
                        if open == 0 { return (at + bracket.trailingZeroBitCount + 1, commas) }
                        open -= 1
                        closes ^= bracket
                    } else {
                        guard open < mostOpen else {
                            throw ScanHalt(end: .tooDeep, offset: at + bracket.trailingZeroBitCount)
                        }
                        open += 1
                    }
                    rest ^= bracket
                }
                if isCounting, open == 0 { commas += (separators & uncounted).nonzeroBitCount }
            } else {
                open += opened - closed
            }
            at += 64
        }
        throw ranOut()
    }

    /// The 64 bytes at a position; behind the body's end there are spaces.
    @inline(__always)
    private func block(_ at: Int) -> JSONBlock {
        if at + 64 <= count { return JSONBlock(base + at) }
        return lastBlock(at)
    }

    @inline(never)
    private func lastBlock(_ at: Int) -> JSONBlock {
        var padded = InlineArray<64, UInt8>(repeating: 0x20)
        for index in 0..<count - at { padded[index] = self[at + index] }
        return padded.span.withUnsafeBytes { JSONBlock($0.baseAddress.unsafelyUnwrapped) }
    }
}

/// Tells the bytes inside strings from those outside, block by block.
struct StringMask {
    /// All bits set when the next block begins inside a string.
    private var isInside: UInt64 = 0
    /// 1 when the next block's first byte is escaped.
    private var isEscaped: UInt64 = 0

    /// The bytes of the next block that are inside a string: its opening quote and content, not its closing quote.
    @inline(__always)
    mutating func next(quotes: UInt64, backslashes: UInt64) -> UInt64 {
        var quotes = quotes
        if backslashes | isEscaped != 0 { quotes &= ~escaped(by: backslashes) }
        guard quotes != 0 else { return isInside }
        // Every quote flips what follows it.
        var inside = quotes
        inside ^= inside << 1
        inside ^= inside << 2
        inside ^= inside << 4
        inside ^= inside << 8
        inside ^= inside << 16
        inside ^= inside << 32
        inside ^= isInside
        isInside = UInt64(bitPattern: Int64(bitPattern: inside) >> 63)
        return inside
    }

    /// The bytes that follow a backslash which is not escaped itself.
    private mutating func escaped(by backslashes: UInt64) -> UInt64 {
        var escaped = isEscaped
        isEscaped = 0
        var rest = backslashes & ~escaped
        while rest != 0 {
            let backslash = rest & (0 &- rest)
            let next = backslash << 1
            escaped |= next
            if next == 0 { isEscaped = 1 }
            rest &= ~(backslash | next)
        }
        return escaped
    }
}
