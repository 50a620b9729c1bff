extension PolicyDecoder {
    /// A section of the logic that holds something for each term: `coefficients`, `knots`, `exponents`, `rates`.
    private struct Part {
        var key: String
        /// The word for one of its entries, in messages and codes.
        var entry: String

        static let coefficients = Part(key: "coefficients", entry: "coefficient")
        static let knots = Part(key: "knots", entry: "knots")
        static let exponents = Part(key: "exponents", entry: "exponent")
        static let rates = Part(key: "rates", entry: "rate")
    }

    mutating func readLogic(_ element: JSONElement) -> PolicyLogic? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let family = object.required("type", reporting: &collector)?.word(
            PolicyLogic.Family.self,
            reporting: &collector
        )
        let select = object.optional("select")
        let rationale = object.optional("decision_rationale")?.string(length: 0...16384, reporting: &collector)
        guard let family else {
            for key in ["terms", "coefficients", "knots", "exponents", "rates"] { _ = object.optional(key) }
            object.finish(reporting: &collector)
            return nil
        }

        let terms = family == .constant ? nil : object.required("terms", reporting: &collector)
        let coefficients =
            family == .piecewiseLinear
            ? object.optional("coefficients") : object.required("coefficients", reporting: &collector)
        let knots = family == .piecewiseLinear ? object.required("knots", reporting: &collector) : nil
        let exponents = family == .power ? object.required("exponents", reporting: &collector) : nil
        let rates = family == .exponential ? object.required("rates", reporting: &collector) : nil
        object.finish(reporting: &collector)

        guard let values = lawValues(select) else { return nil }
        let perLaw = [terms, coefficients, knots, exponents, rates].map { readSection($0, values: values) }
        var laws: [PolicyLaw] = []
        for index in values.indices {
            let law = readLaw(
                values[index],
                family: family,
                terms: perLaw[0][index],
                coefficients: perLaw[1][index],
                knots: perLaw[2][index],
                exponents: perLaw[3][index],
                rates: perLaw[4][index],
                path: element.path
            )
            if let law { laws.append(law) }
        }
        guard laws.count == values.count, !collector.hasErrors else { return nil }
        if let terms, laws.allSatisfy(\.terms.isEmpty) {
            collector.error(
                at: terms.path,
                .noTerms,
                "there are no terms; name at least one or use the type \"constant\""
            )
            return nil
        }
        var selected: String?
        if case .string(let name) = select?.value.content { selected = name }
        return PolicyLogic(family: family, select: selected, laws: laws, rationale: rationale)
    }

    /// The category values that have a law each, `[nil]` for the only law, nil when that cannot be told.
    private mutating func lawValues(_ select: JSONElement?) -> [String?]? {
        guard let select else { return [nil] }
        guard let name = select.string(reporting: &collector) else { return nil }
        guard let variable = declared[name] else {
            if declarationsAreWhole {
                collector.error(
                    at: select.path,
                    .selectUnknown,
                    "there is no variable \(quoted(name))\(suggestion(for: name, among: declaredNames))"
                )
            }
            return nil
        }
        guard variable.isCategory else {
            if declarationsAreWhole {
                collector.error(
                    at: select.path,
                    .selectNotCategory,
                    "the variable \"\(name)\" is a number, a law is selected by a category"
                )
            }
            return nil
        }
        return variable.values
    }

    /// The part of a section for each law, nil where there is none.
    private mutating func readSection(_ element: JSONElement?, values: [String?]) -> [JSONElement?] {
        guard let element else { return values.map { _ in nil } }
        if values == [nil] { return [element] }
        guard let entries = element.entries(reporting: &collector) else { return values.map { _ in nil } }
        let names = values.compactMap { $0 }
        for entry in entries where !names.contains(entry.key) {
            collector.error(
                at: entry.element.path,
                .lawUnknown,
                "\(quoted(entry.key)) is no value of the category that selects the law, "
                    + "expected \(alternatives(names))\(suggestion(for: entry.key, among: names))"
            )
        }
        return names.map { name in
            let entry = entries.first { $0.key == name }
            if entry == nil {
                collector.error(
                    at: element.path.key(name),
                    .lawMissing,
                    "the value \(quoted(name)) of the category that selects the law has no entry here"
                )
            }
            return entry?.element
        }
    }

    // MARK: One law

    private mutating func readLaw(
        _ value: String?,
        family: PolicyLogic.Family,
        terms: JSONElement?,
        coefficients: JSONElement?,
        knots: JSONElement?,
        exponents: JSONElement?,
        rates: JSONElement?,
        path: JSONPath
    ) -> PolicyLaw? {
        let expressions = terms.map { readTerms($0) } ?? []
        let isOpen = value != nil && (family == .piecewiseLinear ? knots : coefficients)?.value.isNull == true
        // An open law has no numbers to read; its exponents and rates are a part of its form.
        let numbers = isOpen ? nil : coefficients
        let corners = isOpen ? nil : knots
        let base = isOpen ? 0 : numbers.map { readBase($0) } ?? (family == .piecewiseLinear ? 0 : nil)
        guard let expressions else { return nil }
        let names = expressions.map(\.name)
        let isPiecewise = family == .piecewiseLinear
        let coefficients = perTerm(numbers, .coefficients, isPiecewise ? [] : names) { element, collector in
            element.number(reporting: &collector)
        }
        let exponents = perTerm(exponents, .exponents, names) { element, collector in
            element.number(reporting: &collector)
        }
        let rates = perTerm(rates, .rates, names) { element, collector in
            element.number(reporting: &collector)
        }
        let polylines = perTerm(corners, .knots, names) { element, collector in
            Self.knots(element, &collector)
        }
        guard let base else { return nil }
        let whole = expressions.compactMap { term -> PolicyTerm? in
            let (name, expression) = term
            let coefficient = isOpen ? 0 : coefficients[name]
            let shape: PolicyTerm.Shape? =
                switch family {
                case .constant: nil
                case .linear: coefficient.map { .linear(coefficient: $0) }
                case .piecewiseLinear: (isOpen ? [] : polylines[name]).map { .piecewiseLinear(knots: $0) }
                case .power:
                    coefficient.flatMap { coefficient in
                        exponents[name].map { .power(coefficient: coefficient, exponent: $0) }
                    }
                case .exponential:
                    coefficient.flatMap { coefficient in
                        rates[name].map { .exponential(coefficient: coefficient, rate: $0) }
                    }
                }
            return shape.map { PolicyTerm(name: name, expression: expression, shape: $0) }
        }
        guard whole.count == expressions.count else { return nil }
        return PolicyLaw(value: value, base: base, terms: whole, isOpen: isOpen)
    }

    private mutating func readTerms(_ element: JSONElement) -> [(name: String, expression: String)]? {
        guard let entries = element.entries(reporting: &collector) else { return nil }
        guard entries.count <= PolicyDocument.maximumTerms else {
            collector.error(
                at: element.path,
                .outOfRange,
                "the law has \(entries.count) terms, expected at most \(PolicyDocument.maximumTerms)"
            )
            return nil
        }
        var terms: [(String, String)] = []
        for (name, element) in entries {
            let text = element.string(length: 1...4096, reporting: &collector)
            guard isName(name, at: element.path) else { continue }
            if name == "base" {
                collector.error(
                    at: element.path,
                    .badValue,
                    "the name \"base\" is taken by the law's constant part, choose another"
                )
                continue
            }
            // A term whose expression cannot be read keeps its name, so that its coefficient is not called an orphan.
            terms.append((name, text ?? ""))
        }
        return terms
    }

    private mutating func readBase(_ element: JSONElement) -> Double? {
        // Whether it is an object is reported where the rest of the object is read.
        guard case .object = element.value.content else { return nil }
        guard let base = element.value["base"] else {
            collector.error(
                at: element.path.key("base"),
                .missingKey,
                "the key \"base\" is missing, the bytes that do not depend on the input"
            )
            return nil
        }
        return JSONElement(base, at: element.path.key("base")).number(reporting: &collector)
    }

    /// What a section says of each term, and whether it says so of all terms and of nothing else.
    private mutating func perTerm<Value>(
        _ element: JSONElement?,
        _ part: Part,
        _ terms: [String],
        read: (JSONElement, inout DiagnosticCollector) -> Value?
    ) -> [String: Value] {
        guard let element, let entries = element.entries(reporting: &collector) else { return [:] }
        var values: [String: Value] = [:]
        for entry in entries where !(part.key == "coefficients" && entry.key == "base") {
            guard terms.contains(entry.key) else {
                let reason =
                    terms.isEmpty
                    ? "there is no term to go with it"
                    : "there is no term \(quoted(entry.key))\(suggestion(for: entry.key, among: terms))"
                collector.error(
                    at: entry.element.path,
                    Diagnostic.Code(rawValue: "\(part.entry)_without_term"),
                    reason
                )
                continue
            }
            values[entry.key] = read(entry.element, &collector)
        }
        for term in terms where !entries.contains(where: { $0.key == term }) {
            collector.error(
                at: element.path.key(term),
                Diagnostic.Code(rawValue: "term_without_\(part.entry)"),
                "the term \"\(term)\" has no entry in \"\(part.key)\""
            )
        }
        return values
    }

    private static func knots(_ element: JSONElement, _ collector: inout DiagnosticCollector) -> [PolicyKnot]? {
        let count = 2...PolicyDocument.maximumKnots
        guard let elements = element.elements(count: count, reporting: &collector) else { return nil }
        var knots: [PolicyKnot] = []
        for element in elements {
            guard let pair = element.elements(count: 2...2, reporting: &collector),
                let x = pair[0].number(reporting: &collector), let y = pair[1].number(reporting: &collector)
            else { return nil }
            if let last = knots.last {
                guard last.x < x else {
                    collector.error(
                        at: element.path,
                        .knotsNotSorted,
                        "x is \(decimal(x)) after \(decimal(last.x)), expected knots sorted by a growing x"
                    )
                    return nil
                }
                guard ((y - last.y) / (x - last.x)).isFinite else {
                    collector.error(at: element.path, .outOfRange, "the slope up to this knot is not finite")
                    return nil
                }
            }
            knots.append(PolicyKnot(x: x, y: y))
        }
        return knots
    }
}

extension JSONValue {
    /// Whether this is `null`, by which a law is left open.
    var isNull: Bool { if case .null = content { true } else { false } }
}

extension Diagnostic.Code {
    /// `select` names no variable.
    public static let selectUnknown: Self = "select_unknown"
    /// `select` names a variable that is no category.
    public static let selectNotCategory: Self = "select_not_category"
    /// A value of the selecting category has no law.
    public static let lawMissing: Self = "law_missing"
    /// A law is for something that is no value of the selecting category.
    public static let lawUnknown: Self = "law_unknown"
    /// No law has a term.
    public static let noTerms: Self = "no_terms"
    /// A polyline's knots are not sorted.
    public static let knotsNotSorted: Self = "knots_not_sorted"
}
