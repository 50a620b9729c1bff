extension PayloadShape {
    /// The most differently named members of one object that are told apart; beyond, all are `*`.
    public static let maximumSiblings = 24
    /// The most payloads that are counted.
    static let maximumCount = 1 << 53

    /// Takes in what was seen of other payloads; the order makes no difference.
    ///
    /// Of more than 64 leaves those stay that were in the most payloads, numbers, lengths and texts before the rest, then
    /// the outer ones. An object with many different members over time (`maximumSiblings`, or more than 8 where each
    /// payload has only a few) is taken for a map: its members become `*`.
    public mutating func merge(_ other: PayloadShape) {
        let payloads = Self.sum(payloads, other.payloads)
        self = PayloadShape(
            leaves: Self.settled(leaves + other.leaves, payloads),
            payloads: payloads,
            bodyBytes: Self.union(bodyBytes, other.bodyBytes)
        )
    }

    /// What was seen of these payloads and the others'.
    public func merged(with other: PayloadShape) -> PayloadShape {
        var merged = self
        merged.merge(other)
        return merged
    }

    /// Whether another shape says the same of payloads, however often it was seen.
    public func hasSameForm(as other: PayloadShape) -> Bool {
        bodyBytes == other.bodyBytes
            && leaves.elementsEqual(other.leaves) { mine, theirs in
                mine.pointer == theirs.pointer && mine.kind == theirs.kind && mine.range == theirs.range
                    && mine.isInteger == theirs.isInteger
            }
    }

    /// The leaves that a pointer of a policy may mean: an element, or a member whose name is not kept, is at `*`.
    public func leaves(at pointer: String) -> [PayloadLeaf] {
        let wanted = Self.segments(pointer)
        return leaves.filter { leaf in
            let segments = Self.segments(leaf.pointer)
            return segments.count == wanted.count
                && zip(segments, wanted).allSatisfy { $0 == $1 || $0 == MemberName.any[...] }
        }
    }

    /// One leaf for each pointer and kind, maps found, not more than are kept, ordered by pointer and kind.
    static func settled(_ leaves: [PayloadLeaf], _ payloads: Int) -> [PayloadLeaf] {
        var unique = joined(leaves, payloads)
        while let map = firstMap(in: unique) {
            unique = joined(unique.map { hidden(member: map.depth, below: map.parent, of: $0) }, payloads)
        }
        if unique.count > maximumLeaves {
            unique.sort { left, right in
                (-left.count, left.kind.rank, left.depth, left.pointer, left.kind.rawValue)
                    < (-right.count, right.kind.rank, right.depth, right.pointer, right.kind.rawValue)
            }
            unique.removeLast(unique.count - maximumLeaves)
        }
        return unique.sorted { ($0.pointer, $0.kind.rawValue) < ($1.pointer, $1.kind.rawValue) }
    }

    private struct Place: Hashable {
        var pointer: String
        var kind: PayloadLeaf.Kind
    }

    private static func joined(_ leaves: [PayloadLeaf], _ payloads: Int) -> [PayloadLeaf] {
        var byPlace: [Place: PayloadLeaf] = [:]
        for leaf in leaves {
            let place = Place(pointer: leaf.pointer, kind: leaf.kind)
            guard var known = byPlace[place] else {
                byPlace[place] = leaf
                continue
            }
            known.range = union(known.range, leaf.range)
            known.isInteger = known.isInteger && leaf.isInteger
            // Members of one payload that fall together are counted as several; it has no more payloads than there were.
            known.count = min(sum(known.count, leaf.count), max(payloads, known.count, leaf.count))
            byPlace[place] = known
        }
        return Array(byPlace.values)
    }

    /// The outermost object whose members differ so much that they are keys of a map; of several the first by pointer.
    private static func firstMap(in leaves: [PayloadLeaf]) -> (parent: String, depth: Int)? {
        var members: [Substring: Set<Substring>] = [:]
        var most: [Substring: Double] = [:]
        for leaf in leaves {
            if leaf.kind == .object { most[leaf.pointer[...]] = leaf.range?.upper }
            var start = leaf.pointer.startIndex
            while start < leaf.pointer.endIndex {
                let next = leaf.pointer.index(after: start)
                let end = leaf.pointer[next...].firstIndex(of: "/") ?? leaf.pointer.endIndex
                let name = leaf.pointer[next..<end]
                if name != MemberName.any[...] { members[leaf.pointer[..<start], default: []].insert(name) }
                start = end
            }
        }
        let maps = members.filter { parent, names in
            names.count > maximumSiblings || names.count > 8 && Double(names.count) > 2 * (most[parent] ?? .infinity)
        }
        guard let parent = maps.keys.min(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) else { return nil }
        return (String(parent), segments(String(parent)).count)
    }

    /// The leaf with `*` in place of the member at a depth, when it is below a parent.
    private static func hidden(member depth: Int, below parent: String, of leaf: PayloadLeaf) -> PayloadLeaf {
        var segments = segments(leaf.pointer)
        guard segments.count > depth, leaf.pointer.hasPrefix(parent + "/") else { return leaf }
        segments[depth] = MemberName.any[...]
        var leaf = leaf
        leaf.pointer = segments.map { "/" + $0 }.joined()
        return leaf
    }

    static func segments(_ pointer: String) -> [Substring] {
        pointer.isEmpty ? [] : Array(pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst())
    }

    private static func union(_ left: MagnitudeRange?, _ right: MagnitudeRange?) -> MagnitudeRange? {
        guard let left, let right else { return left ?? right }
        return left.union(right)
    }

    private static func sum(_ left: Int, _ right: Int) -> Int { min(left + right, maximumCount) }
}

extension PayloadLeaf {
    fileprivate var depth: Int { pointer.utf8.count { $0 == UInt8(ascii: "/") } }
}

extension PayloadLeaf.Kind {
    /// What memory may follow comes first.
    fileprivate var rank: Int {
        switch self {
        case .number, .numericText, .array, .text: 0
        case .object, .boolean, .null: 1
        }
    }

    /// Whether it is a number, of which it is told whether it is whole.
    var isNumeric: Bool { self == .number || self == .numericText }

    /// Whether it has a magnitude.
    var hasRange: Bool { self != .boolean && self != .null }
}
