import FuyunPolicy

/// Reads one proposed formula.
struct SkeletonReader {
    let variableNames: [String]
    let categories: [String: [String]]
    let variablesAreWhole: Bool
    private var collector = DiagnosticCollector()
    private var plausible: [Reply.PlausibleRange] = []

    init(variableNames: [String], categories: [String: [String]], variablesAreWhole: Bool) {
        self.variableNames = variableNames
        self.categories = categories
        self.variablesAreWhole = variablesAreWhole
    }

    mutating func read(_ element: JSONElement) -> Reply.Skeleton {
        var skeleton = Reply.Skeleton(
            name: "",
            rationale: "",
            logic: nil,
            growsWith: [],
            plausible: [],
            path: element.path,
            lawPlaces: [],
            diagnostics: []
        )
        readMembers(element, &skeleton)
        skeleton.plausible = plausible
        skeleton.diagnostics = collector.diagnostics.map(\.withoutPosition)
        if collector.hasErrors { skeleton.logic = nil }
        return skeleton
    }

    private mutating func readMembers(_ element: JSONElement, _ skeleton: inout Reply.Skeleton) {
        guard var object = element.object(reporting: &collector) else { return }
        skeleton.name =
            object.required("name", reporting: &collector)?.string(length: 1...64, reporting: &collector) ?? ""
        let family = object.required("family", reporting: &collector)?.word(
            PolicyLogic.Family.self,
            reporting: &collector
        )
        let select = object.optional("select").flatMap { $0.isNull ? nil : $0 }
        skeleton.rationale =
            object.required("rationale", reporting: &collector)?.string(length: 1...8000, reporting: &collector) ?? ""
        let growing = object.required("grows_with", reporting: &collector)
        let laws = object.required("laws", reporting: &collector)
        object.finish(reporting: &collector)
        for element in growing?.elements(count: 0...PolicyDocument.maximumVariables, reporting: &collector) ?? [] {
            guard let name = element.string(reporting: &collector) else { continue }
            skeleton.growsWith.append(name)
            if !variableNames.contains(name), variablesAreWhole {
                collector.error(
                    at: element.path,
                    "unknown_variable",
                    "there is no variable \(quoted(name)), expected \(oneOf(variableNames))"
                )
            } else if categories[name] != nil {
                collector.error(
                    at: element.path,
                    "unknown_variable",
                    "\(quoted(name)) is a category, which cannot grow"
                )
            }
        }
        guard let family, let laws, let values = lawValues(select),
            let elements = laws.elements(count: 1...PolicyDocument.maximumCategoryValues, reporting: &collector)
        else { return }
        readLaws(elements, at: laws.path, family: family, values: values, &skeleton)
        guard case .string(let selected)? = select?.value.content else {
            skeleton.logic = PolicyLogic(family: family, laws: skeleton.logic?.laws ?? [])
            return
        }
        skeleton.logic = PolicyLogic(family: family, select: selected, laws: skeleton.logic?.laws ?? [])
    }

    /// The values that have a law each; `[nil]` for one law.
    private mutating func lawValues(_ select: JSONElement?) -> [String?]? {
        guard let select else { return [nil] }
        guard let name = select.string(reporting: &collector) else { return nil }
        if let values = categories[name] { return values }
        if variablesAreWhole || variableNames.contains(name) {
            let isNumber = variableNames.contains(name)
            collector.error(
                at: select.path,
                isNumber ? .selectNotCategory : .selectUnknown,
                isNumber
                    ? "the variable \(quoted(name)) is a number, a law is selected by a category"
                    : "there is no variable \(quoted(name)), expected \(oneOf(categories.keys.sorted())) or null"
            )
        }
        return nil
    }

    private mutating func readLaws(
        _ elements: [JSONElement],
        at path: JSONPath,
        family: PolicyLogic.Family,
        values: [String?],
        _ skeleton: inout Reply.Skeleton
    ) {
        var read: [(place: Int, law: PolicyLaw)] = []
        for (place, element) in elements.enumerated() {
            guard let law = readLaw(element, family: family, isSelected: values != [nil]) else { continue }
            guard values.contains(law.value) else {
                let words = values.compactMap(\.self)
                collector.error(
                    at: element.path.key("when"),
                    .lawUnknown,
                    "\(quoted(law.value ?? "")) is no value of the category that selects the law, expected \(oneOf(words))"
                )
                continue
            }
            guard !read.contains(where: { $0.law.value == law.value }) else {
                collector.error(
                    at: element.path.key("when"),
                    "duplicate_name",
                    law.value.map { "there is already a law for \(quoted($0))" }
                        ?? "there is more than one law and no \"select\" to choose among them"
                )
                continue
            }
            read.append((place, law))
        }
        for value in values where !read.contains(where: { $0.law.value == value }) && !collector.hasErrors {
            collector.error(
                at: path,
                .lawMissing,
                "the value \(quoted(value ?? "")) of the category that selects the law has no law"
            )
        }
        let ordered = values.compactMap { value in read.first { $0.law.value == value } }
        skeleton.lawPlaces = ordered.map(\.place)
        skeleton.logic = PolicyLogic(family: family, laws: ordered.map(\.law))
    }

    private mutating func readLaw(
        _ element: JSONElement,
        family: PolicyLogic.Family,
        isSelected: Bool
    ) -> PolicyLaw? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let when = object.optional("when").flatMap { $0.isNull ? nil : $0 }
        let base = object.required("base", reporting: &collector)
        let terms = object.required("terms", reporting: &collector)
        object.finish(reporting: &collector)
        var value: String?
        if let when { value = when.string(length: 1...128, reporting: &collector) }
        if isSelected, when == nil {
            collector.error(at: element.path.key("when"), .missingKey, "expected the value that selects this law")
            return nil
        }
        if !isSelected, let when {
            collector.error(at: when.path, .badValue, "there is no \"select\", so \"when\" must be null")
            return nil
        }
        let baseBytes = base.flatMap { readNumbers($0, law: value, name: "base", isBase: true) }
        let count = family == .constant ? 0...0 : 1...PolicyDocument.maximumTerms
        guard let elements = terms?.elements(count: count, reporting: &collector), let baseBytes else { return nil }
        var names = TermNames()
        var read: [PolicyTerm] = []
        for element in elements {
            if let term = readTerm(element, family: family, law: value, &names) { read.append(term) }
        }
        return PolicyLaw(value: value, base: baseBytes, terms: read)
    }

    private mutating func readTerm(
        _ element: JSONElement,
        family: PolicyLogic.Family,
        law: String?,
        _ names: inout TermNames
    ) -> PolicyTerm? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let name = object.required("name", reporting: &collector).flatMap { readName($0, &names) }
        let expression = object.required("expression", reporting: &collector)?.string(
            length: 1...4096,
            reporting: &collector
        )
        let coefficient = object.optional("coefficient").flatMap { $0.isNull ? nil : $0 }
        let exponent = object.optional("exponent").flatMap { $0.isNull ? nil : $0 }
        let rate = object.optional("rate").flatMap { $0.isNull ? nil : $0 }
        let knots = object.optional("knots").flatMap { $0.isNull ? nil : $0 }
        object.finish(reporting: &collector)
        refuse(exponent, unless: family == .power, family)
        refuse(rate, unless: family == .exponential, family)
        refuse(knots, unless: family == .piecewiseLinear, family)
        refuse(coefficient, unless: family != .piecewiseLinear, family)
        guard let name, let expression else { return nil }
        let shape: PolicyTerm.Shape
        if family == .piecewiseLinear {
            guard let knots = required(knots, "knots", of: element).flatMap({ readKnots($0) }) else { return nil }
            shape = .piecewiseLinear(knots: knots)
        } else {
            guard
                let value = required(coefficient, "coefficient", of: element).flatMap({
                    readNumbers($0, law: law, name: name, isBase: false)
                })
            else { return nil }
            switch family {
            case .power:
                guard
                    let exponent = required(exponent, "exponent", of: element)?.number(in: 0...4, reporting: &collector)
                else { return nil }
                shape = .power(coefficient: value, exponent: exponent)
            case .exponential:
                guard let rate = required(rate, "rate", of: element)?.number(in: 0...100, reporting: &collector)
                else { return nil }
                shape = .exponential(coefficient: value, rate: rate)
            default: shape = .linear(coefficient: value)
            }
        }
        return PolicyTerm(name: name, expression: expression, shape: shape)
    }

    /// A term's name, as a document may hold it.
    private mutating func readName(_ element: JSONElement, _ names: inout TermNames) -> String? {
        guard let called = element.string(length: 1...64, reporting: &collector) else { return nil }
        switch names.take(called) {
        case .taken:
            collector.error(at: element.path, "duplicate_name", "the name \(quoted(called)) is taken, choose another")
            return nil
        case .name(let name, let other):
            if let other {
                collector.warning(
                    at: element.path,
                    "similar_name",
                    "the names \(quoted(other)) and \(quoted(called)) are the same in a document; this one becomes \(quoted(name))"
                )
            }
            return name
        }
    }

    private mutating func required(_ value: JSONElement?, _ key: String, of element: JSONElement) -> JSONElement? {
        if value == nil {
            collector.error(at: element.path.key(key), .missingKey, "the key \"\(key)\" is missing")
        }
        return value
    }

    private mutating func refuse(_ value: JSONElement?, unless isAllowed: Bool, _ family: PolicyLogic.Family) {
        guard let value, !isAllowed else { return }
        collector.error(at: value.path, .badValue, "the family \"\(family.rawValue)\" has none of these, expected null")
    }

    /// `{"expected":…,"low":…,"high":…}`.
    private mutating func readNumbers(_ element: JSONElement, law: String?, name: String, isBase: Bool) -> Double? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let expected = object.required("expected", reporting: &collector)?.number(reporting: &collector)
        let low = object.required("low", reporting: &collector)?.number(reporting: &collector)
        let high = object.required("high", reporting: &collector)?.number(reporting: &collector)
        object.finish(reporting: &collector)
        guard let expected, let low, let high else { return nil }
        for (key, value) in [("expected", expected), ("low", low), ("high", high)] where value < 0 {
            collector.error(
                at: element.path.key(key),
                .negativeCoefficient,
                "found \(number(value)), expected zero or more: more input does not need less memory"
            )
            return nil
        }
        guard low <= expected, expected <= high else {
            collector.error(
                at: element.path,
                .outOfRange,
                "found low \(number(low)), expected \(number(expected)), high \(number(high)); they must grow in this order"
            )
            return nil
        }
        if !isBase, expected == 0 {
            collector.error(
                at: element.path.key("expected"),
                "constant_term",
                "the coefficient is zero, so the term says nothing; leave it out"
            )
            return nil
        }
        plausible.append(.init(law: law, name: name, expected: expected, low: low, high: high))
        return expected
    }

    private mutating func readKnots(_ element: JSONElement) -> [PolicyKnot]? {
        guard let elements = element.elements(count: 2...PolicyDocument.maximumKnots, reporting: &collector) else {
            return nil
        }
        var knots: [PolicyKnot] = []
        for element in elements {
            guard let pair = element.elements(count: 2...2, reporting: &collector),
                let x = pair[0].number(reporting: &collector), let y = pair[1].number(reporting: &collector)
            else { return nil }
            knots.append(PolicyKnot(x: x, y: y))
        }
        return knots
    }
}
