import FuyunPolicy
import MemoryUnits
import RealModule

/// Makes a document of the laws' choices.
struct Assembly {
    let policy: CompiledPolicy
    let others: [CompiledPolicy]
    let laws: [LawSamples]
    let problem: TuningProblem

    private var document: PolicyDocument { policy.document }
    private var settings: TuningSettings { problem.settings }

    /// The choices, and the document that holds them.
    func outcome() -> TuningOutcome {
        let choosers = laws.indices.map { choose($0) }
        let reports = choosers.flatMap(\.reports)
        let fitted = choosers.indices.filter { choosers[$0].choice != nil }
        guard !fitted.isEmpty else {
            let obstacles = zip(document.logic.laws, choosers).map { law, chooser in
                (law.value.map { "\($0): " } ?? "") + chooser.obstacle
            }
            var outcome = TuningOutcome.refused(.notEnough, "Not enough to fit: \(obstacles.joined(separator: ", ")).")
            outcome.candidates = reports
            return outcome
        }
        guard let compiled = covering(assemble(choosers.map(\.choice)), fitted) else {
            var outcome = TuningOutcome.refused(.badSkeleton, "What was fitted is not a policy that compiles.")
            outcome.candidates = reports
            return outcome
        }
        let used = fitted.reduce(0) { $0 + laws[$1].rows.count }
        return TuningOutcome(
            code: .fitted,
            why: why(choosers, used: used),
            proposal: compiled.document,
            candidates: reports,
            usedSamples: used,
            meanLimit: meanLimit(compiled, fitted)
        )
    }

    // MARK: Choosing

    private func choose(_ place: Int) -> Chooser {
        let samples = laws[place]
        let law = document.logic.laws[place]
        let hasTerms = drafts.contains { _, draft in
            draft.document.logic.laws.contains {
                ($0.value == law.value || $0.value == nil || law.value == nil) && !$0.terms.isEmpty
            }
        }
        return Chooser(
            value: law.value,
            skeletons: skeletons(place),
            hasTerms: hasTerms,
            samples: samples,
            settings: settings
        ) {
            guard isLinear else { return [] }
            let used = samples.rows.map { $0.kind == .above ? $0.lower : $0.upper }
            return Library.forms(
                variables: document.inputs.variables,
                features: samples.rows.map(\.features),
                needs: used
            )
        }
    }

    /// Whether forms of the linear family may join the document: its laws share one family.
    private var isLinear: Bool {
        document.logic.laws.count == 1 || [.linear, .constant].contains(document.logic.family)
    }

    /// The policies whose forms are drafts, each with its place in the problem.
    ///
    /// The tuner's own documents hold a draft's form, a constant or one of the library, which are tried anyway: they count
    /// only where there is no draft any more.
    private var drafts: [(offset: Int, element: CompiledPolicy)] {
        let policies = Array(([policy] + others).enumerated())
        let drafts = policies.filter { !$0.element.document.isTuned }
        return drafts.isEmpty ? policies : drafts
    }

    /// The drafted forms of a law, each once.
    private func skeletons(_ place: Int) -> [Form] {
        var forms: [Form] = []
        for (index, candidate) in drafts {
            let logic = candidate.document.logic
            let fits =
                logic.family == document.logic.family || logic.family == .constant
                || (logic.family == .linear && isLinear) || document.logic.laws.count == 1
            guard fits, let row = laws[place].rows.first,
                let law = candidate.columns(row.features)?.law
            else { continue }
            let written = logic.laws[law]
            guard written.terms.allSatisfy({ $0.shape.isWhole }),
                !forms.contains(where: { $0.family == logic.family && $0.terms.isSameForm(as: written.terms) })
            else { continue }
            forms.append(
                Form(
                    name: "skeleton \(index + 1)",
                    family: logic.family,
                    terms: written.terms,
                    columns: columns(of: candidate, law, for: laws[place]),
                    prior: prior(logic.family, written),
                    isSkeleton: true
                )
            )
        }
        return forms
    }

    /// The columns of a policy's law for samples; nil when it has none for one of them, or not of that law.
    private func columns(of candidate: CompiledPolicy, _ law: Int, for samples: LawSamples) -> [Double]? {
        var columns: [Double] = []
        columns.reserveCapacity(samples.rows.count * (PolicyDocument.maximumTerms + 1))
        for row in samples.rows {
            guard let read = candidate.columns(row.features), read.law == law else { return nil }
            columns += read.values
        }
        return columns
    }

    /// The slopes that a law had before any tuner touched it.
    ///
    /// The tuner's own are the samples' slopes: taken as a prior they would count the samples twice.
    private func prior(_ family: PolicyLogic.Family, _ law: PolicyLaw) -> [Double?] {
        let drafts = ([policy] + others).map(\.document).filter { !$0.isTuned }
        for draft in drafts.reversed() where draft.logic.family == family {
            for written in draft.logic.laws where !written.isOpen && written.value == law.value {
                guard written.terms.isSameForm(as: law.terms) else { continue }
                return [nil] + written.terms.map { $0.shape.slope > 0 ? $0.shape.slope : nil }
            }
        }
        return Array(repeating: nil, count: law.terms.count + 1)
    }

    // MARK: Writing

    private func assemble(_ choices: [Candidate?]) -> PolicyDocument {
        var result = document
        result.metadata.origin = PolicyOrigin(
            kind: PolicyOrigin.tuner,
            sourceDigest: document.metadata.origin?.sourceDigest
        )
        // A law that already decides stays as it is while there is too little to fit it anew; a draft does not begin to.
        let decides = document.metadata.status == .active || document.metadata.status == .canary
        let families = choices.compactMap { $0.flatMap { $0.form.terms.isEmpty ? nil : $0.form.family } }
        let kept = document.logic.laws.indices.filter { choices[$0] == nil && decides }
        let keptFamily = kept.contains { !document.logic.laws[$0].terms.isEmpty } ? [document.logic.family] : []
        let family = (families + keptFamily).first ?? .constant
        let headroom = choices.compactMap { $0?.law.headroom }.reduce(.infinity, min)
        var calibrations: [String: PolicyCalibration] = [:]
        var tight: [String: PolicyCalibration] = [:]
        result.safety.rescue = settings.rescue ? PolicyRescue(headroom: 0) : nil
        for (place, choice) in choices.enumerated() {
            let old = document.logic.laws[place]
            if let choice {
                result.logic.laws[place] = choice.form.law(value: old.value, choice.law.coefficients)
                let calibration = choice.law.calibration(under: headroom)
                if let value = old.value {
                    calibrations[value] = calibration
                    tight[value] = choice.law.tightCalibration
                } else {
                    result.safety.calibration = calibration
                    result.safety.rescue?.calibration = choice.law.tightCalibration
                }
            } else if decides, !old.isOpen {
                // Its margin was chosen for its own headroom; the difference goes into the margin.
                guard let value = old.value else { continue }
                calibrations[value] = moved(
                    document.safety.calibration(of: old),
                    from: document.safety.headroom,
                    to: headroom
                )
                let rescue = document.safety.rescue
                tight[value] = moved(
                    rescue.map { $0.calibration(of: old) } ?? document.safety.calibration(of: old),
                    from: rescue?.headroom ?? document.safety.headroom,
                    to: 0
                )
            } else {
                result.logic.laws[place] = open(old, in: family)
            }
        }
        result.logic.family = family
        result.safety.headroom = headroom
        if document.logic.select != nil {
            result.safety.calibration = nil
            result.safety.lawCalibrations = calibrations
            result.safety.rescue?.lawCalibrations = tight
        }
        return result
    }

    /// The document, compiled, its offsets raised by the bytes that rounding took from a sample; nil when it does not compile.
    private func covering(_ document: PolicyDocument, _ fitted: [Int]) -> CompiledPolicy? {
        var document = document
        // One round nearly always finds nothing to do.
        for _ in 0..<4 {
            guard let compiled = PolicyCompiler.compile(document).policy else { return nil }
            let shortages =
                settings.missLevel > 0 ? [] : fitted.map { (place: $0, bytes: shortage(compiled, laws[$0])) }
            guard shortages.contains(where: { $0.bytes > 0 }) else { return compiled }
            for (place, bytes) in shortages where bytes > 0 {
                // The offset adds in squares, so it takes more than what is missing.
                let more = Int(min(bytes * 2 + 1, 0x1p52))
                if let value = document.logic.laws[place].value {
                    document.safety.lawCalibrations[value]?.offsetBytes += more
                } else {
                    document.safety.calibration?.offsetBytes += more
                }
            }
        }
        return PolicyCompiler.compile(document).policy
    }

    /// By how many bytes the bound lies below what a sample surely needed, at most.
    private func shortage(_ compiled: CompiledPolicy, _ samples: LawSamples) -> Double {
        samples.rows.reduce(0) { shortage, row in
            let decision = compiled.decide(row.features, within: problem.grant)
            guard decision.reason == .policy else { return shortage }
            return max(shortage, row.lower - Double(decision.bound.rawValue))
        }
    }

    private func moved(_ calibration: PolicyCalibration?, from old: Double, to new: Double) -> PolicyCalibration {
        var calibration = calibration ?? PolicyCalibration()
        let factor = max((1 + old) / (1 + new), 1)
        calibration.scale = min(calibration.scale * factor + (factor - 1), 100)
        calibration.offsetBytes = Int(min((Double(calibration.offsetBytes) * factor).rounded(.up), 0x1p53))
        calibration.leverage = calibration.leverage.map { $0.map { $0 * factor } }
        return calibration
    }

    private func open(_ law: PolicyLaw, in family: PolicyLogic.Family) -> PolicyLaw {
        let terms =
            family == .constant || family != document.logic.family
            ? []
            : law.terms.map { term in
                PolicyTerm(name: term.name, expression: term.expression, shape: term.shape.opened)
            }
        return PolicyLaw(value: law.value, base: 0, terms: terms, isOpen: true)
    }

    private func meanLimit(_ compiled: CompiledPolicy, _ fitted: [Int]) -> Bytes? {
        var limits: [Double] = []
        for place in fitted {
            for row in laws[place].rows {
                limits.append(Double(compiled.decide(row.features, within: problem.grant).limit.rawValue))
            }
        }
        return limits.isEmpty ? nil : Bytes(roundingUp: limits.reduce(0, +) / Double(limits.count))
    }

    private func why(_ choosers: [Chooser], used: Int) -> String {
        let words = zip(document.logic.laws, choosers).map { law, chooser in
            let name = law.value.map { "\($0): " } ?? ""
            guard let chosen = chooser.reports.first(where: \.chosen) else {
                return "\(name)left open, \(chooser.obstacle)"
            }
            return "\(name)\(chosen.name), \(chosen.why)"
        }
        return "Fitted to \(used) samples. \(words.joined(separator: "; "))."
    }
}

extension PolicyDocument {
    /// Whether the tuner wrote it.
    fileprivate var isTuned: Bool { metadata.origin?.kind == PolicyOrigin.tuner }
}

extension [PolicyTerm] {
    /// Whether the terms differ in nothing but their numbers and names.
    fileprivate func isSameForm(as other: [PolicyTerm]) -> Bool {
        map(\.expression) == other.map(\.expression)
            && zip(self, other).allSatisfy { $0.shape.isSameForm(as: $1.shape) }
    }
}

extension PolicyTerm.Shape {
    /// Whether there is something to stretch: a polyline of an open law is not there yet.
    fileprivate var isWhole: Bool {
        if case .piecewiseLinear(let knots) = self { knots.contains { $0.y != 0 } } else { true }
    }

    /// The shape of a law that is left open.
    fileprivate var opened: PolicyTerm.Shape {
        if case .piecewiseLinear = self { .piecewiseLinear(knots: []) } else { scaled(to: 0) }
    }

    fileprivate func isSameForm(as other: PolicyTerm.Shape) -> Bool {
        switch (self, other) {
        case (.linear, .linear): true
        case (.power(_, let left), .power(_, let right)): left == right
        case (.exponential(_, let left), .exponential(_, let right)): left == right
        case (.piecewiseLinear(let left), .piecewiseLinear(let right)): left.map(\.x) == right.map(\.x)
        default: false
        }
    }
}
