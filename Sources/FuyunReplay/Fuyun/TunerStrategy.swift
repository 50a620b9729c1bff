import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// The tuner without a ladder: it fits after every call, and each fit decides from the next call on.
///
/// What the method itself can do; `FuyunStrategy` is what a cluster gets, whose versions are tried on a share of the calls
/// before they lower anything.
struct TunerStrategy: SizingStrategy {
    private let grant: SafetyBounds
    private let reader: FeatureReader
    private let settings: TuningSettings
    private let drafts: [PolicyDocument]
    let rescue: RescueRule?
    private var samples: [Sample] = []
    private var active: CompiledPolicy?
    private var isStale = false
    private(set) var refits = 0

    init(_ context: StrategyContext, settings: TuningSettings, rescue: RescueRule?) {
        grant = context.grant
        reader = FeatureReader(context.layout)
        self.settings = settings
        self.rescue = rescue
        drafts = context.policies.isEmpty ? [reader.libraryDraft(for: context.group)] : context.policies
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
                Sample(features: reader.values(features), need: .above(limit), limit: limit)
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
        guard let proposal = Tuner.tune(problem).proposal, let policy = PolicyCompiler.compile(proposal).policy else {
            return
        }
        active = policy
        refits += 1
    }
}
