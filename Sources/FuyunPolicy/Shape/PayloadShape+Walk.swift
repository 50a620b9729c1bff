extension PayloadShape {
    /// The part of a body that is walked, in bytes.
    public static let maximumBody = 1 << 20
    /// The deepest leaves that are told.
    public static let maximumDepth = 12

    /// The shape of one payload.
    ///
    /// A body that is no JSON has a length and no leaves. Of one that was cut, the part that is there is told; arrays and
    /// objects that have no end are not, for nobody knows how long they are.
    ///
    /// - Parameters:
    ///   - body: The payload, or its beginning; at most `maximumBody` of it is looked at.
    ///   - totalLength: Its true length when `body` is only its beginning.
    public static func of(_ body: UnsafeRawBufferPointer, totalLength: UInt64? = nil) -> PayloadShape {
        let length = max(totalLength ?? 0, UInt64(body.count))
        let part = UnsafeRawBufferPointer(rebasing: body.prefix(maximumBody))
        var walk = ShapeWalk(JSONBytes(part, isCut: length > part.count))
        return PayloadShape(
            leaves: settled(walk.leaves(), 1),
            payloads: 1,
            bodyBytes: MagnitudeRange(of: Double(length))
        )
    }

    /// The shape of one payload.
    public static func of(_ body: [UInt8], totalLength: UInt64? = nil) -> PayloadShape {
        body.withUnsafeBytes { of($0, totalLength: totalLength) }
    }
}

/// A walk over one payload that takes down what is where, and of each number and length only between which powers of two
/// it is.
private struct ShapeWalk {
    /// One pointer's leaves and what is below.
    private final class Node {
        var leaves: [PayloadLeaf.Kind: (range: MagnitudeRange?, isInteger: Bool)] = [:]
        var members: [String: Node] = [:]
        /// Elements, and members whose names are not kept.
        var any: Node?
        /// Whether names are not kept because there are too many.
        var isMap = false

        func saw(_ kind: PayloadLeaf.Kind, _ number: Double? = nil) {
            let range = number.map { MagnitudeRange(of: $0) }
            let isInteger = kind.isNumeric && (number.map { $0 == $0.rounded() } ?? false)
            guard let known = leaves[kind] else {
                leaves[kind] = (range, isInteger)
                return
            }
            let union = known.range.flatMap { known in range.map { known.union($0) } }
            leaves[kind] = (union, known.isInteger && isInteger)
        }

        func element() -> Node {
            if let any { return any }
            let made = Node()
            any = made
            return made
        }

        func member(_ name: String?) -> Node {
            guard let name, !isMap, MemberName.isKept(name) else { return element() }
            if let known = members[name] { return known }
            guard members.count < PayloadShape.maximumSiblings else {
                isMap = true
                for member in members.values { element().take(member) }
                members = [:]
                return element()
            }
            let made = Node()
            members[name] = made
            return made
        }

        /// Takes in another pointer's.
        func take(_ other: Node) {
            for (kind, leaf) in other.leaves {
                guard let known = leaves[kind] else {
                    leaves[kind] = leaf
                    continue
                }
                let union = known.range.flatMap { known in leaf.range.map { known.union($0) } }
                leaves[kind] = (union, known.isInteger && leaf.isInteger)
            }
            if let below = other.any { element().take(below) }
            for (name, below) in other.members { member(name).take(below) }
        }

        func collect(_ pointer: String, into leaves: inout [PayloadLeaf]) {
            for (kind, leaf) in self.leaves {
                leaves.append(
                    PayloadLeaf(pointer: pointer, kind: kind, range: leaf.range, isInteger: leaf.isInteger)
                )
            }
            for (name, below) in members { below.collect(pointer + "/" + name, into: &leaves) }
            any?.collect(pointer + "/" + MemberName.any, into: &leaves)
        }
    }

    private let body: JSONBytes
    private let root = Node()
    private var at = 0

    init(_ body: JSONBytes) { self.body = body }

    /// The leaves; none when the body is no JSON.
    mutating func leaves() -> [PayloadLeaf] {
        do throws(ScanHalt) {
            _ = try body.next(&at)
            try visit(root, depth: 0)
            at = body.afterWhitespace(at)
            guard at == body.count else { throw body.malformed(at) }
        } catch {
            guard case .cut = error.end else { return [] }
        }
        var leaves: [PayloadLeaf] = []
        root.collect("", into: &leaves)
        return leaves
    }

    /// Reads the value at `at` and ends behind it.
    private mutating func visit(_ node: Node, depth: Int) throws(ScanHalt) {
        switch body[at] {
        case UInt8(ascii: "{"): try visitObject(node, depth)
        case UInt8(ascii: "["): try visitArray(node, depth)
        case UInt8(ascii: "\""): try visitString(node)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = try JSONNumber(body, at: at)
            // One that the text ends in may have lost its tail.
            if number.end == body.count, depth > 0 { throw body.ranOut() }
            at = number.end
            node.saw(.number, number.value)
        default:
            let isNull = body[at] == UInt8(ascii: "n")
            at = try body.afterLiteral(at)
            node.saw(isNull ? .null : .boolean)
        }
    }

    private mutating func visitString(_ node: Node) throws(ScanHalt) {
        let start = at + 1
        let (end, _) = try body.measureString(start)
        at = end + 1
        if let number = NumericText(body.base, from: start, to: end).value, number.isFinite {
            node.saw(.numericText, number)
        } else {
            // Escapes are longer than what they stand for; a power of two does not mind.
            node.saw(.text, Double(end - start))
        }
    }

    private mutating func visitArray(_ node: Node, _ depth: Int) throws(ScanHalt) {
        guard depth < PayloadShape.maximumDepth else { return try leave() }
        at += 1
        var elements = 0
        if try body.next(&at) == UInt8(ascii: "]") {
            at += 1
            return node.saw(.array, 0)
        }
        while true {
            _ = try body.next(&at)
            try visit(node.element(), depth: depth + 1)
            elements += 1
            switch try body.next(&at) {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "]"):
                at += 1
                return node.saw(.array, Double(elements))
            default: throw body.malformed(at)
            }
        }
    }

    private mutating func visitObject(_ node: Node, _ depth: Int) throws(ScanHalt) {
        guard depth < PayloadShape.maximumDepth else { return try leave() }
        at += 1
        var members = 0
        if try body.next(&at) == UInt8(ascii: "}") {
            at += 1
            return node.saw(.object, 0)
        }
        while true {
            guard try body.next(&at) == UInt8(ascii: "\"") else { throw body.malformed(at) }
            let start = at + 1
            let (end, _) = try body.measureString(start)
            at = end + 1
            guard try body.next(&at) == UInt8(ascii: ":") else { throw body.malformed(at) }
            at += 1
            _ = try body.next(&at)
            try visit(node.member(name(from: start, to: end)), depth: depth + 1)
            members += 1
            switch try body.next(&at) {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "}"):
                at += 1
                return node.saw(.object, Double(members))
            default: throw body.malformed(at)
            }
        }
    }

    /// Passes over a value that is too deep to be told.
    private mutating func leave() throws(ScanHalt) {
        at = try body.afterContainer(at + 1, depth: PayloadShape.maximumDepth + 1)
    }

    /// A member's name; nil when it is too long to be kept.
    private func name(from start: Int, to end: Int) -> String? {
        // An escape has at most six bytes for one.
        guard end - start <= 6 * MemberName.maximumLength else { return nil }
        var bytes = UnescapedBytes(body.base, from: start, to: end)
        var name: [UInt8] = []
        while let byte = bytes.next() { name.append(byte) }
        return bytes.isBroken ? nil : String(validating: name, as: UTF8.self)
    }
}
