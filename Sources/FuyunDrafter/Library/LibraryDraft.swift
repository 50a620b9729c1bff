import FuyunPolicy
import MemoryUnits

/// Candidates without a model: simple forms over what payloads were seen to hold.
public enum LibraryDraft {
    /// The most candidates beside the constant.
    static let maximumForms = 4

    /// The candidates, the best first; all over the same inputs, and always a `constant` last.
    ///
    /// Their numbers are placeholders: the tuner fits them to runs, and tries forms of its own over the same inputs.
    public static func candidates(for request: DraftRequest) -> [DraftCandidate] {
        let features = LibraryFeature.features(of: request.payload ?? PayloadShape())
        let maker = Maker(request: request, features: features)
        var candidates: [DraftCandidate] = []
        for form in maker.forms() where candidates.count < maximumForms {
            if let candidate = maker.candidate(form) { candidates.append(candidate) }
        }
        if let constant = maker.candidate(Form(why: "the same for every call", terms: [])) {
            candidates.append(constant)
        }
        return candidates
    }

    /// A formula in short.
    private struct Form {
        var why: String
        /// Expressions, with what one unit may cost in bytes and the largest value that was seen.
        var terms: [(name: String, expression: String, cost: Double, largest: Double)]
    }

    private struct Maker {
        let request: DraftRequest
        let features: [LibraryFeature]

        private func role(_ role: LibraryFeature.Role) -> LibraryFeature? { features.first { $0.role == role } }

        func forms() -> [Form] {
            var forms: [Form] = []
            if let width = role(.width), let height = role(.height) {
                let area = "\(width.name) * \(height.name)"
                let largest = width.largest * height.largest
                if let duration = role(.duration) {
                    let rate = role(.rate)
                    let count = rate.map { "\($0.name) * \(duration.name)" } ?? duration.name
                    let frames = (rate?.largest ?? 1) * duration.largest
                    forms.append(
                        Form(
                            why: "pictures of \(area), as many as \(count), beside a few that are always held",
                            terms: [
                                ("picture", area, 16, largest), ("pictures", "\(area) * \(count)", 3, largest * frames),
                            ]
                        )
                    )
                    forms.append(
                        Form(
                            why: "a queue of at most 60 pictures of \(area)",
                            terms: [("queued", "\(area) * min(\(count), 60)", 3, largest * min(frames, 60))]
                        )
                    )
                }
                forms.append(Form(why: "a picture of \(area)", terms: [("picture", area, 8, largest)]))
            }
            for feature in features where forms.count < maximumForms {
                let cost: Double = feature.isBytes ? 4 : 256
                forms.append(
                    Form(
                        why: "in proportion to \(feature.meaning)",
                        terms: [("input", feature.name, cost, feature.largest)]
                    )
                )
                if feature.role == .order {
                    forms.append(
                        Form(
                            why: "in proportion to the square of \(feature.meaning), as matrices are",
                            terms: [("square", "\(feature.name) ^ 2", 16, feature.largest * feature.largest)]
                        )
                    )
                }
            }
            return forms
        }

        func candidate(_ form: Form) -> DraftCandidate? {
            let grant = request.grant
            // As much as is declared for the largest input that was seen; below it a straight line.
            let declared = grant.preset < .max ? Double(grant.preset.rawValue) : 268_435_456
            let base = form.terms.isEmpty ? declared * 0.9 : min(33_554_432, declared / 2)
            let room = (declared - base) / Double(max(form.terms.count, 1))
            let terms = form.terms.map { term in
                let cost = min(term.cost, room / max(term.largest, 1))
                return PolicyTerm(
                    name: term.name,
                    expression: term.expression,
                    shape: .linear(coefficient: max(LibraryFeature.rounded(cost), 1e-9))
                )
            }
            let rationale =
                "A library form, made without reading the source: memory \(form.why). "
                + "The numbers are placeholders until runs were seen."
            let document = PolicyDocument(
                metadata: PolicyMetadata(
                    policyID: request.function,
                    version: 1,
                    status: .draft,
                    origin: PolicyOrigin(
                        kind: PolicyOrigin.library,
                        sourceDigest: request.source.digest.isEmpty ? nil : request.source.digest
                    )
                ),
                inputs: PolicyInputs(source: .payload, variables: features.map(\.variable)),
                logic: PolicyLogic(
                    family: terms.isEmpty ? .constant : .linear,
                    laws: [PolicyLaw(base: base.rounded(), terms: terms)],
                    rationale: rationale
                ),
                safety: PolicySafety(granted: grant, headroom: 0.1)
            )
            let compilation = PolicyCompiler.compile(document)
            guard compilation.policy != nil else { return nil }
            return DraftCandidate(document: document, rationale: rationale, diagnostics: [])
        }
    }
}
