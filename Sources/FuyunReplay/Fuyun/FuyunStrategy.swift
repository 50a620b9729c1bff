import FuyunInvocation
import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// Fuyun itself: the decision, the raise after a miss and the advice for a retry as the agent has them, the fits and the
/// ladder as the coordinator has them.
///
/// Nothing is decided here; this carries values between `CompiledPolicy`, `LocalBump`, `RetryAdvice` and `PolicyLadder`.
struct FuyunStrategy: SizingStrategy {
    /// The time between two calls: a clock for the ladder, whose periods a trace does not have.
    static let period = Duration.seconds(60)

    private let grant: SafetyBounds
    private let reader: FeatureReader
    private let rules: RolloutRules
    private let settings: TuningSettings
    private let group: String
    let rescue: RescueRule?
    private var ladder: PolicyLadder
    private var versions: PolicySet
    private var bump: LocalBump?
    private var mostSeen = Bytes.zero
    private var call: UInt64 = 0
    private var now = Duration.zero
    /// What was decided for the call that runs.
    private var latest: DecisionRecord?
    private var attempt: UInt8 = 0

    /// Starts with the group's documents; without any, with a constant over the trace's columns, next to which the tuner tries
    /// its library's forms.
    init(_ context: StrategyContext, settings: TuningSettings, rules: RolloutRules, rescue: RescueRule?) {
        grant = context.grant
        group = context.group
        reader = FeatureReader(context.layout)
        self.rules = rules
        self.settings = settings
        self.rescue = rescue
        let drafts = context.policies.isEmpty ? [reader.libraryDraft(for: context.group)] : context.policies
        ladder = PolicyLadder(drafts: drafts, grant: context.grant, settings: settings, rules: rules)
        versions = ladder.inUse
    }

    var refits: Int { ladder.fits }

    var coefficients: [NamedNumber] { ladder.document?.namedNumbers ?? [] }

    mutating func limit(for features: FeatureRow) -> Bytes? {
        call += 1
        attempt = 0
        latest = nil
        let plan = versions.plan(activationHash: StableHash.hash("\(group)#\(call)"), cap: .enforce)
        guard let policy = plan.applied else { return nil }
        let vector = policy.features(of: reader.sample(features))
        let decision = policy.decide(vector, within: grant, rescue: rescue != nil)
        guard decision.reason == .policy else { return nil }
        var record = DecisionRecord(decision, policyVersion: policy.version)
        if let bump { record = bump.raised(record, within: grant) }
        latest = record
        return record.decision.limit
    }

    mutating func learn(_ outcome: RunOutcome) {
        now += Self.period
        let version = attempt == 0 ? latest?.policyVersion : nil
        let hasMoved: Bool
        switch outcome {
        case .finished(let features, let need, let limit):
            mostSeen = max(mostSeen, need)
            if let record = latest, attempt == 0, record.step > 0, record.policyVersion == bump?.version,
                bump?.addSuccess() == true
            {
                bump = nil
            }
            let isRescued = version != nil && latest.map { need > $0.decision.limit } ?? false
            hasMoved = ladder.observe(
                reader.values(features),
                need: .between(need, need),
                isMiss: false,
                isRescued: isRescued,
                appliedVersion: version,
                limit: limit,
                at: now
            )
        case .killed(let features, let limit):
            if let record = latest, let version = record.policyVersion {
                let miss = LocalBump.Miss(
                    limit: limit,
                    decided: record.decision.limit,
                    step: record.step,
                    mostSeen: mostSeen
                )
                if bump?.version == version { bump?.add(miss) } else { bump = LocalBump(version: version, after: miss) }
            }
            // A miss counts for the version also when it was a retry that ran out.
            hasMoved = ladder.observe(
                reader.values(features),
                need: .above(limit),
                isMiss: true,
                appliedVersion: latest?.policyVersion,
                limit: limit,
                at: now
            )
        }
        guard hasMoved else { return }
        versions = ladder.inUse
        let known = [versions.active, versions.candidate].compactMap { $0?.version }
        if let bump, !known.contains(bump.version) { self.bump = nil }
    }

    mutating func limit(for features: FeatureRow, afterKillAt limit: Bytes, attempt: Int) -> Bytes? {
        self.attempt = UInt8(clamping: attempt - 1)
        return RetryAdvice.limit(
            after: limit,
            attempt: UInt8(clamping: attempt - 2),
            mostSeen: mostSeen,
            maximum: grant.maximum
        )
    }
}

extension PolicyDocument {
    /// The numbers of its formula.
    var namedNumbers: [NamedNumber] {
        logic.laws.flatMap { law in
            let prefix = law.value.map { "\($0)." } ?? ""
            return [NamedNumber(prefix + "base", law.base)]
                + law.terms.map { NamedNumber(prefix + $0.name, $0.shape.mainNumber) }
        }
    }
}

extension PolicyTerm.Shape {
    /// The number that a fit stretches.
    fileprivate var mainNumber: Double {
        switch self {
        case .linear(let coefficient), .power(let coefficient, _), .exponential(let coefficient, _): coefficient
        case .piecewiseLinear(let knots): knots.last?.y ?? 0
        }
    }
}
