/// Why a text is no payload shape.
public struct PayloadShapeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found, each with its path.
    public var diagnostics: [Diagnostic]

    /// One finding a line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

extension PayloadShape {
    /// The longest JSON text of a shape, in bytes; a little more than 64 leaves at the deepest place take.
    public static let maximumText = 64 << 10

    /// The shape as a JSON value.
    ///
    ///     {"payloads": 12, "body_bytes": [64, 256],
    ///      "leaves": [{"pointer": "/value/width", "kind": "number", "range": [256, 2048], "integer": true, "count": 12}]}
    public var json: JSONValue {
        .object([
            ("payloads", .number(Double(payloads))), ("body_bytes", bodyBytes?.json),
            ("leaves", .array(leaves.map(\.json))),
        ])
    }

    /// The shape as JSON text without blanks.
    public var encoded: [UInt8] { json.encoded(pretty: false) }

    /// Reads a shape strictly.
    public init(parsing text: [UInt8]) throws(PayloadShapeError) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument.parse(text).root
        } catch {
            throw PayloadShapeError(diagnostics: [Diagnostic(error)])
        }
        var collector = DiagnosticCollector(root: root)
        guard let shape = PayloadShape(JSONElement(root), reporting: &collector) else {
            throw PayloadShapeError(diagnostics: collector.diagnostics)
        }
        self = shape
    }

    /// Reads a shape strictly; nil when there was an error, which is reported.
    ///
    /// What no shape says is refused: numbers that are no power of two, names that would not be kept.
    public init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let counts = 0...PayloadShape.maximumCount
        let payloads = object.required("payloads", reporting: &collector)?
            .integer(in: counts, reporting: &collector)
        let body = object.optional("body_bytes")
        let range = body.flatMap { MagnitudeRange($0, reporting: &collector) }
        let leaves = object.required("leaves", reporting: &collector)?
            .elements(count: 0...PayloadShape.maximumLeaves, reporting: &collector)
        object.finish(reporting: &collector)
        guard let payloads, let leaves, (body == nil) == (range == nil) else { return nil }
        var read: [PayloadLeaf] = []
        for leaf in leaves {
            guard let leaf = PayloadLeaf(leaf, reporting: &collector) else { continue }
            read.append(leaf)
        }
        guard read.count == leaves.count, !collector.hasErrors else { return nil }
        self.init(leaves: PayloadShape.settled(read, payloads), payloads: payloads, bodyBytes: range)
    }
}

extension PayloadLeaf {
    fileprivate var json: JSONValue {
        .object([
            ("pointer", .string(pointer)), ("kind", .string(kind.rawValue)), ("range", range?.json),
            ("integer", kind.isNumeric ? JSONValue(.bool(isInteger)) : nil), ("count", .number(Double(count))),
        ])
    }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let place = object.required("pointer", reporting: &collector)
        let pointer = place?.string(length: 0...1024, reporting: &collector)
        let kind: Kind? = object.required("kind", reporting: &collector)?.word(reporting: &collector)
        let ends = object.optional("range")
        let range = ends.flatMap { MagnitudeRange($0, reporting: &collector) }
        let whole = object.optional("integer")
        let isInteger = whole.map { $0.bool(reporting: &collector) } ?? false
        let count = object.required("count", reporting: &collector)?
            .integer(in: 1...PayloadShape.maximumCount, reporting: &collector)
        object.finish(reporting: &collector)
        guard let place, let pointer, let kind, let isInteger, let count, (ends == nil) == (range == nil) else {
            return nil
        }
        guard Self.isPointer(pointer) else {
            collector.error(
                at: place.path,
                .badValue,
                "expected a JSON pointer of at most \(PayloadShape.maximumDepth) steps, each * or a name of letters"
            )
            return nil
        }
        guard kind.hasRange == (range != nil) else {
            collector.error(
                at: element.path,
                kind.hasRange ? .missingKey : .unknownKey,
                "a leaf of kind \(kind.rawValue) has \(kind.hasRange ? "a" : "no") range"
            )
            return nil
        }
        self.init(pointer: pointer, kind: kind, range: range, isInteger: isInteger && kind.isNumeric, count: count)
    }

    private static func isPointer(_ pointer: String) -> Bool {
        let segments = PayloadShape.segments(pointer)
        return (pointer.isEmpty || pointer.hasPrefix("/")) && segments.count <= PayloadShape.maximumDepth
            && segments.allSatisfy { $0 == MemberName.any[...] || MemberName.isKept(String($0)) }
    }
}

extension MagnitudeRange {
    fileprivate var json: JSONValue { .array([.number(lower), .number(upper)]) }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard let ends = element.elements(count: 2...2, reporting: &collector) else { return nil }
        let numbers = ends.compactMap { $0.number(reporting: &collector) }
        guard numbers.count == 2 else { return nil }
        guard numbers.allSatisfy(Self.isEnd), numbers[0] <= numbers[1] else {
            collector.error(
                at: element.path,
                .badValue,
                "expected two powers of two (or their negatives, or 0), the lesser first"
            )
            return nil
        }
        self.init(lower: numbers[0], upper: numbers[1])
    }
}
