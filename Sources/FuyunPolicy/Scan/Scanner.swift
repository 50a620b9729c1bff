/// One scan: walks the containers that lead to the plan's places, and settles its entries.
///
/// The walk recurses only along the plan's pointers, so at most `ScanPlan.maximumTokens` deep.
struct Scanner: ~Copyable {
    private let body: JSONBytes
    private let plan: ScanPlanView
    /// Where the walk is.
    private var at = 0
    /// Containers around `at`.
    private var depth = 0
    /// The entries that are not decided yet, a bit each.
    private var pending: UInt16
    private var result = ScanResult()

    init(_ body: JSONBytes, _ plan: ScanPlanView) {
        self.body = body
        self.plan = plan
        pending = plan.places[0].within
    }

    /// Scans the body.
    mutating func run() -> ScanResult {
        do throws(ScanHalt) {
            try visitDocument()
            result.end = .complete
            result.offset = at
        } catch {
            result.end = error.end
            result.offset = error.offset
        }
        return result
    }

    private mutating func visitDocument() throws(ScanHalt) {
        at = body.afterWhitespace(0)
        guard at < body.count else {
            throw ScanHalt(end: body.isCut ? .cut : .empty, offset: at)
        }
        if pending == 0 { throw ScanHalt(end: .stoppedEarly, offset: at) }
        try visit(plan.places[0])
        at = body.afterWhitespace(at)
        guard at == body.count else { throw body.malformed(at) }
    }

    /// Reads the value at `at`, which a pointer names or leads through, and ends behind it.
    private mutating func visit(_ place: ScanPlace) throws(ScanHalt) {
        switch body[at] {
        case UInt8(ascii: "{"): try visitContainer(place, isObject: true)
        case UInt8(ascii: "["): try visitContainer(place, isObject: false)
        case UInt8(ascii: "\""): try visitString(place)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try visitNumber(place)
        case UInt8(ascii: "n"): at = try body.afterLiteral(at)
        default:
            at = try body.afterLiteral(at)
            forEach(place.here) { scanner, entry in scanner.result.set(entry, .wrongType) }
        }
        pending &= ~place.within
    }

    private mutating func visitNumber(_ place: ScanPlace) throws(ScanHalt) {
        let number = try JSONNumber(body, at: at)
        at = number.end
        // A number has no end of its own: one that the text ends in, inside a container, may have lost its tail.
        if at == body.count, depth > 0 { throw body.ranOut() }
        forEach(place.here) { scanner, entry in
            switch scanner.plan.readings[entry] {
            case .number, .numericString: scanner.settle(entry, number: number.value)
            case .length, .category: scanner.result.set(entry, .wrongType)
            }
        }
    }

    private mutating func visitString(_ place: ScanPlace) throws(ScanHalt) {
        let start = at + 1
        guard place.here != 0 else {
            at = try body.closingQuote(start) + 1
            return
        }
        let (end, scalars) = try body.measureString(start)
        at = end + 1
        forEach(place.here) { scanner, entry in
            switch scanner.plan.readings[entry] {
            case .number: scanner.result.set(entry, .wrongType)
            case .length: scanner.result.set(entry, .found, Double(scalars))
            case .numericString:
                scanner.settle(entry, number: NumericText(scanner.body.base, from: start, to: end).value)
            case .category(let first, let count):
                let index = scanner.plan.choice(scanner.body, first, count, from: start, to: end)
                if let index {
                    scanner.result.set(entry, .found, Double(index))
                } else {
                    scanner.result.set(entry, .unknownCategory)
                }
            }
        }
    }

    private mutating func visitContainer(_ place: ScanPlace, isObject: Bool) throws(ScanHalt) {
        var lengths: UInt16 = 0
        forEach(place.here) { scanner, entry in
            if case .length = scanner.plan.readings[entry] {
                lengths |= 1 << UInt16(entry)
            } else {
                scanner.result.set(entry, .wrongType)
            }
        }
        // What is settled here cannot change; the entries below and the length can still be found.
        pending &= ~(place.here & ~lengths)
        if pending == 0 { throw ScanHalt(end: .stoppedEarly, offset: at) }
        guard lengths != 0 || place.childCount != 0 else {
            at = try body.afterContainer(at + 1, depth: depth + 1)
            return
        }
        depth += 1
        at += 1
        let length =
            try isObject ? walkObject(place, isCounted: lengths != 0) : walkArray(place, isCounted: lengths != 0)
        depth -= 1
        forEach(lengths) { scanner, entry in scanner.result.set(entry, .found, Double(length)) }
    }

    /// Walks an object from behind its brace; returns how many members it has.
    private mutating func walkObject(_ place: ScanPlace, isCounted: Bool) throws(ScanHalt) -> Int {
        guard try body.next(&at) != UInt8(ascii: "}") else {
            at += 1
            return 0
        }
        var unseen = (UInt32(1) << UInt32(place.childCount)) - 1
        var members = 0
        while true {
            if unseen == 0 { return try leave(counted: members, isCounted) }
            guard try body.next(&at) == UInt8(ascii: "\"") else { throw body.malformed(at) }
            let start = at + 1
            var hasEscape = false
            let end = try body.closingQuote(start, &hasEscape)
            at = end + 1
            guard try body.next(&at) == UInt8(ascii: ":") else { throw body.malformed(at) }
            at += 1
            _ = try body.next(&at)
            if let child = plan.child(of: place, unseen, body, from: start, to: end, hasEscape) {
                unseen &= ~(1 << UInt32(child))
                try visitChild(place, child)
            } else {
                at = try body.afterValue(at, depth: depth)
            }
            members += 1
            switch try body.next(&at) {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "}"):
                at += 1
                return members
            default: throw body.malformed(at)
            }
        }
    }

    /// Walks an array from behind its bracket; returns how many elements it has.
    private mutating func walkArray(_ place: ScanPlace, isCounted: Bool) throws(ScanHalt) -> Int {
        guard try body.next(&at) != UInt8(ascii: "]") else {
            at += 1
            return 0
        }
        var unseen: UInt32 = 0
        for child in 0..<place.childCount where plan.places[place.firstChild + child].index >= 0 {
            unseen |= 1 << UInt32(child)
        }
        var elements = 0
        while true {
            if unseen == 0 { return try leave(counted: elements, isCounted) }
            _ = try body.next(&at)
            let child = (0..<place.childCount).first { [plan] in plan.places[place.firstChild + $0].index == elements }
            if let child {
                unseen &= ~(1 << UInt32(child))
                try visitChild(place, child)
            } else {
                at = try body.afterValue(at, depth: depth)
            }
            elements += 1
            switch try body.next(&at) {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "]"):
                at += 1
                return elements
            default: throw body.malformed(at)
            }
        }
    }

    /// Visits a child of a place, and stops when nothing is left to decide.
    private mutating func visitChild(_ place: ScanPlace, _ child: Int) throws(ScanHalt) {
        try visit(plan.places[place.firstChild + child])
        if pending == 0 { throw ScanHalt(end: .stoppedEarly, offset: at) }
    }

    /// Leaves the container around `at`, where an element or member begins; returns how many it has with those before.
    private mutating func leave(counted before: Int, _ isCounted: Bool) throws(ScanHalt) -> Int {
        guard isCounted else {
            at = try body.afterContainer(at, depth: depth)
            return 0
        }
        let (end, commas) = try body.afterContainerCounting(at, depth: depth)
        at = end
        return before + commas + 1
    }

    /// Settles an entry that reads a number: what is not finite is not of the type asked for.
    private mutating func settle(_ entry: Int, number: Double?) {
        if let number, number.isFinite {
            result.set(entry, .found, number)
        } else {
            result.set(entry, .wrongType)
        }
    }

    @inline(__always)
    private mutating func forEach(_ entries: UInt16, _ body: (inout Scanner, Int) -> Void) {
        var rest = entries
        while rest != 0 {
            body(&self, rest.trailingZeroBitCount)
            rest &= rest - 1
        }
    }
}
