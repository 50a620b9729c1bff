import FuyunPolicy
import MemoryUnits

/// Tries every form on the samples of one law and takes the narrowest that is to be trusted.
struct Chooser {
    /// The narrowest of the candidates that were allowed; nil when no form has enough samples.
    var choice: Candidate?
    /// What was tried, the narrowest first.
    var reports: [CandidateReport] = []
    /// Why there is no choice.
    var obstacle = ""

    /// - Parameters:
    ///   - value: The category's value that the law is for.
    ///   - skeletons: The drafted forms.
    ///   - hasTerms: Whether a draft makes the law depend on the input.
    ///   - samples: The samples of the law.
    ///   - library: Makes the forms of the library, when they may be tried.
    init(
        value: String?,
        skeletons: [Form],
        hasTerms: Bool,
        samples: LawSamples,
        settings: TuningSettings,
        library: () -> [Form]
    ) {
        let clean = samples.needs.cleanCount
        let unknown = skeletons.map(\.unknownSlopes).min() ?? 0
        let needed = hasTerms ? settings.minimumSamples + max(unknown - 1, 0) : settings.minimumConstantSamples
        guard clean >= needed else {
            obstacle = "\(clean) of \(needed) samples"
            return
        }
        let drafted = Self.candidates(skeletons, samples, settings)
        let constant = Candidate(.constant(samples: samples.rows.count), samples, settings: settings)
        // Amid a few samples nearly every form fits, and those that leave out what matters look the narrowest: the draft
        // knows more of inputs that were not seen.
        let mayChoose = clean >= settings.minimumChoiceSamples
        let simple = mayChoose && settings.usesLibrary ? Self.simple(library(), samples, settings) : []

        var chosen = Self.narrowest(drafted) ?? constant
        var why = "the narrowest drafted form"
        if let constant, mayChoose, let draft = chosen, !draft.form.terms.isEmpty,
            draft.meanBound > (1 - settings.advantage) * constant.meanBound
        {
            chosen = constant
            why = "no drafted form is \(Self.percent(settings.advantage)) narrower than a constant"
        }
        if let best = Self.narrowest(simple), let current = chosen,
            best.meanBound < (1 - settings.advantage) * current.meanBound
        {
            chosen = best
            why = "\(Self.percent(1 - best.meanBound / current.meanBound)) narrower than \(current.form.name)"
        }
        choice = chosen
        let all = (drafted + simple + (constant.map { [$0] } ?? [])).sorted {
            ($0.meanBound, $0.form.name) < ($1.meanBound, $1.form.name)
        }
        reports = all.map { candidate in
            let isChosen = candidate.form.name == chosen?.form.name
            return CandidateReport(
                law: value,
                name: candidate.form.name,
                meanBound: .init(roundingUp: candidate.meanBound) ?? .max,
                looMisses: candidate.looMisses,
                weight: isChosen ? 1 : 0,
                chosen: isChosen,
                why: isChosen ? why : Self.refusal(candidate, chosen, settings)
            )
        }
        if choice == nil { obstacle = "no form has a finite number for every sample" }
    }

    private static func candidates(_ forms: [Form], _ samples: LawSamples, _ settings: TuningSettings) -> [Candidate] {
        forms.compactMap { Candidate($0, samples, settings: settings) }
    }

    /// The forms of the library: all with one look, and the narrowest in full.
    private static func simple(_ forms: [Form], _ samples: LawSamples, _ settings: TuningSettings) -> [Candidate] {
        let rough = forms.compactMap { Candidate($0, samples, settings: settings, noises: [0.5], passes: 2) }
        guard let best = narrowest(rough), let full = Candidate(best.form, samples, settings: settings) else {
            return []
        }
        return rough.map { $0.form.name == full.form.name ? full : $0 }
    }

    private static func narrowest(_ candidates: [Candidate]) -> Candidate? {
        candidates.min { ($0.meanBound, $0.form.name) < ($1.meanBound, $1.form.name) }
    }

    private static func refusal(_ candidate: Candidate, _ chosen: Candidate?, _ settings: TuningSettings) -> String {
        guard let chosen else { return "not chosen" }
        let ratio = candidate.meanBound / chosen.meanBound - 1
        if ratio >= 0 { return "\(percent(ratio)) wider than \(chosen.form.name)" }
        return candidate.form.terms.isEmpty
            ? "narrower, but too few samples to drop the draft"
            : "\(percent(-ratio)) narrower than \(chosen.form.name): less than \(percent(settings.advantage)) is no reason"
    }

    private static func percent(_ share: Double) -> String {
        // Samples come from outside: a ratio can be anything.
        guard share.magnitude < 1e9 else { return "more than 10^9 times" }
        let tenths = Int((share * 1000).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }
}
