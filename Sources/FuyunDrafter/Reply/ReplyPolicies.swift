import FuyunPolicy
import MemoryUnits

/// Makes policies of a well-formed answer: the same compile as anyone's document, then the drafter's own checks.
struct ReplyPolicies {
    let request: DraftRequest
    let origin: PolicyOrigin
    let headroom: Double

    /// The candidates of an answer, in its order; what is wrong with all of them is in `general`.
    func candidates(of reply: Reply) -> (candidates: [DraftCandidate], general: [Diagnostic]) {
        var general = reply.diagnostics
        guard let variables = reply.variables else {
            return (reply.skeletons.map { DraftCandidate($0, document: nil, $0.diagnostics) }, general)
        }
        let variablesPath = JSONPath.root.key("proposal").key("variables")
        let inputs = InputChecks(variables: variables, payload: request.payload, path: variablesPath)
        general += inputs.diagnostics()
        let isUsable = !general.contains { $0.severity == .error }
        let candidates = reply.skeletons.map { skeleton -> DraftCandidate in
            var diagnostics = skeleton.diagnostics
            guard let logic = skeleton.logic else { return DraftCandidate(skeleton, document: nil, diagnostics) }
            let document = document(skeleton, logic: logic, variables: variables)
            let compilation = PolicyCompiler.compile(document)
            let places = ReplyPlaces(
                skeleton: skeleton,
                logic: logic,
                variablesPath: variablesPath,
                variables: variables
            )
            for diagnostic in compilation.diagnostics where !Self.leftToOthers.contains(diagnostic.code) {
                let moved = places.moved(diagnostic)
                // What is wrong with an input is wrong for all candidates, and said once.
                if moved.path.hasPrefix(variablesPath.description) {
                    if !general.contains(moved) { general.append(moved) }
                } else {
                    diagnostics.append(moved)
                }
            }
            if let policy = compilation.policy, let compiled = compilation.document {
                let checks = FormulaChecks(
                    policy: policy,
                    document: compiled,
                    skeleton: skeleton,
                    grant: request.grant,
                    payload: request.payload,
                    places: places
                )
                diagnostics += checks.diagnostics()
            }
            let isRefused = compilation.policy == nil || diagnostics.contains { $0.severity == .error }
            return DraftCandidate(skeleton, document: isRefused || !isUsable ? nil : document, diagnostics)
        }
        // An input that does not compile refuses everything that is built on it.
        guard !general.contains(where: { $0.severity == .error }) else {
            return (
                candidates.map { DraftCandidate(document: nil, rationale: $0.rationale, diagnostics: $0.diagnostics) },
                general
            )
        }
        return (candidates, general)
    }

    /// What this compiler's warnings say is an error for a draft, and is said by `FormulaChecks`; a variable that nothing
    /// uses may still serve the tuner's own forms.
    private static let leftToOthers: [Diagnostic.Code] = [
        .cornerNotFinite, .cornerNotPositive, .unusedVariable, .noRange,
    ]

    private func document(
        _ skeleton: Reply.Skeleton,
        logic: PolicyLogic,
        variables: [PolicyVariable]
    ) -> PolicyDocument {
        var logic = logic
        logic.rationale = skeleton.rationale + "\n" + skeleton.plausible.map(\.sentence).joined(separator: " ")
        return PolicyDocument(
            metadata: PolicyMetadata(policyID: request.function, version: 1, status: .draft, origin: origin),
            inputs: PolicyInputs(source: .payload, variables: variables),
            logic: logic,
            safety: PolicySafety(granted: request.grant, headroom: headroom)
        )
    }
}

extension DraftCandidate {
    fileprivate init(_ skeleton: Reply.Skeleton, document: PolicyDocument?, _ diagnostics: [Diagnostic]) {
        self.init(
            document: document,
            rationale: skeleton.name.isEmpty ? skeleton.rationale : "\(skeleton.name): \(skeleton.rationale)",
            diagnostics: diagnostics.map(\.description)
        )
    }
}

extension Reply.PlausibleRange {
    /// `base: 42000000 expected, 30000000 to 60000000 plausible.`
    var sentence: String {
        let place = law.map { "\($0): " } ?? ""
        return "\(place)\(name): \(number(expected)) expected, \(number(low)) to \(number(high)) plausible."
    }
}

extension PolicySafety {
    /// What the operator grants, as a policy says it; never more than that.
    init(granted grant: SafetyBounds, headroom: Double) {
        let largest: UInt64 = 1 << 53
        self.init(
            headroom: headroom,
            minimum: grant.minimum.rawValue > 0 && grant.minimum.rawValue <= largest
                ? Int(grant.minimum.rawValue) : nil,
            maximum: grant.maximum.rawValue <= largest ? Int(grant.maximum.rawValue) : nil,
            tierBytes: (4096...(1 << 30)).contains(grant.tier.rawValue) ? Int(grant.tier.rawValue) : nil
        )
    }
}

/// Where the parts of a document stand in the answer that it was made of.
struct ReplyPlaces {
    let skeleton: Reply.Skeleton
    let logic: PolicyLogic
    let variablesPath: JSONPath
    let variables: [PolicyVariable]

    func law(_ index: Int) -> JSONPath {
        skeleton.path.key("laws").index(skeleton.lawPlaces.indices.contains(index) ? skeleton.lawPlaces[index] : 0)
    }

    func term(_ term: Int, law index: Int) -> JSONPath { law(index).key("terms").index(term) }

    /// A diagnostic about the document, said about the answer.
    func moved(_ diagnostic: Diagnostic) -> Diagnostic {
        var moved = diagnostic.withoutPosition
        for (index, variable) in variables.enumerated() {
            let place = JSONPath.root.key("inputs")
            let mapping = place.key("mapping").key(variable.name).description
            let declaration = place.key("variables").index(index).description
            for prefix in [mapping, declaration] where diagnostic.path.isAt(prefix) {
                let rest = diagnostic.path.dropFirst(prefix.count)
                let member: String? =
                    switch rest.split(whereSeparator: { $0 == "." || $0 == "[" }).first.map(String.init) {
                    case "json"?, "json_length"?, "number_of"?, "header"?: "at"
                    case "range"?: "minimum"
                    case let word?: word
                    case nil: nil
                    }
                let path = variablesPath.index(index)
                moved.path = (member.map { path.key($0) } ?? path).description
                return moved
            }
        }
        for (index, law) in logic.laws.enumerated() {
            for section in ["terms", "coefficients", "knots", "exponents", "rates"] {
                var place = JSONPath.root.key("logic").key(section)
                if let value = law.value { place = place.key(value) }
                let member =
                    switch section {
                    case "terms": "expression"
                    case "coefficients": "coefficient"
                    case "exponents": "exponent"
                    case "rates": "rate"
                    default: "knots"
                    }
                for (number, term) in law.terms.enumerated()
                where diagnostic.path.isAt(place.key(term.name).description) {
                    let isName = diagnostic.code == .badValue && section == "terms"
                    moved.path = self.term(number, law: index).key(isName ? "name" : member).description
                    return moved
                }
                if diagnostic.path.isAt(place.description) {
                    moved.path = self.law(index).description
                    return moved
                }
            }
        }
        if diagnostic.path.isAt("$.logic") { moved.path = skeleton.path.description }
        return moved
    }
}

extension String {
    /// Whether a path is this one or lies below it.
    fileprivate func isAt(_ prefix: String) -> Bool {
        guard hasPrefix(prefix) else { return false }
        let next = dropFirst(prefix.count).first
        return next == nil || next == "." || next == "["
    }
}
