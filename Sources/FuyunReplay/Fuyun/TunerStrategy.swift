import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// An ingredient of the tuner that can be left out, to see what it is worth.
public enum Ingredient: String, Hashable, Sendable, CaseIterable {
    /// The formula that was written from the source: only the library's forms and a constant are left.
    case skeleton
    /// The formula's own slopes as a weak prior.
    case prior
    /// That a killed call needed more than its limit: it counts as having needed just that.
    case censoring
    /// The margin that covers the residuals: only the headroom is left.
    case calibration
    /// The headroom that grows less with every sample: only what stays is left.
    case schedule
    /// The wider margin for inputs unlike those seen.
    case extrapolation
    /// The library's forms next to the skeleton.
    case library
}

/// The tuner without a ladder: it fits after every call, and each fit decides from the next call on.
///
/// What the method itself can do; `FuyunStrategy` is what a cluster gets, whose versions are tried on a share of the calls
/// before they lower anything.
struct TunerStrategy: SizingStrategy {
    private let grant: SafetyBounds
    private let reader: FeatureReader
    private let settings: TuningSettings
    private let drafts: [PolicyDocument]
    private let missing: Ingredient?
    let rescue: RescueRule?
    private var samples: [Sample] = []
    private var active: CompiledPolicy?
    private var isStale = false
    private(set) var refits = 0

    init(
        _ context: StrategyContext,
        settings: TuningSettings,
        rescue: RescueRule? = nil,
        without missing: Ingredient? = nil
    ) {
        grant = context.grant
        reader = FeatureReader(context.layout)
        self.rescue = rescue
        self.missing = missing
        var settings = settings
        if missing == .schedule { settings.headroomPerSample = 0 }
        if missing == .library { settings.usesLibrary = false }
        self.settings = settings
        let hasDrafts = !context.policies.isEmpty && missing != .skeleton
        let drafts = hasDrafts ? context.policies : [reader.libraryDraft(for: context.group)]
        self.drafts = missing == .prior ? drafts.map(\.withoutSlopes) : drafts
    }

    var coefficients: [NamedNumber] { active?.document.namedNumbers ?? [] }

    mutating func limit(for features: FeatureRow) -> Bytes? {
        fit()
        guard let active else { return nil }
        let vector = active.features(of: reader.sample(features))
        let decision = active.decide(vector, within: grant, rescue: rescue != nil)
        return decision.reason == .policy ? decision.limit : nil
    }

    mutating func learn(_ outcome: RunOutcome) {
        let sample =
            switch outcome {
            case .finished(let features, let need, let limit):
                Sample(features: reader.values(features), need: .between(need, need), limit: limit)
            case .killed(let features, let limit):
                Sample(
                    features: reader.values(features),
                    need: missing == .censoring ? .between(limit, limit) : .above(limit),
                    limit: missing == .censoring ? nil : limit
                )
            }
        samples.append(sample)
        if samples.count > PolicyLadder.observations + PolicyLadder.observations / 8 {
            samples.removeFirst(samples.count - PolicyLadder.observations)
        }
        isStale = true
    }

    private mutating func fit() {
        guard isStale else { return }
        isStale = false
        let skeletons = [active?.document].compactMap(\.self) + drafts
        let problem = TuningProblem(skeletons: skeletons, samples: samples.reversed(), grant: grant, settings: settings)
        guard let proposal = Tuner.tune(problem).proposal.map(reduced),
            let policy = PolicyCompiler.compile(proposal).policy
        else { return }
        active = policy
        refits += 1
    }

    /// What is left of a fit without the ingredient that is missing.
    private func reduced(_ proposal: PolicyDocument) -> PolicyDocument {
        var proposal = proposal
        switch missing {
        case .calibration:
            proposal.safety.calibration = nil
            proposal.safety.lawCalibrations = [:]
            proposal.safety.rescue?.calibration = nil
            proposal.safety.rescue?.lawCalibrations = [:]
        case .extrapolation:
            proposal.safety.calibration?.leverage = []
            for value in proposal.safety.lawCalibrations.keys { proposal.safety.lawCalibrations[value]?.leverage = [] }
            guard var tight = proposal.safety.rescue else { break }
            tight.calibration?.leverage = []
            for value in tight.lawCalibrations.keys { tight.lawCalibrations[value]?.leverage = [] }
            proposal.safety.rescue = tight
        default: break
        }
        return proposal
    }
}

extension PolicyDocument {
    /// The same formulas without a guess of their slopes.
    fileprivate var withoutSlopes: PolicyDocument {
        var document = self
        for law in logic.laws.indices {
            for term in logic.laws[law].terms.indices {
                if case .linear = logic.laws[law].terms[term].shape {
                    document.logic.laws[law].terms[term].shape = .linear(coefficient: 0)
                }
            }
        }
        return document
    }
}
