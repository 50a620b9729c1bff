extension PayloadShape {
    /// The most differently named members of one object that are told apart; beyond, all are `*`.
    public static let maximumSiblings = 24
    /// The most payloads that are counted.
    static let maximumCount = (1 << 53) - 1

    /// Takes in what was seen of other payloads; the order makes no difference.
    ///
    /// Of more than 64 leaves those stay that were in the most payloads, numbers, lengths and texts before the rest, then
    /// the outer ones. An object with many different members over time (`maximumSiblings`, or more than 8 where each
    /// payload has only a few) is taken for a map: its members become `*`, and so does a rare one beside many of them.
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
        // From the root on: members that fall together bring what is below them together.
        for depth in 0..<maximumDepth {
            let values = namesThatAreValues(in: unique, at: depth)
            guard !values.isEmpty else { continue }
            unique = joined(unique.map { hidden(values, at: depth, in: $0) }, payloads)
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

    /// Pointers of members of objects at a depth whose names differ so much that they are keys of a map.
    private static func namesThatAreValues(in leaves: [PayloadLeaf], at depth: Int) -> Set<Substring> {
        var parents: [Substring: Members] = [:]
        for leaf in leaves {
            guard let parent = beginning(of: leaf.pointer, segments: depth) else { continue }
            if parent.endIndex == leaf.pointer.endIndex {
                if leaf.kind == .object { parents[parent, default: Members()].most = leaf.range?.upper ?? .infinity }
                if leaf.kind == .array { parents[parent, default: Members()].isArray = true }
            } else if let member = beginning(of: leaf.pointer, segments: depth + 1) {
                parents[parent, default: Members()].saw(member, leaf.count)
            }
        }
        return parents.values.reduce(into: []) { $0.formUnion($1.values) }
    }

    /// The members of one object.
    private struct Members {
        /// No payload has so many.
        var most = Double.infinity
        /// Whether the same place holds an array too, so that `*` may be its elements.
        var isArray = false
        private var counts: [Substring: Int] = [:]
        private var unnamed = 0

        mutating func saw(_ member: Substring, _ count: Int) {
            if member.hasSuffix("/*") {
                unnamed = max(unnamed, count)
            } else {
                counts[member] = max(counts[member] ?? 0, count)
            }
        }

        /// Those whose names are values: all of a map, and what is rare beside members without a name.
        var values: Set<Substring> {
            let isMap =
                counts.count > PayloadShape.maximumSiblings || counts.count > 8 && Double(counts.count) > 2 * most
            if isMap { return Set(counts.keys) }
            guard !isArray, unnamed >= 8 else { return [] }
            return Set(counts.filter { $0.value <= unnamed / 8 }.keys)
        }
    }

    /// The leaf with `*` for the member at a depth, when that is one of `members`.
    private static func hidden(_ members: Set<Substring>, at depth: Int, in leaf: PayloadLeaf) -> PayloadLeaf {
        guard let member = beginning(of: leaf.pointer, segments: depth + 1), members.contains(member),
            let parent = beginning(of: leaf.pointer, segments: depth)
        else { return leaf }
        var leaf = leaf
        leaf.pointer = parent + "/" + MemberName.any + leaf.pointer[member.endIndex...]
        return leaf
    }

    /// The first so many segments of a pointer; nil when it has fewer.
    private static func beginning(of pointer: String, segments: Int) -> Substring? {
        var end = pointer.startIndex
        for _ in 0..<segments {
            guard end < pointer.endIndex else { return nil }
            end = pointer[pointer.index(after: end)...].firstIndex(of: "/") ?? pointer.endIndex
        }
        return pointer[..<end]
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
