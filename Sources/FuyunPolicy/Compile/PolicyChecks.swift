/// Compiles a well-formed document, and checks what its formulas mean.
struct PolicyChecks {
    let document: PolicyDocument
    var collector: DiagnosticCollector
    /// The variables that anything uses, as bits.
    private var used: UInt16 = 0

    init(document: PolicyDocument, collector: DiagnosticCollector) {
        self.document = document
        self.collector = collector
    }

    private var variables: [PolicyVariable] { document.inputs.variables }

    mutating func compile() -> CompiledPolicy? {
        let select = variables.firstIndex { $0.name == document.logic.select }
        if let select { used |= 1 << UInt16(select) }
        let laws = document.logic.laws.map { law($0) }
        let plan = scanPlan()
        warnAboutVariables()
        warnAboutLaws()
        let whole = laws.compactMap(\.self)
        guard !collector.hasErrors, let plan, whole.count == laws.count else { return nil }
        for (law, compiled) in zip(document.logic.laws, whole) where !law.isOpen { checkCorners(law, compiled) }
        return CompiledPolicy(
            storage: .init(document: document, laws: whole, scanPlan: plan.plan, scanned: plan.variables)
        )
    }

    // MARK: Compiling

    private mutating func law(_ law: PolicyLaw) -> CompiledPolicy.Law? {
        let compiler = ExpressionCompiler(
            variables: variables.enumerated().map { index, variable in
                (variable.name, variable.categoryValues == nil ? UInt8(index) : nil)
            }
        )
        var needed: UInt16 = 0
        var terms: [CompiledPolicy.Term] = []
        for term in law.terms {
            switch compiler.compile(term.expression) {
            case .success(let program):
                needed |= program.variables
                terms.append(CompiledPolicy.Term(program: program, shape: term.shape))
            case .failure(let failure):
                let path = path("terms", law).key(term.name)
                for error in failure.errors {
                    collector.error(
                        at: path,
                        Diagnostic.Code(rawValue: error.kind.rawValue),
                        "at character \(error.character): \(error.message)"
                    )
                }
                // Its variables are not known, so none is called unused.
                used = .max
            }
        }
        used |= needed
        guard terms.count == law.terms.count else { return nil }
        return CompiledPolicy.Law(
            law,
            terms: terms,
            needed: needed,
            safe: CompiledPolicy.Margin(
                document.safety.calibration(of: law),
                headroom: document.safety.headroom,
                terms: terms.count
            ),
            tight: document.safety.rescue.map {
                CompiledPolicy.Margin($0.calibration(of: law), headroom: $0.headroom, terms: terms.count)
            }
        )
    }

    private mutating func scanPlan() -> (plan: ScanPlan?, variables: [Int])? {
        var entries: [(pointer: String, target: ScanTarget)] = []
        var places: [Int] = []
        for (index, variable) in variables.enumerated() {
            guard let pointer = variable.source.pointer else { continue }
            let target: ScanTarget =
                switch (variable.source, variable.categoryValues) {
                case (_, .some(let values)): .category(values)
                case (.jsonLength, nil): .length
                case (.numberOf, nil): .numericString
                default: .number
                }
            entries.append((pointer, target))
            places.append(index)
        }
        guard !entries.isEmpty else { return (nil, []) }
        do {
            return (try ScanPlan(entries), places)
        } catch {
            collector.error(at: JSONPath.root.key("inputs").key("mapping"), .badPointer, "\(error)")
            return nil
        }
    }

    // MARK: Warnings

    private mutating func warnAboutVariables() {
        let path = JSONPath.root.key("inputs").key("variables")
        for (index, variable) in variables.enumerated() {
            if used & (1 << UInt16(index)) == 0 {
                collector.warning(
                    at: path.index(index),
                    .unusedVariable,
                    "nothing uses the variable \"\(variable.name)\"; it is read from each payload all the same"
                )
            }
            if variable.categoryValues == nil, variable.range == nil {
                collector.warning(
                    at: path.index(index),
                    .noRange,
                    "the variable \"\(variable.name)\" has no \"range\", so any number is believed and the formula cannot "
                        + "be tried at its corners"
                )
            }
        }
    }

    private mutating func warnAboutLaws() {
        for law in document.logic.laws {
            for term in law.terms {
                switch term.shape {
                case .linear(let coefficient), .power(let coefficient, _), .exponential(let coefficient, _):
                    guard coefficient < 0 else { continue }
                    collector.warning(
                        at: path("coefficients", law).key(term.name),
                        .negativeCoefficient,
                        "the coefficient is negative: more input would need less memory"
                    )
                case .piecewiseLinear(let knots):
                    guard zip(knots, knots.dropFirst()).contains(where: { $1.y < $0.y }) else { continue }
                    collector.warning(
                        at: path("knots", law).key(term.name),
                        .negativeCoefficient,
                        "the knots fall: more input would need less memory"
                    )
                }
            }
        }
    }

    private func path(_ section: String, _ law: PolicyLaw) -> JSONPath {
        JSONPath.root.key("logic").key(section).key(law.value)
    }

    // MARK: Corners

    /// Tries a law at the corners of its variables' ranges, where formulas go wrong first.
    private mutating func checkCorners(_ law: PolicyLaw, _ compiled: CompiledPolicy.Law) {
        let needed = variables.indices.filter { compiled.needed & (1 << UInt16($0)) != 0 }
        let ranges = needed.compactMap { variables[$0].range }
        guard ranges.count == needed.count else { return }
        // All corners of up to ten variables; of more, those where the variables beyond the tenth stand low.
        let corners = 1 << min(needed.count, 10)
        var warned: Set<Diagnostic.Code> = []
        for corner in 0..<corners {
            var values = FeatureValues(repeating: 0)
            for (place, variable) in needed.enumerated() {
                let isUpper = place < 10 && corner & (1 << place) != 0
                values[variable] = isUpper ? ranges[place].upperBound : ranges[place].lowerBound
            }
            let result = compiled.predict(values, rescue: false).bytes
            guard !(result.isFinite && result > 0) else { continue }
            let code: Diagnostic.Code = result.isFinite ? .cornerNotPositive : .cornerNotFinite
            guard warned.insert(code).inserted else { continue }
            let place = needed.map { "\(variables[$0].name) = \(decimal(values[$0]))" }.joined(separator: ", ")
            let found = result.isFinite ? "\(decimal(result)) bytes, which is not positive" : "not a finite number"
            collector.warning(
                at: path(document.logic.family == .constant ? "coefficients" : "terms", law),
                code,
                "\(place.isEmpty ? "always" : "at \(place)") the formula gives \(found); the preset would apply"
            )
        }
    }
}

extension Diagnostic.Code {
    /// Nothing uses a variable.
    public static let unusedVariable: Self = "unused_variable"
    /// A number may have any value.
    public static let noRange: Self = "no_range"
    /// More input would need less memory.
    public static let negativeCoefficient: Self = "negative_coefficient"
    /// At a corner of the ranges the formula gives nothing or less.
    public static let cornerNotPositive: Self = "corner_not_positive"
    /// At a corner of the ranges the formula gives no number.
    public static let cornerNotFinite: Self = "corner_not_finite"
}
