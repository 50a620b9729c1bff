extension PolicyDecoder {
    mutating func readInputs(_ element: JSONElement) -> PolicyInputs? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let source = object.required("source", reporting: &collector)?.word(
            PolicyInputs.Source.self,
            reporting: &collector
        )
        let declarations = object.optional("variables").map { readVariables($0) } ?? []
        let mapping = object.optional("mapping")
        let entries = mapping.map { $0.entries(reporting: &collector) } ?? []
        object.finish(reporting: &collector)
        guard let entries, let declarations else { return nil }

        let mappingPath = element.path.key("mapping")
        for entry in entries where declarationsAreWhole && declared[entry.key] == nil {
            collector.error(
                at: entry.element.path,
                .mappingWithoutVariable,
                "there is no variable \(quoted(entry.key))\(suggestion(for: entry.key, among: declaredNames))"
            )
        }
        var variables: [PolicyVariable] = []
        for var variable in declarations {
            guard let entry = entries.first(where: { $0.key == variable.name }) else {
                collector.error(
                    at: mappingPath.key(variable.name),
                    .missingKey,
                    "the variable \"\(variable.name)\" has no mapping, expected one like {\"json\": \"/\(variable.name)\"}"
                )
                continue
            }
            guard let (featureSource, defaultValue) = readMapping(entry.element, of: variable) else { continue }
            variable.source = featureSource
            variable.defaultValue = defaultValue
            variables.append(variable)
        }
        return source.map { PolicyInputs(source: $0, variables: variables) }
    }

    // MARK: Variables

    /// The variables without their mapping, which is filled in later.
    private mutating func readVariables(_ element: JSONElement) -> [PolicyVariable]? {
        guard let elements = element.elements(count: 0...PolicyDocument.maximumVariables, reporting: &collector) else {
            declarationsAreWhole = false
            return nil
        }
        return elements.compactMap { element in
            let variable = readVariable(element)
            if variable == nil { declarationsAreWhole = false }
            return variable
        }
    }

    private mutating func readVariable(_ element: JSONElement) -> PolicyVariable? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let name = object.required("name", reporting: &collector).flatMap { variableName($0) }
        let type = object.required("type", reporting: &collector)
        let word = type?.word(VariableType.self, reporting: &collector)
        let unit = object.optional("unit")?.string(length: 1...32, reporting: &collector)
        var range: ClosedRange<Double>?
        if word != .category {
            range = object.optional("range").flatMap { readRange($0, whole: word == .integer) }
        }
        var values: [String]?
        if word == .category {
            values = object.required("values", reporting: &collector).flatMap { readValues($0) }
        } else if word == nil {
            _ = object.optional("range")
            _ = object.optional("values")
        }
        object.finish(reporting: &collector)
        if let name { declared[name] = DeclaredVariable(isCategory: word == .category, values: values) }
        guard let name, let word else { return nil }
        let kind: PolicyVariable.Kind
        switch word {
        case .integer: kind = .integer
        case .number: kind = .number
        case .category:
            guard let values else { return nil }
            kind = .category(values: values)
        }
        return PolicyVariable(name: name, kind: kind, unit: unit, range: range, source: .bodyBytes)
    }

    private enum VariableType: String, CaseIterable { case integer, number, category }

    private mutating func variableName(_ element: JSONElement) -> String? {
        guard let name = element.string(reporting: &collector), isName(name, at: element.path) else { return nil }
        guard !declaredNames.contains(name) else {
            collector.error(at: element.path, .duplicateVariable, "there is already a variable \"\(name)\"")
            return nil
        }
        declaredNames.append(name)
        return name
    }

    private mutating func readRange(_ element: JSONElement, whole: Bool) -> ClosedRange<Double>? {
        guard let ends = element.elements(count: 2...2, reporting: &collector) else { return nil }
        let bounds = ends.map { end in
            whole
                ? end.integer(in: -(1 << 53)...(1 << 53), reporting: &collector).map(Double.init)
                : end.number(reporting: &collector)
        }
        guard let lower = bounds[0], let upper = bounds[1] else { return nil }
        guard lower <= upper else {
            collector.error(
                at: element.path,
                .rangeReversed,
                "the range begins at \(decimal(lower)), above its end \(decimal(upper)); swap them"
            )
            return nil
        }
        return lower...upper
    }

    private mutating func readValues(_ element: JSONElement) -> [String]? {
        let count = 1...PolicyDocument.maximumCategoryValues
        guard let elements = element.elements(count: count, reporting: &collector) else { return nil }
        var values: [String] = []
        for element in elements {
            guard let value = element.string(length: 1...128, reporting: &collector) else { return nil }
            guard !values.contains(value) else {
                collector.error(at: element.path, .duplicateValue, "the value \(quoted(value)) is already listed")
                return nil
            }
            values.append(value)
        }
        return values
    }

    // MARK: Mapping

    private mutating func readMapping(
        _ element: JSONElement,
        of variable: PolicyVariable
    ) -> (FeatureSource, defaultValue: Double?)? {
        guard var object = element.object(reporting: &collector) else { return nil }
        var sources: [FeatureSource?] = []
        if let pointer = object.optional("json") {
            sources.append(readPointer(pointer).map { .json(pointer: $0) })
        }
        if let pointer = object.optional("json_length") {
            sources.append(readPointer(pointer).map { .jsonLength(pointer: $0) })
        }
        if let pointer = object.optional("number_of") {
            sources.append(readPointer(pointer).map { .numberOf(pointer: $0) })
        }
        if let body = object.optional("body") {
            sources.append(body.word(BodyMeasure.self, reporting: &collector).map { _ in .bodyBytes })
        }
        if let header = object.optional("header") {
            sources.append(headerName(header).map { .header(name: $0) })
        }
        let fallback = object.optional("default")
        let defaultValue = fallback.flatMap { readDefaultValue($0, of: variable) }
        object.finish(reporting: &collector)
        guard sources.count == 1 else {
            let found = sources.isEmpty ? "no source" : "\(sources.count) sources"
            collector.error(
                at: element.path,
                .badMapping,
                "found \(found), expected exactly one of \"json\", \"json_length\", \"number_of\", \"body\", \"header\""
            )
            return nil
        }
        guard let source = sources[0] else { return nil }
        if variable.categoryValues != nil {
            switch source {
            case .json, .header: break
            case .jsonLength, .numberOf, .bodyBytes:
                collector.error(
                    at: element.path,
                    .badMapping,
                    "\"\(variable.name)\" is a category, which comes from \"json\" or \"header\", not from a number"
                )
                return nil
            }
        }
        guard fallback == nil || defaultValue != nil else { return nil }
        return (source, defaultValue)
    }

    private enum BodyMeasure: String, CaseIterable { case bytes }

    private mutating func readPointer(_ element: JSONElement) -> String? {
        guard let text = element.string(length: 0...1024, reporting: &collector) else { return nil }
        do {
            _ = try ScanPlan([(text, .number)])
            return text
        } catch {
            collector.error(at: element.path, .badPointer, error.description)
            return nil
        }
    }

    private mutating func headerName(_ element: JSONElement) -> String? {
        guard let name = element.string(length: 1...128, reporting: &collector) else { return nil }
        // RFC 9110 section 5.6.2: a field name is a token.
        let isToken = name.utf8.allSatisfy { $0.isWordByte || "!#$%&'*+-.^`|~".utf8.contains($0) }
        guard isToken else {
            collector.error(
                at: element.path,
                .badValue,
                "found \(quoted(name)), expected a header name like \"Content-Length\""
            )
            return nil
        }
        return name
    }

    private mutating func readDefaultValue(_ element: JSONElement, of variable: PolicyVariable) -> Double? {
        if let values = variable.categoryValues {
            guard let text = element.string(reporting: &collector) else { return nil }
            guard let index = values.firstIndex(of: text) else {
                collector.error(
                    at: element.path,
                    .badValue,
                    "found \(quoted(text)), expected \(alternatives(values))\(suggestion(for: text, among: values))"
                )
                return nil
            }
            return Double(index)
        }
        let value: Double?
        if case .integer = variable.kind {
            value = element.integer(in: -(1 << 53)...(1 << 53), reporting: &collector).map(Double.init)
        } else {
            value = element.number(reporting: &collector)
        }
        guard let value else { return nil }
        if let range = variable.range, !range.contains(value) {
            collector.error(
                at: element.path,
                .outOfRange,
                "the default \(decimal(value)) is outside the variable's range "
                    + "\(decimal(range.lowerBound)) to \(decimal(range.upperBound))"
            )
            return nil
        }
        return value
    }
}

extension Diagnostic.Code {
    /// Two variables have the same name.
    public static let duplicateVariable: Self = "duplicate_variable"
    /// A category lists a value twice.
    public static let duplicateValue: Self = "duplicate_value"
    /// A range begins above its end.
    public static let rangeReversed: Self = "range_reversed"
    /// A mapping names no variable.
    public static let mappingWithoutVariable: Self = "mapping_without_variable"
    /// A mapping has no source, several, or one that does not fit the variable.
    public static let badMapping: Self = "bad_mapping"
    /// A text is no JSON pointer.
    public static let badPointer: Self = "bad_pointer"
}
