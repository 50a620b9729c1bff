import FuyunPolicy

/// Whether the inputs of an answer are where payloads have them, and say so in units that fit.
struct InputChecks {
    let variables: [PolicyVariable]
    let payload: PayloadShape?
    let path: JSONPath

    func diagnostics() -> [Diagnostic] {
        var collector = DiagnosticCollector()
        for (index, variable) in variables.enumerated() {
            checkUnit(variable, path.index(index), &collector)
            checkPlace(variable, path.index(index), &collector)
        }
        return collector.diagnostics
    }

    // MARK: Units

    private func checkUnit(_ variable: PolicyVariable, _ path: JSONPath, _ collector: inout DiagnosticCollector) {
        guard variable.categoryValues == nil else { return }
        let unit = variable.unit.flatMap(Unit.init(rawValue:))
        if let unit, let named = Unit.named(by: variable.name), !named.contains(unit) {
            collector.error(
                at: path.key("unit"),
                .unitMismatch,
                "the name \"\(variable.name)\" speaks of \(oneOf(named.map(\.rawValue))) and the unit is "
                    + "\"\(unit.rawValue)\""
            )
        }
        switch variable.source {
        case .bodyBytes where unit != .bytes:
            collector.error(at: path.key("unit"), .unitMismatch, "the body's length is in \"B\", declare it so")
        case .jsonLength:
            guard let unit, unit != .count, unit != .bytes else { return }
            collector.error(
                at: path.key("unit"),
                .unitMismatch,
                "a length is a \"count\" of elements, members or characters (or \"B\" of text), not \"\(unit.rawValue)\""
            )
        default: break
        }
    }

    // MARK: Places

    private func checkPlace(_ variable: PolicyVariable, _ path: JSONPath, _ collector: inout DiagnosticCollector) {
        let at = path.key("at")
        let pointer: String
        let expected: [PayloadLeaf.Kind]
        switch variable.source {
        case .header(let name):
            collector.warning(at: at, .unseen, "whether requests have a header \(quoted(name)) is not known")
            return
        case .bodyBytes:
            checkRange(variable, seen: payload?.bodyBytes, path, &collector)
            return
        case .json(let text):
            (pointer, expected) = (text, variable.categoryValues == nil ? [.number] : [.text, .boolean])
        case .jsonLength(let text): (pointer, expected) = (text, [.array, .object, .text, .numericText])
        case .numberOf(let text): (pointer, expected) = (text, [.number, .numericText])
        }
        guard let payload, payload.payloads > 0 else {
            collector.warning(
                at: at,
                .unseen,
                "no payload is known, so whether \(quoted(pointer)) exists is not either"
            )
            return
        }
        let leaves = payload.leaves.filter { $0.matches(pointer) }
        guard !leaves.isEmpty else {
            let known = payload.leaves.map(\.pointer)
            let near = known.filter { $0.split(separator: "/").last == pointer.split(separator: "/").last }
            collector.error(
                at: at,
                .noSuchPlace,
                "no payload has anything at \(quoted(pointer))"
                    + (near.isEmpty
                        ? "; choose a place from the list of what was seen" : "; did you mean \(oneOf(near))?")
            )
            return
        }
        let fitting = leaves.filter { expected.contains($0.kind) }
        guard !fitting.isEmpty else {
            let kinds = leaves.map(\.kind.rawValue)
            let hint =
                kinds.contains("numeric_text") && expected == [.number]
                ? "; read a number in a string with \"number_of\""
                : kinds.contains("number") && variable.categoryValues != nil ? "; a category is a string" : ""
            collector.error(
                at: at,
                .wrongType,
                "payloads have \(oneOf(kinds)) at \(quoted(pointer)), expected \(oneOf(expected.map(\.rawValue)))\(hint)"
            )
            return
        }
        if variable.kind == .integer, case .json = variable.source,
            fitting.contains(where: { $0.kind == .number && !$0.isInteger })
        {
            collector.error(
                at: path.key("type"),
                .wrongType,
                "payloads have numbers with a fraction at \(quoted(pointer)), expected the type \"number\""
            )
        }
        let count = fitting.reduce(0) { $0 + $1.count }
        if count < payload.payloads, variable.defaultValue == nil {
            collector.warning(
                at: path.key("default"),
                .unseen,
                "only \(count) of \(payload.payloads) payloads have \(quoted(pointer)); a default would cover the others"
            )
        }
        if variable.categoryValues == nil { checkRange(variable, seen: fitting.first?.range, path, &collector) }
    }

    /// What was seen is known by powers of two only, so a range is wrong for certain only where it lies apart.
    private func checkRange(
        _ variable: PolicyVariable,
        seen: MagnitudeRange?,
        _ path: JSONPath,
        _ collector: inout DiagnosticCollector
    ) {
        guard let range = variable.range, let seen else { return }
        if range.upperBound < seen.lower || range.lowerBound > seen.upper {
            collector.error(
                at: path.key(range.upperBound < seen.lower ? "maximum" : "minimum"),
                .outOfRange,
                "the range \(number(range.lowerBound)) to \(number(range.upperBound)) covers nothing of what payloads have: "
                    + "\(number(seen.lower)) to \(number(seen.upper))"
            )
        } else if range.upperBound * 2 <= seen.upper {
            collector.warning(
                at: path.key("maximum"),
                .outOfRange,
                "payloads have up to about \(number(seen.upper)); above \(number(range.upperBound)) the formula does not decide"
            )
        }
    }
}

extension PayloadLeaf {
    /// Whether a pointer leads here, `*` standing for any one step.
    func matches(_ pointer: String) -> Bool {
        let (mine, other) = (
            self.pointer.split(separator: "/", omittingEmptySubsequences: false),
            pointer.split(separator: "/", omittingEmptySubsequences: false)
        )
        return mine.count == other.count && zip(mine, other).allSatisfy { $0 == "*" || $0 == $1 }
    }
}

extension Diagnostic.Code {
    /// A unit does not fit a name, a source or another unit.
    static let unitMismatch: Self = "unit_mismatch"
    /// No payload has the place that an input is read from.
    static let noSuchPlace: Self = "no_such_place"
    /// Something could not be held against payloads.
    static let unseen: Self = "unseen"
}
