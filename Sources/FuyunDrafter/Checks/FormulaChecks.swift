import FuyunPolicy
import MemoryUnits

/// Whether a formula that compiles can be what its writer says: tried at the corners of its ranges and between.
struct FormulaChecks {
    let policy: CompiledPolicy
    let document: PolicyDocument
    let skeleton: Reply.Skeleton
    let grant: SafetyBounds
    let payload: PayloadShape?
    let places: ReplyPlaces

    /// Less than this no process of a container gets by with.
    static let least = 1_048_576.0
    /// A term that never moves the result by a page says nothing.
    static let page = 4096.0

    private var variables: [PolicyVariable] { document.inputs.variables }
    /// No bounds at all, so that the formula itself is seen.
    private static let open = SafetyBounds(minimum: .zero, maximum: .max, preset: .zero, tier: .zero)

    func diagnostics() -> [Diagnostic] {
        var collector = DiagnosticCollector()
        checkUnits(&collector)
        checkBases(&collector)
        for law in document.logic.laws.indices where !collector.hasErrors { check(law: law, &collector) }
        if !collector.hasErrors { checkClaims(&collector) }
        return collector.diagnostics
    }

    private func checkUnits(_ collector: inout DiagnosticCollector) {
        let units = variables.compactMap { variable in
            variable.unit.flatMap(Unit.init(rawValue:)).map { (variable.name, $0.dimension) }
        }
        let checker = UnitChecker(units: Dictionary(units) { first, _ in first })
        for (law, content) in document.logic.laws.enumerated() {
            for (term, written) in content.terms.enumerated() {
                guard let problem = checker.problem(in: written.expression) else { continue }
                collector.error(at: places.term(term, law: law).key("expression"), .unitMismatch, problem)
            }
        }
    }

    private func checkBases(_ collector: inout DiagnosticCollector) {
        guard grant.maximum < .max else { return }
        for (index, law) in document.logic.laws.enumerated() where law.base > Double(grant.maximum.rawValue) {
            collector.error(
                at: places.law(index).key("base").key("expected"),
                .beyondPlatform,
                "\(number(law.base)) bytes are more than the platform's maximum, \(grant.maximum.rawValue)"
            )
        }
    }

    // MARK: One law

    private func check(law: Int, _ collector: inout DiagnosticCollector) {
        let varying = varying(in: law)
        var sampler = SamplePoints()
        var points = SamplePoints.corners(variables, varying: varying)
        let corners = points.count
        for _ in 0..<(varying.isEmpty ? 0 : SamplePoints.between) {
            points.append(sampler.next(variables, varying: varying))
        }
        var results: [Double] = []
        for point in points {
            let decision = predict(point, law: law)
            guard decision.reason == .policy else {
                let found = decision.reason == .notFinite ? "no finite number" : "zero or less"
                collector.error(
                    at: places.law(law),
                    decision.reason == .notFinite ? .cornerNotFinite : .cornerNotPositive,
                    "at \(words(point, varying)) the formula gives \(found); mend it or narrow the variables' ranges"
                )
                return
            }
            results.append(Double(decision.predicted.rawValue))
        }
        checkSizes(results, points, corners: corners, law: law, varying: varying, &collector)
        checkTerms(points, law: law, &collector)
    }

    private func checkSizes(
        _ results: [Double],
        _ points: [[Double]],
        corners: Int,
        law: Int,
        varying: [Int],
        _ collector: inout DiagnosticCollector
    ) {
        if let largest = results.max(), largest < Self.least {
            collector.error(
                at: places.law(law),
                .absurdlySmall,
                "the formula never gives more than \(number(largest)) bytes; no container gets by with less than 1 MiB"
            )
        }
        guard grant.maximum < .max else { return }
        let maximum = Double(grant.maximum.rawValue)
        if let least = results.min(), least > maximum {
            collector.error(
                at: places.law(law),
                .beyondPlatform,
                "the formula never gives less than \(number(least)) bytes, and the platform's maximum is \(number(maximum))"
            )
            return
        }
        let between = results.dropFirst(corners)
        let beyond = between.count { $0 > maximum }
        if beyond * 2 > between.count {
            collector.error(
                at: places.law(law),
                .beyondPlatform,
                "over the declared ranges most results are above the platform's maximum of \(number(maximum)) bytes; "
                    + "narrow the ranges to what can run at all, or mend the coefficients"
            )
        } else if beyond * 10 > between.count {
            collector.warning(
                at: places.law(law),
                .beyondPlatform,
                "\(beyond * 100 / between.count) % of the results over the declared ranges are above the platform's maximum"
            )
        }
        if let usual = usualPoint(varying), case let decision = predict(usual, law: law), decision.reason == .policy,
            decision.predicted > grant.maximum
        {
            collector.error(
                at: places.law(law),
                .beyondPlatform,
                "for a payload of the usual size (\(words(usual, varying))) the formula gives \(decision.predicted.rawValue) "
                    + "bytes, and such calls run within \(number(maximum))"
            )
        }
    }

    /// A point in the middle of what payloads were seen to have; nil when that is not known of every variable.
    private func usualPoint(_ varying: [Int]) -> [Double]? {
        guard let payload, !varying.isEmpty else { return nil }
        var point = variables.map { $0.range?.lowerBound ?? 0 }
        for place in varying {
            let variable = variables[place]
            let seen: MagnitudeRange?
            switch variable.source {
            case .json(let pointer), .jsonLength(let pointer), .numberOf(let pointer):
                seen = payload.leaves.first { $0.matches(pointer) && $0.range != nil }?.range
            case .bodyBytes: seen = payload.bodyBytes
            case .header: seen = nil
            }
            guard let seen, let range = variable.range else { return nil }
            let middle =
                seen.lower > 0 ? (seen.lower * seen.upper).squareRoot() : (seen.lower + seen.upper) / 4
            let value = min(max(middle, range.lowerBound), range.upperBound)
            point[place] = variable.kind == .integer ? value.rounded(.down) : value
        }
        return point
    }

    /// Whether each term moves the result, and differs from the others.
    private func checkTerms(_ points: [[Double]], law: Int, _ collector: inout DiagnosticCollector) {
        let terms = document.logic.laws[law].terms
        guard !terms.isEmpty else { return }
        let columns = points.compactMap { policy.columns(features($0, law: law))?.values.dropFirst() }.map(Array.init)
        guard columns.count == points.count else { return }
        for (index, term) in terms.enumerated() {
            let values = columns.map { $0[index] }
            let spread = (values.max() ?? 0) - (values.min() ?? 0)
            let path = places.term(index, law: law)
            if spread == 0 {
                collector.error(
                    at: path.key("expression"),
                    .constantTerm,
                    "the term is the same for every input, \(number(values.first ?? 0)): a constant belongs to the base"
                )
            } else if spread * largestCoefficient(term, law: law) < Self.page {
                collector.error(
                    at: path.key("coefficient"),
                    .constantTerm,
                    "over the whole range of its variables the term moves the result by less than a page (4096 bytes)"
                )
            }
            for other in 0..<index {
                let others = columns.map { $0[other] }
                guard areProportional(values, others) else { continue }
                collector.error(
                    at: path.key("expression"),
                    .sameTerm,
                    "the term is a multiple of \"\(terms[other].name)\", so runs cannot tell the two apart; put them into one"
                )
            }
        }
    }

    private func largestCoefficient(_ term: PolicyTerm, law: Int) -> Double {
        let name = term.name
        let value = document.logic.laws[law].value
        switch term.shape {
        case .piecewiseLinear: return 1
        default: return skeleton.plausible.first { $0.name == name && $0.law == value }?.high ?? 1
        }
    }

    private func areProportional(_ left: [Double], _ right: [Double]) -> Bool {
        guard let start = left.indices.first(where: { right[$0] != 0 }) else { return false }
        let ratio = left[start] / right[start]
        return zip(left, right).allSatisfy { ($0 - ratio * $1).magnitude <= 1e-9 * max($0.magnitude, 1e-300) }
    }

    // MARK: What the writer claims

    private func checkClaims(_ collector: inout DiagnosticCollector) {
        for (claim, name) in skeleton.growsWith.enumerated() {
            guard let place = variables.firstIndex(where: { $0.name == name }) else { continue }
            let path = skeleton.path.key("grows_with").index(claim)
            let laws = document.logic.laws.indices.filter { varying(in: $0).contains(place) }
            guard !laws.isEmpty else {
                collector.error(at: path, .claimUnfounded, "no term uses \"\(name)\", so memory does not grow with it")
                continue
            }
            for law in laws {
                let varying = varying(in: law)
                var sampler = SamplePoints()
                var grows = false
                for _ in 0..<SamplePoints.between {
                    var point = sampler.next(variables, varying: varying)
                    let ends = [point[place], sampler.value(of: variables[place])].sorted()
                    point[place] = ends[0]
                    let low = predict(point, law: law).predicted
                    point[place] = ends[1]
                    let high = predict(point, law: law).predicted
                    if high > low { grows = true }
                    guard high < low else { continue }
                    collector.error(
                        at: path,
                        .notMonotone,
                        "memory is said to grow with \"\(name)\", and falls from \(low.rawValue) to \(high.rawValue) bytes as it "
                            + "goes from \(number(ends[0])) to \(number(ends[1]))"
                    )
                    return
                }
                if !grows {
                    collector.error(at: path, .claimUnfounded, "the formula never changes with \"\(name)\"")
                    return
                }
            }
        }
    }

    // MARK: Points

    /// The places of the numeric variables that a law reads.
    private func varying(in law: Int) -> [Int] {
        let names = document.logic.laws[law].terms.reduce(into: Set<String>()) {
            $0.formUnion(UnitChecker.names(in: $1.expression))
        }
        return variables.indices.filter { variables[$0].categoryValues == nil && names.contains(variables[$0].name) }
    }

    private func features(_ point: [Double], law: Int) -> FeatureVector {
        var features = FeatureVector(count: variables.count)
        for (place, variable) in variables.enumerated() {
            if variable.name == document.logic.select {
                features.set(place, to: Double(law))
            } else {
                features.set(place, to: point[place])
            }
        }
        return features
    }

    private func predict(_ point: [Double], law: Int) -> Decision {
        policy.decide(features(point, law: law), within: Self.open)
    }

    private func words(_ point: [Double], _ varying: [Int]) -> String {
        let parts = varying.map { "\(variables[$0].name) = \(number(point[$0]))" }
        return parts.isEmpty ? "all inputs" : parts.joined(separator: ", ")
    }
}

extension Diagnostic.Code {
    /// More than the platform can give.
    static let beyondPlatform: Self = "beyond_platform"
    /// Less than any container needs.
    static let absurdlySmall: Self = "absurdly_small"
    /// A term that does not follow the input.
    static let constantTerm: Self = "constant_term"
    /// Two terms that are multiples of each other.
    static let sameTerm: Self = "same_term"
    /// Memory falls where it is said to grow.
    static let notMonotone: Self = "not_monotone"
    /// A claim about a variable that the formula does not bear out.
    static let claimUnfounded: Self = "claim_unfounded"
}
