/// A piece of a plan's text.
struct ScanText: Sendable {
    var offset: Int
    var count: Int
}

/// A place that a pointer names or passes through.
struct ScanPlace: Sendable {
    /// The key that leads here; unused for the whole document.
    var key = ScanText(offset: 0, count: 0)
    /// The array index that leads here, or -1 when the key is not one.
    var index = -1
    /// The entries that read this place, a bit each.
    var here: UInt16 = 0
    /// The entries that read this place or one below it.
    var within: UInt16 = 0
    var firstChild = 0
    var childCount = 0
}

/// What an entry reads.
enum ScanReading: Sendable {
    case number
    case numericString
    case length
    /// The range of the values in the plan's choices.
    case category(first: Int, count: Int)
}

/// Turns pointers into the tree of places.
struct ScanPlanBuilder {
    private(set) var places: [ScanPlace] = []
    private(set) var readings: [ScanReading] = []
    private(set) var choices: [ScanText] = []
    private(set) var text: [UInt8] = []
    private var paths: [[[UInt8]]] = []

    /// Adds an entry.
    mutating func add(_ pointer: String, _ target: ScanTarget) throws(ScanPlanError) {
        paths.append(try Self.tokens(of: pointer))
        switch target {
        case .number: readings.append(.number)
        case .numericString: readings.append(.numericString)
        case .length: readings.append(.length)
        case .category(let values):
            guard !values.isEmpty else { throw .noValues(pointer) }
            readings.append(.category(first: choices.count, count: values.count))
            for value in values { choices.append(store(Array(value.utf8))) }
        }
    }

    /// Builds the tree, level by level, so that children are neighbours.
    mutating func buildPlaces() {
        var entriesWithin = [Array(paths.indices)]
        var depths = [0]
        places = [ScanPlace()]
        var current = 0
        while current < places.count {
            let depth = depths[current]
            places[current].firstChild = places.count
            var children: [[UInt8]: Int] = [:]
            for entry in entriesWithin[current] {
                places[current].within |= 1 << UInt16(entry)
                guard paths[entry].count > depth else {
                    places[current].here |= 1 << UInt16(entry)
                    continue
                }
                let token = paths[entry][depth]
                if let child = children[token] {
                    entriesWithin[child].append(entry)
                } else {
                    children[token] = places.count
                    places.append(ScanPlace(key: store(token), index: Self.arrayIndex(token)))
                    entriesWithin.append([entry])
                    depths.append(depth + 1)
                }
            }
            places[current].childCount = places.count - places[current].firstChild
            current += 1
        }
    }

    private mutating func store(_ bytes: [UInt8]) -> ScanText {
        defer { text += bytes }
        return ScanText(offset: text.count, count: bytes.count)
    }

    /// The index that a token means in an array: digits without a leading zero (RFC 6901 section 4), else -1.
    private static func arrayIndex(_ token: [UInt8]) -> Int {
        guard (1...15).contains(token.count), token == [0x30] || token[0] != 0x30 else { return -1 }
        var index = 0
        for byte in token {
            guard (0x30...0x39).contains(byte) else { return -1 }
            index = index * 10 + Int(byte - 0x30)
        }
        return index
    }

    /// The tokens of a pointer, unescaped.
    private static func tokens(of pointer: String) throws(ScanPlanError) -> [[UInt8]] {
        var tokens: [[UInt8]] = []
        var bytes = pointer.utf8.makeIterator()
        guard let first = bytes.next() else { return [] }
        guard first == UInt8(ascii: "/") else {
            throw .badPointer(pointer, "it must be empty or begin with \"/\" (RFC 6901)")
        }
        var token: [UInt8] = []
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "/"):
                tokens.append(token)
                token = []
            case UInt8(ascii: "~"):
                switch bytes.next() {
                case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
                default: throw .badPointer(pointer, "write \"~0\" for \"~\" and \"~1\" for \"/\" inside a key")
                }
            default: token.append(byte)
            }
        }
        tokens.append(token)
        guard tokens.count <= ScanPlan.maximumTokens else { throw .tooManyTokens(pointer) }
        guard !tokens.contains([UInt8(ascii: "-")]) else {
            throw .badPointer(pointer, "\"-\" means the element behind an array's last; give an index")
        }
        return tokens
    }
}
