import MemoryUnits

/// Parsers of the kernel's small text files, by key and not by position; none of them allocates.
///
/// Every one returns nil for text that is not what the kernel documents. Single values end at the first newline: what
/// follows it is ignored, so that a fake file that was overwritten by something shorter still reads right.
enum KernelText {
    /// A decimal number in a range of the text; nil when empty, not all digits, or beyond 64 bits.
    static func number(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in range {
            let digit = text[index] &- 0x30
            guard digit <= 9 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carried else { return nil }
            value = sum
        }
        return value
    }

    /// Where the first line ends: at its newline, or at the end of the text.
    static func firstLine(_ text: borrowing Span<UInt8>) -> Range<Int> { 0..<end(of: text, from: 0) }

    /// A file that holds one decimal number.
    static func quantity(_ text: borrowing Span<UInt8>) -> UInt64? { number(text, firstLine(text)) }

    /// A limit file: a number, or `max`.
    static func limit(_ text: borrowing Span<UInt8>) -> MemoryLimit? {
        let line = firstLine(text)
        if equals(text, line, "max") { return .max }
        return number(text, line).map { .bytes(Bytes($0)) }
    }

    /// A switch file: 0 or 1.
    static func flag(_ text: borrowing Span<UInt8>) -> Bool? {
        switch quantity(text) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// Whether a range of the text is this word.
    static func equals(_ text: borrowing Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        var offset = 0
        while offset < range.count {
            guard text[range.lowerBound + offset] == word.utf8Start[offset] else { return false }
            offset += 1
        }
        return true
    }

    /// `memory.events`, `memory.events.local`.
    static func events(_ text: borrowing Span<UInt8>) -> MemoryEvents? {
        var events = MemoryEvents()
        let good = pairs(text) { text, key, value in
            switch (key.count, text[key.lowerBound]) {
            case (3, UInt8(ascii: "l")) where equals(text, key, "low"): events.low = value
            case (3, UInt8(ascii: "m")) where equals(text, key, "max"): events.max = value
            case (3, UInt8(ascii: "o")) where equals(text, key, "oom"): events.oom = value
            case (4, UInt8(ascii: "h")) where equals(text, key, "high"): events.high = value
            case (8, UInt8(ascii: "o")) where equals(text, key, "oom_kill"): events.oomKill = value
            case (14, UInt8(ascii: "o")) where equals(text, key, "oom_group_kill"): events.oomGroupKill = value
            default: break
            }
            return true
        }
        return good ? events : nil
    }

    /// `memory.stat`; stops as soon as every line that is asked for was seen.
    ///
    /// The file has some sixty lines: a key is compared only with a name of its length and first letter.
    static func stat(_ text: borrowing Span<UInt8>) -> MemoryStat? {
        var stat = MemoryStat()
        var wanted = 10
        let good = pairs(text) { text, key, value in
            let bytes = Bytes(value)
            switch (key.count, text[key.lowerBound]) {
            case (4, UInt8(ascii: "a")) where equals(text, key, "anon"): stat.anonymous = bytes
            case (4, UInt8(ascii: "f")) where equals(text, key, "file"): stat.file = bytes
            case (4, UInt8(ascii: "s")) where equals(text, key, "sock"): stat.sockets = bytes
            case (5, UInt8(ascii: "s")) where equals(text, key, "shmem"): stat.shared = bytes
            case (6, UInt8(ascii: "k")) where equals(text, key, "kernel"): stat.kernel = bytes
            case (11, UInt8(ascii: "a")) where equals(text, key, "active_file"): stat.activeFile = bytes
            case (11, UInt8(ascii: "u")) where equals(text, key, "unevictable"): stat.unevictable = bytes
            case (13, UInt8(ascii: "i")) where equals(text, key, "inactive_file"): stat.inactiveFile = bytes
            case (16, UInt8(ascii: "s")) where equals(text, key, "slab_reclaimable"): stat.slabReclaimable = bytes
            case (18, UInt8(ascii: "s")) where equals(text, key, "slab_unreclaimable"): stat.slabUnreclaimable = bytes
            default: return true
            }
            wanted -= 1
            return wanted > 0
        }
        return good ? stat : nil
    }

    /// `cgroup.events`.
    static func cgroupEvents(_ text: borrowing Span<UInt8>) -> CgroupEvents? {
        var populated: Bool?
        var frozen: Bool?
        let good = pairs(text) { text, key, value in
            if equals(text, key, "populated") {
                populated = value != 0
            } else if equals(text, key, "frozen") {
                frozen = value != 0
            }
            return true
        }
        guard good, let populated else { return nil }
        return CgroupEvents(populated: populated, frozen: frozen)
    }

    /// `memory.pressure`: lines `some …` and `full …`, each ending in `total=` and microseconds.
    static func pressure(_ text: borrowing Span<UInt8>) -> PressureStall? {
        var some: Duration?
        var full: Duration?
        var start = 0
        while start < text.count {
            let end = end(of: text, from: start)
            var word = start
            while word < end, text[word] != 0x20 { word += 1 }
            let name = start..<word
            // The last word of the line, which must be `total=N`.
            var last = end
            while last > start, text[last - 1] != 0x20 { last -= 1 }
            let assignment = last + 6
            if assignment <= end, equals(text, last..<assignment, "total="),
                let total = number(text, assignment..<end), total <= UInt64(Int64.max) / 1000
            {
                if equals(text, name, "some") { some = .microseconds(Int64(total)) }
                if equals(text, name, "full") { full = .microseconds(Int64(total)) }
            }
            start = end + 1
        }
        guard let some, let full else { return nil }
        return PressureStall(some: some, full: full)
    }

    /// Walks lines of `key number`, until the body answers false.
    ///
    /// A last line without its newline is a line that was cut, and is left out. False when a line is not of that form,
    /// or there is none at all. Characters are read unchecked right behind the loop's own check of the index.
    @inline(__always)
    private static func pairs(
        _ text: borrowing Span<UInt8>,
        _ body: (borrowing Span<UInt8>, Range<Int>, UInt64) -> Bool
    ) -> Bool {
        var start = 0
        while start < text.count {
            var index = start
            while index < text.count {
                let character = text[unchecked: index]
                if character == 0x20 || character == 0x0A { break }
                index += 1
            }
            let key = start..<index
            // The value, and in the same pass the line's end; a line without a space has its newline here.
            var isGood = !key.isEmpty && index < text.count && text[index] == 0x20
            if isGood { index += 1 }
            let digits = index
            var value: UInt64 = 0
            while index < text.count {
                let character = text[unchecked: index]
                if character == 0x0A { break }
                let digit = character &- 0x30
                isGood = isGood && digit <= 9
                value = value &* 10 &+ UInt64(digit)
                index += 1
            }
            guard index < text.count else { break }
            guard isGood, index > digits else { return false }
            // Nineteen digits always fit into 64 bits.
            if index - digits > 19 {
                guard let checked = number(text, digits..<index) else { return false }
                value = checked
            }
            if !body(text, key, value) { return true }
            start = index + 1
        }
        return start > 0
    }

    /// The position of the next newline, or the end of the text.
    static func end(of text: borrowing Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count, text[unchecked: index] != 0x0A { index += 1 }
        return index
    }
}
