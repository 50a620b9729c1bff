/// The versions of one function's policy that are in use: the active one, and a newer one on probation.
public struct PolicySet: Sendable {
    /// The newest active version.
    public private(set) var active: CompiledPolicy?
    /// The newest version in shadow or canary that is newer than `active`.
    public private(set) var candidate: CompiledPolicy?

    /// An empty set.
    public init() {}

    /// Takes in a version.
    ///
    /// The result does not depend on the order in which versions come.
    ///
    /// - Returns: Whether the version is in use now.
    @discardableResult
    public mutating func insert(_ policy: CompiledPolicy) -> Bool {
        switch policy.mode {
        case .enforce:
            guard policy.version > active?.version ?? 0 else { return false }
            active = policy
            if let candidate, candidate.version < policy.version { self.candidate = nil }
            return true
        case .shadow, .canary:
            guard policy.version > max(active?.version ?? 0, candidate?.version ?? 0) else { return false }
            candidate = policy
            return true
        case .observe, nil: return false
        }
    }

    /// Chooses the versions for one invocation.
    ///
    /// - Parameters:
    ///   - activationHash: `StableHash` of the activation id, so that every node chooses alike.
    ///   - cap: The furthest that the operator lets policies of this function go.
    public func plan(activationHash: UInt64, cap: Mode) -> DecisionPlan {
        let point = StableHash.fraction(activationHash)
        switch cap {
        case .observe: return DecisionPlan(applied: nil, recorded: active ?? candidate, mode: .observe)
        case .shadow: return DecisionPlan(applied: nil, recorded: candidate ?? active, mode: .shadow)
        case .canary, .enforce: break
        }
        if let candidate, candidate.mode == .canary, point < candidate.canaryShare {
            return DecisionPlan(applied: candidate, recorded: active, mode: .canary)
        }
        guard let active else { return DecisionPlan(applied: nil, recorded: candidate, mode: .shadow) }
        if cap == .canary {
            guard point < active.canaryShare else {
                return DecisionPlan(applied: nil, recorded: candidate ?? active, mode: .shadow)
            }
            return DecisionPlan(applied: active, recorded: candidate, mode: .canary)
        }
        return DecisionPlan(applied: active, recorded: candidate, mode: .enforce)
    }
}

/// Which versions of a policy decide about one invocation.
public struct DecisionPlan: Sendable {
    /// The version whose limit is set; nil when the preset applies.
    public var applied: CompiledPolicy?
    /// The version whose decision is only written down, for comparison; in the mode `observe` only its features are.
    public var recorded: CompiledPolicy?
    /// How far the decision of this invocation reaches.
    public var mode: Mode

    /// Makes a plan.
    public init(applied: CompiledPolicy?, recorded: CompiledPolicy?, mode: Mode) {
        self.applied = applied
        self.recorded = recorded
        self.mode = mode
    }
}
