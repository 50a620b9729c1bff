import FuyunPolicy
import FuyunStore
import FuyunTuning
import MemoryUnits

/// Everything that one look at a function needs, as the store has it at one moment.
struct FunctionPicture: Sendable {
    /// The function.
    var function: StoredFunction
    /// What holds for every function.
    var switches: GlobalSwitches
    /// The newest versions, newest first.
    var policies: [StoredPolicy]
    /// The latest observations.
    var observations: ReadObservations
    /// When it was loaded.
    var loadedAt: Timestamp
    private var compiled: [Int: CompiledPolicy] = [:]

    /// Versions that are looked at; roll-backs further down no longer count.
    static let versions = 40

    /// Loads a function; nil when it is not known.
    static func load(
        _ name: String,
        from store: any Store,
        _ settings: TunerSettings,
        at now: Timestamp
    ) async throws(StoreError) -> FunctionPicture? {
        guard let function = try await store.function(name) else { return nil }
        let hasPolicy = function.newestVersion > 0
        let policies = hasPolicy ? try await store.policies(of: name, before: nil, limit: versions) : []
        let isInUse = function.activeVersion != nil || function.candidateVersion != nil
        let observations = isInUse ? try await store.observations(of: name, limit: settings.observations) : []
        return FunctionPicture(
            function: function,
            switches: try await store.globalSwitches(),
            policies: policies,
            observations: ReadObservations(observations, at: now),
            loadedAt: now
        )
    }

    private init(
        function: StoredFunction,
        switches: GlobalSwitches,
        policies: [StoredPolicy],
        observations: ReadObservations,
        loadedAt: Timestamp
    ) {
        self.function = function
        self.switches = switches
        self.policies = policies
        self.observations = observations
        self.loadedAt = loadedAt
    }

    /// Reads the versions again after they moved.
    mutating func reloadVersions(from store: any Store) async throws(StoreError) {
        let name = function.registration.name
        guard let function = try await store.function(name) else {
            throw StoreError(.notFound, "function \(name) was removed meanwhile")
        }
        self.function = function
        policies = try await store.policies(of: name, before: nil, limit: Self.versions)
    }

    /// Whether the store still has what this shows, but for observations.
    func isCurrent(in store: any Store) async throws(StoreError) -> Bool {
        guard let now = try await store.function(function.registration.name) else { return false }
        return now.switches == function.switches && now.activeVersion == function.activeVersion
            && now.candidateVersion == function.candidateVersion && now.newestVersion == function.newestVersion
    }

    /// The time to write down for the next change: after everything that happened to the function's versions, also
    /// where the clock was set back, so that their order can be told from their times.
    func nextWrite(_ clock: WallClock) -> Timestamp {
        let last = policies.lazy.flatMap { [$0.createdAt, $0.statusSince] }.max()
        return max(clock.now, last.map { Timestamp(milliseconds: $0.milliseconds + 1) } ?? clock.now)
    }

    /// Whether the formula in use has no terms.
    func isConstant(_ state: RolloutState) -> Bool {
        skeletons(state).allSatisfy { $0.logic.laws.allSatisfy(\.terms.isEmpty) }
    }

    /// Where the function stands on the ladder.
    var state: RolloutState {
        var switches = RolloutSwitches()
        switches.pinnedVersion = function.switches.pinnedVersion
        switches.neverLower = function.switches.neverLower
        switches.isExcluded = function.switches.isExcluded
        switches.isTuningEnabled = self.switches.isTuningEnabled
        return RolloutState(versions: policies.map(RolloutVersion.init), switches: switches)
    }

    /// The version with a number.
    func policy(_ version: Int) -> StoredPolicy? { policies.first { $0.version == version } }

    /// The versions whose limits a decision may need: those in use, and, when the active one missed, what came before it.
    func referenceVersions(_ state: RolloutState) -> [Int] {
        var versions = [state.active, state.candidate].compactMap { $0?.version }
        if let active = state.active, observations.evidence.calls.contains(where: { $0.misses(active) }) {
            versions += state.predecessors()
        }
        return versions
    }

    /// The calls with the limits that these versions would give them.
    mutating func evidence(_ versions: [Int]) -> RolloutEvidence {
        for version in versions where observations.evidence.limits[version] == nil {
            guard let policy = compiledPolicy(version) else { continue }
            observations.evidence.limits[version] = limits(of: policy)
        }
        return observations.evidence
    }

    /// What a policy would give to each call.
    func limits(of policy: CompiledPolicy) -> [ReplayedLimit?] {
        policy.replay(observations.features, within: function.registration.bounds)
    }

    private mutating func compiledPolicy(_ version: Int) -> CompiledPolicy? {
        if let policy = compiled[version] { return policy }
        let policy = policy(version).flatMap { PolicyCompiler.compile($0.document).policy }
        compiled[version] = policy
        return policy
    }

    /// The documents to fit: the one in use, then those over the same inputs that were not put into use because the newest
    /// draft had a better one, then what else people or a model wrote, newest first.
    func skeletons(_ state: RolloutState) -> [PolicyDocument] {
        guard let first = state.skeleton.flatMap({ policy($0.version)?.document }) else { return [] }
        return skeletons(like: first)
    }

    /// A document, then those over the same inputs, in that order.
    func skeletons(like first: PolicyDocument) -> [PolicyDocument] {
        let fitting = policies.filter { policy in
            policy.author != TunerNames.tuner && policy.version != first.metadata.version
                && policy.document.inputs == first.inputs
        }
        let newest = policies.lazy.compactMap { DraftNotes($0)?.draft }.max()
        let drafted = fitting.filter { policy in
            policy.status == .draft && DraftNotes(policy).map { $0.draft == newest } ?? false
        }
        let written = fitting.filter { $0.status != .draft }
        // The best of a draft has the lowest number.
        return [first] + drafted.reversed().prefix(4).map(\.document) + written.prefix(3).map(\.document)
    }

    /// What the newest fit that led to a version left behind.
    func rememberedFit(_ rules: RolloutRules) -> FitMemory? {
        policies.lazy.compactMap { FitNotes.memory(of: $0, rules) }.first
    }
}

extension RolloutVersion {
    /// A stored version as the ladder sees it.
    init(_ policy: StoredPolicy) {
        self.init(
            policy.version,
            policy.status,
            supersedes: policy.document.metadata.supersedes,
            createdAt: policy.createdAt.sinceEpoch,
            statusSince: policy.statusSince.sinceEpoch
        )
    }
}

extension RolloutCall {
    /// Whether this call ran out under a version since that got its status.
    fileprivate func misses(_ version: RolloutVersion) -> Bool {
        isMiss && appliedVersion == version.version && receivedAt >= version.statusSince
    }
}
