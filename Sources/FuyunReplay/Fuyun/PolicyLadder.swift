import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// The coordinator's half of Fuyun, in memory: what was observed, the versions of a function's policy, and the rules that fit
/// new ones and move them.
///
/// All decisions are `FuyunTuning`'s: `RolloutRules` says when to fit and what becomes of a fit, `Tuner` makes it. This only
/// keeps what a coordinator's store keeps.
struct PolicyLadder: Sendable {
    /// The latest observations of a function that a coordinator looks at.
    static let observations = 1_000

    private let grant: SafetyBounds
    private let settings: TuningSettings
    private let rules: RolloutRules
    private var documents: [Int: PolicyDocument] = [:]
    private var compiled: [Int: CompiledPolicy] = [:]
    private var versions: [RolloutVersion] = []
    private var drafts: [PolicyDocument]
    private var evidence = RolloutEvidence(calls: [])
    private var features: [[String: Sample.Value]] = []
    private var limits: [Bytes] = []
    private var memory: FitMemory?
    private var nextID: Int64 = 1
    /// How often it was fitted.
    private(set) var fits = 0

    /// Starts with documents: the first one in shadow, the others as further formulas.
    init(drafts: [PolicyDocument], grant: SafetyBounds, settings: TuningSettings, rules: RolloutRules) {
        self.grant = grant
        self.settings = settings
        self.rules = rules
        self.drafts = drafts.enumerated().map { place, draft in
            var draft = draft
            draft.metadata.version = place + 1
            draft.metadata.status = .shadow
            return draft
        }
        if let first = self.drafts.first { store(first, .shadow, at: .zero) }
    }

    /// The versions that agents have.
    var inUse: PolicySet {
        var set = PolicySet()
        for version in versions where version.status.mode != nil {
            if let policy = policy(version.version) { set.insert(policy) }
        }
        return set
    }

    /// The formula in force: the active version, or the one that waits.
    var document: PolicyDocument? { state.skeleton.flatMap { documents[$0.version] } }

    private var state: RolloutState { RolloutState(versions: versions) }

    // MARK: - Observing

    /// Takes in a call, and looks at what follows from it.
    /// - Returns: Whether a version moved.
    mutating func observe(
        _ values: [String: Sample.Value],
        need: Sample.Need,
        isMiss: Bool,
        isRescued: Bool = false,
        appliedVersion: Int?,
        limit: Bytes,
        at now: Duration
    ) -> Bool {
        evidence.calls.append(
            RolloutCall(
                id: nextID,
                receivedAt: now,
                appliedVersion: appliedVersion,
                isMiss: isMiss,
                isRescued: isRescued,
                need: need
            )
        )
        nextID += 1
        features.append(values)
        limits.append(limit)
        for (version, known) in evidence.limits {
            guard let policy = policy(version) else { continue }
            evidence.limits[version] = known + policy.replay([values], within: grant)
        }
        // Dropping a share at a time keeps this cheap.
        if features.count > Self.observations + Self.observations / 8 { forget(features.count - Self.observations) }
        return look(at: now)
    }

    private mutating func forget(_ count: Int) {
        evidence.calls.removeFirst(count)
        features.removeFirst(count)
        limits.removeFirst(count)
        for version in evidence.limits.keys { evidence.limits[version]?.removeFirst(count) }
    }

    /// Does what the rules ask for, until there is nothing left to do.
    private mutating func look(at now: Duration) -> Bool {
        var hasMoved = false
        for _ in 0..<6 {
            prepare(referenceVersions)
            let isConstant = skeletons.allSatisfy { $0.logic.laws.allSatisfy(\.terms.isEmpty) }
            switch rules.next(state, evidence, memory, isConstant: isConstant, at: now) {
            case .keep: return hasMoved
            case .move(_, let changes, _):
                move(changes, at: now)
                hasMoved = true
            case .refit(let trigger):
                let outcome = refit(because: trigger, at: now)
                hasMoved = hasMoved || outcome == .changed
                guard outcome != .none || memory != nil else { return hasMoved }
                let reference = (state.active ?? state.candidate)?.version
                prepare([reference].compactMap(\.self))
                memory = FitMemory(
                    rules,
                    after: memory,
                    evidence,
                    limits: reference.flatMap { evidence.limits[$0] },
                    hasChanged: outcome == .changed,
                    at: now
                )
            }
        }
        return hasMoved
    }

    private enum FitEnd { case none, same, changed }

    private mutating func refit(because trigger: RefitTrigger, at now: Duration) -> FitEnd {
        fits += 1
        let samples = evidence.calls.indices.reversed().compactMap { place in
            evidence.calls[place].need.map { need in
                Sample(
                    features: features[place],
                    need: need,
                    age: now - evidence.calls[place].receivedAt,
                    limit: limits[place]
                )
            }
        }
        let outcome = Tuner.tune(
            TuningProblem(skeletons: skeletons, samples: samples, grant: grant, settings: settings)
        )
        guard var document = outcome.proposal else {
            guard outcome.code == .notEnough, case .move(_, let changes, _)? = rules.withoutFit(state, evidence) else {
                return .none
            }
            move(changes, at: now)
            return .changed
        }
        document.metadata.version = (documents.keys.max() ?? 0) + 1
        document.metadata.supersedes = nil
        var proposal = self.proposal(document)
        // As the coordinator does it: rounding up to a tier may leave a little, so twice at most.
        for _ in 0..<2 {
            guard let lift = rules.lift(proposal, state, evidence) else { break }
            document.safety.headroom = (1 + document.safety.headroom) * lift * 1.000_001 - 1
            proposal = self.proposal(document)
        }
        switch rules.publishing(proposal, state, evidence, because: trigger, at: now) {
        case .refuse(let refusal, _, _): return refusal == .coolingDown ? .changed : .same
        case .publish(let plan):
            document.metadata.supersedes = plan.supersedes
            if let share = plan.canaryShare { document.safety.canaryShare = share }
            let retiring = plan.retiring.filter { $0 != document.metadata.version }
            move(retiring.map { RolloutChange($0, to: .retired) }, at: now)
            store(document, plan.status, at: now)
            return .changed
        }
    }

    private func proposal(_ document: PolicyDocument) -> RolloutProposal {
        guard let policy = PolicyCompiler.compile(document).policy else {
            return RolloutProposal(limits: features.map { _ in nil }, defect: "the fitted document does not compile")
        }
        let same = [state.active, state.candidate].compactMap { $0?.version }.first { version in
            guard var known = documents[version] else { return false }
            known.metadata = document.metadata
            known.safety.canaryShare = document.safety.canaryShare
            known.logic.rationale = document.logic.rationale
            return known == document
        }
        return RolloutProposal(limits: policy.replay(features, within: grant), sameAs: same)
    }

    /// The documents to fit: the one in use, then the drafts.
    private var skeletons: [PolicyDocument] {
        guard let first = document else { return [] }
        return [first] + drafts.filter { $0.metadata.version != first.metadata.version || $0.logic != first.logic }
    }

    // MARK: - Versions

    private mutating func store(_ document: PolicyDocument, _ status: PolicyStatus, at now: Duration) {
        var document = document
        document.metadata.status = status
        documents[document.metadata.version] = document
        compiled[document.metadata.version] = nil
        versions.append(
            RolloutVersion(
                document.metadata.version,
                status,
                supersedes: document.metadata.supersedes,
                createdAt: now,
                statusSince: now
            )
        )
        compile(document.metadata.version)
        // A coordinator loads as many; roll-backs further down no longer count.
        guard versions.count > 40 else { return }
        let kept = Set(versions.suffix(40).map(\.version))
        let gone = versions.filter { !kept.contains($0.version) && $0.status == .retired }.map(\.version)
        versions.removeAll { gone.contains($0.version) }
        for version in gone {
            documents[version] = nil
            compiled[version] = nil
            evidence.limits[version] = nil
        }
    }

    private mutating func move(_ changes: [RolloutChange], at now: Duration) {
        for change in changes {
            guard let place = versions.firstIndex(where: { $0.version == change.version }) else { continue }
            versions[place].status = change.status
            versions[place].statusSince = now
            documents[change.version]?.metadata.status = change.status
            compile(change.version)
        }
    }

    private mutating func compile(_ version: Int) {
        compiled[version] = documents[version].flatMap { PolicyCompiler.compile($0).policy }
    }

    private func policy(_ version: Int) -> CompiledPolicy? { compiled[version] }

    /// The versions whose limits the rules look at: those in use and, when the active one missed, what came before it.
    private var referenceVersions: [Int] {
        let state = state
        var wanted = [state.active, state.candidate].compactMap { $0?.version }
        if let active = state.active,
            evidence.calls.contains(where: {
                $0.isMiss && $0.appliedVersion == active.version && $0.receivedAt >= active.statusSince
            })
        {
            wanted += state.predecessors()
        }
        return wanted
    }

    /// Sees to it that the evidence has the limits of these versions, and of no others.
    private mutating func prepare(_ wanted: [Int]) {
        for version in evidence.limits.keys where !wanted.contains(version) { evidence.limits[version] = nil }
        for version in wanted where evidence.limits[version] == nil {
            evidence.limits[version] = policy(version)?.replay(features, within: grant)
        }
    }
}
