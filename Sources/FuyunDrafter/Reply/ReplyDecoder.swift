import FuyunPolicy

/// Reads an answer and reports all that is wrong with its shape; what it means is checked afterwards.
struct ReplyDecoder {
    static let maximumSkeletons = 4

    private let root: JSONValue
    private var collector: DiagnosticCollector
    var variableNames: [String] = []
    var categories: [String: [String]] = [:]
    /// Whether every variable could be read, so that a missing name is truly missing.
    var variablesAreWhole = true

    init(root: JSONValue) {
        self.root = root
        collector = DiagnosticCollector()
    }

    mutating func reply() -> Reply {
        var reply = Reply(summary: "", drivers: [], outsidePayload: [], variables: nil, skeletons: [], diagnostics: [])
        if var object = JSONElement(root).object(reporting: &collector) {
            if let analysis = object.required("analysis", reporting: &collector) { readAnalysis(analysis, &reply) }
            if let proposal = object.required("proposal", reporting: &collector) { readProposal(proposal, &reply) }
            object.finish(reporting: &collector)
        }
        reply.diagnostics = collector.diagnostics.map(\.withoutPosition)
        return reply
    }

    // MARK: Analysis

    private mutating func readAnalysis(_ element: JSONElement, _ reply: inout Reply) {
        guard var object = element.object(reporting: &collector) else { return }
        reply.summary =
            object.required("summary", reporting: &collector)?.string(length: 1...4000, reporting: &collector) ?? ""
        let drivers = object.required("drivers", reporting: &collector)?.elements(count: 0...16, reporting: &collector)
        for element in drivers ?? [] {
            guard var driver = element.object(reporting: &collector) else { continue }
            let name = driver.required("name", reporting: &collector)?.string(length: 1...200, reporting: &collector)
            let place = driver.optional("place").flatMap { place in
                place.isNull ? nil : place.string(length: 0...1024, reporting: &collector)
            }
            let effect = driver.required("effect", reporting: &collector)?.string(
                length: 1...1000,
                reporting: &collector
            )
            driver.finish(reporting: &collector)
            if let name, let effect { reply.drivers.append(.init(name: name, place: place, effect: effect)) }
        }
        let outside = object.optional("outside_payload")?.elements(count: 0...16, reporting: &collector)
        reply.outsidePayload = (outside ?? []).compactMap { $0.string(length: 1...1000, reporting: &collector) }
        object.finish(reporting: &collector)
    }

    // MARK: Proposal

    private mutating func readProposal(_ element: JSONElement, _ reply: inout Reply) {
        guard var object = element.object(reporting: &collector) else { return }
        let variables = object.required("variables", reporting: &collector)
        let skeletons = object.required("skeletons", reporting: &collector)
        object.finish(reporting: &collector)
        if let elements = variables?.elements(count: 0...PolicyDocument.maximumVariables, reporting: &collector) {
            let read = elements.map { readVariable($0) }
            let whole = read.compactMap(\.self)
            if whole.count == elements.count { reply.variables = whole } else { variablesAreWhole = false }
        } else {
            variablesAreWhole = false
        }
        guard
            let elements = skeletons?.elements(count: 1...Self.maximumSkeletons, reporting: &collector)
        else { return }
        var names: Set<String> = []
        for element in elements {
            var reader = SkeletonReader(
                variableNames: variableNames,
                categories: categories,
                variablesAreWhole: variablesAreWhole
            )
            var skeleton = reader.read(element)
            if !skeleton.name.isEmpty, !names.insert(skeleton.name).inserted {
                skeleton.logic = nil
                skeleton.diagnostics.append(
                    Diagnostic(
                        severity: .error,
                        path: element.path.key("name").description,
                        code: "duplicate_name",
                        message: "there is already a skeleton \(quoted(skeleton.name))"
                    )
                )
            }
            reply.skeletons.append(skeleton)
        }
    }

    // MARK: Variables

    private enum VariableType: String, CaseIterable { case integer, number, category }
    private enum Place: String, CaseIterable { case json, json_length, number_of, body, header }

    private mutating func readVariable(_ element: JSONElement) -> PolicyVariable? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let name = object.required("name", reporting: &collector).flatMap { readName($0) }
        let type = object.required("type", reporting: &collector)?.word(VariableType.self, reporting: &collector)
        let unit = object.optional("unit").flatMap { unit in
            unit.isNull ? nil : unit.word(Unit.self, reporting: &collector)
        }
        let (minimum, maximum) = (object.optional("minimum"), object.optional("maximum"))
        let values = object.optional("values")
        let source = object.required("source", reporting: &collector)?.word(Place.self, reporting: &collector)
        let at = object.optional("at")
        let fallback = object.optional("default")
        object.finish(reporting: &collector)
        guard let name, let type else { return nil }

        var kind = type == .integer ? PolicyVariable.Kind.integer : .number
        var range: ClosedRange<Double>?
        if type == .category {
            let words = readValues(values, of: element)
            categories[name] = words ?? []
            guard let words else { return nil }
            kind = .category(values: words)
        } else {
            range = readRange(minimum, maximum, isInteger: type == .integer, of: element)
            guard range != nil else { return nil }
        }
        guard let source, let place = readPlace(source, at, of: element) else { return nil }
        if type == .category, source != .json, source != .header {
            collector.error(
                at: element.path.key("source"),
                .badMapping,
                "\"\(name)\" is a category, which comes from \"json\" or \"header\", not from a number"
            )
            return nil
        }
        var defaultValue: Double?
        if let fallback, !fallback.isNull {
            guard let value = readDefault(fallback, kind: kind, range: range) else { return nil }
            defaultValue = value
        }
        return PolicyVariable(
            name: name,
            kind: kind,
            unit: type == .category ? nil : unit?.rawValue,
            range: range,
            source: place,
            defaultValue: defaultValue
        )
    }

    private mutating func readName(_ element: JSONElement) -> String? {
        guard let name = element.string(length: 1...64, reporting: &collector) else { return nil }
        guard !variableNames.contains(name) else {
            collector.error(at: element.path, .duplicateVariable, "there is already a variable \(quoted(name))")
            return nil
        }
        variableNames.append(name)
        return name
    }

    private mutating func readRange(
        _ minimum: JSONElement?,
        _ maximum: JSONElement?,
        isInteger: Bool,
        of element: JSONElement
    ) -> ClosedRange<Double>? {
        guard let minimum, let maximum, !minimum.isNull, !maximum.isNull else {
            collector.error(
                at: element.path.key(minimum?.isNull == false ? "maximum" : "minimum"),
                .missingKey,
                "a number needs both \"minimum\" and \"maximum\": between what the formula holds"
            )
            return nil
        }
        let ends = [minimum, maximum].map { end in
            isInteger
                ? end.integer(in: -(1 << 53)...(1 << 53), reporting: &collector).map(Double.init)
                : end.number(in: -1e15...1e15, reporting: &collector)
        }
        guard let lower = ends[0], let upper = ends[1] else { return nil }
        guard lower <= upper else {
            collector.error(
                at: element.path.key("maximum"),
                .rangeReversed,
                "the range ends at \(number(upper)), below its beginning \(number(lower)); swap them"
            )
            return nil
        }
        return lower...upper
    }

    private mutating func readValues(_ element: JSONElement?, of variable: JSONElement) -> [String]? {
        guard let element, !element.isNull else {
            collector.error(
                at: variable.path.key("values"),
                .missingKey,
                "a category needs \"values\", the words that it may be"
            )
            return nil
        }
        let count = 1...PolicyDocument.maximumCategoryValues
        guard let elements = element.elements(count: count, reporting: &collector) else { return nil }
        var words: [String] = []
        for element in elements {
            guard let word = element.string(length: 1...128, reporting: &collector) else { return nil }
            guard !words.contains(word) else {
                collector.error(at: element.path, .duplicateValue, "the value \(quoted(word)) is already listed")
                return nil
            }
            words.append(word)
        }
        return words
    }

    private mutating func readPlace(_ place: Place, _ at: JSONElement?, of element: JSONElement) -> FeatureSource? {
        if place == .body { return .bodyBytes }
        guard let at, !at.isNull else {
            collector.error(
                at: element.path.key("at"),
                .missingKey,
                place == .header ? "expected the header's name" : "expected a JSON pointer such as \"/size\""
            )
            return nil
        }
        guard let text = at.string(length: place == .header ? 1...128 : 0...1024, reporting: &collector) else {
            return nil
        }
        return switch place {
        case .json: .json(pointer: text)
        case .json_length: .jsonLength(pointer: text)
        case .number_of: .numberOf(pointer: text)
        default: .header(name: text)
        }
    }

    private mutating func readDefault(
        _ element: JSONElement,
        kind: PolicyVariable.Kind,
        range: ClosedRange<Double>?
    ) -> Double? {
        switch kind {
        case .category(let values):
            guard let word = element.string(reporting: &collector) else { return nil }
            guard let index = values.firstIndex(of: word) else {
                collector.error(at: element.path, .badValue, "found \(quoted(word)), expected \(oneOf(values))")
                return nil
            }
            return Double(index)
        case .integer, .number:
            guard let value = element.number(reporting: &collector) else { return nil }
            guard range?.contains(value) != false, kind != .integer || value == value.rounded() else {
                collector.error(
                    at: element.path,
                    .outOfRange,
                    "the default \(number(value)) is not in the variable's own range"
                )
                return nil
            }
            return value
        }
    }
}

extension JSONElement {
    /// Whether the value is `null`, which stands for an option that is not taken.
    var isNull: Bool { if case .null = value.content { true } else { false } }
}

extension Diagnostic {
    /// The same without a place in a text, for what was read of a part of one.
    var withoutPosition: Diagnostic {
        var copy = self
        copy.position = nil
        return copy
    }
}
