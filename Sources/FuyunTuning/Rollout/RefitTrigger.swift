import FuyunPolicy

/// Why a function is fitted.
public enum RefitTrigger: Hashable, Sendable {
    /// There are enough samples for the first time.
    case firstFit(samples: Int)
    /// So many new calls ran out of memory, or would have under the version in charge.
    case miss(calls: Int)
    /// So many new calls were rescued: their limit was raised while they ran.
    case rescue(calls: Int)
    /// The canary would have missed so many of the calls that it was only compared on.
    case canaryMiss(calls: Int)
    /// A bound was off by this factor.
    case error(factor: Double)
    /// So many calls succeeded since the last fit.
    case successes(Int)
    /// The last fit is long ago, and there are new calls.
    case period(calls: Int)
    /// Someone asked.
    case request

    /// One word for metrics.
    public var word: String {
        switch self {
        case .firstFit: "first_fit"
        case .miss: "miss"
        case .rescue: "rescue"
        case .canaryMiss: "canary_miss"
        case .error: "error"
        case .successes: "successes"
        case .period: "period"
        case .request: "request"
        }
    }

    /// Every word that there is.
    public static let words = ["first_fit", "miss", "rescue", "canary_miss", "error", "successes", "period", "request"]

    /// The trigger for people: the end of "fitted again because …".
    public var sentence: String {
        switch self {
        case .firstFit(let samples): "there are \(samples) clean calls"
        case .miss(let calls):
            calls == 1 ? "a call needed more than its limit" : "\(calls) calls needed more than their limit"
        case .rescue(let calls):
            calls == 1 ? "a call was rescued at its limit" : "\(calls) calls were rescued at their limit"
        case .canaryMiss(let calls):
            "the canary would have missed \(calls == 1 ? "a call" : "\(calls) calls")"
        case .error(let factor): "a prediction was off by a factor of \(tenths(factor))"
        case .successes(let count): "\(count) calls succeeded since the last fit"
        case .period(let calls): "the last fit is long ago and there are \(calls) new calls"
        case .request: "someone asked for it"
        }
    }
}

/// A number with one decimal.
func tenths(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let count = Int64((value * 10).rounded())
    return "\(count < 0 ? "-" : "")\(count.magnitude / 10).\(count.magnitude % 10)"
}

/// What the last fit of a function left behind.
public struct FitMemory: Hashable, Sendable {
    /// The newest call that it saw.
    public var newestID: Int64
    /// When it was, since 1970.
    public var at: Duration
    /// Successes that ask for the next one.
    public var successesWanted: Int
    /// How far bounds were off on the calls that it saw; only what is worse asks for another one.
    public var toleratedFactor: Double

    /// Makes a memory.
    public init(newestID: Int64, at: Duration, successesWanted: Int, toleratedFactor: Double) {
        self.newestID = newestID
        self.at = at
        self.successesWanted = successesWanted
        self.toleratedFactor = toleratedFactor
    }

    /// What a fit on this evidence leaves behind.
    /// - Parameters:
    ///   - previous: What the fit before left; nil for the first.
    ///   - limits: The limits of the version that is in charge after it, call by call; nil without one.
    ///   - hasChanged: Whether a new version was published.
    public init(
        _ rules: RolloutRules,
        after previous: FitMemory?,
        _ evidence: RolloutEvidence,
        limits: [ReplayedLimit?]?,
        hasChanged: Bool,
        at now: Duration
    ) {
        var wanted = rules.successes
        if let previous, !hasChanged {
            wanted = Int((Double(previous.successesWanted) * rules.successGrowth).rounded(.up))
        }
        let worst = evidence.calls.indices.lazy.compactMap { index in
            limits?[index].flatMap { limit in evidence.calls[index].need.map { limit.factor(off: $0) } }
        }.max()
        self.init(
            newestID: evidence.newestID,
            at: now,
            successesWanted: min(wanted, max(rules.successesAtMost, rules.successes)),
            toleratedFactor: worst ?? 1
        )
    }
}

extension RolloutRules {
    /// Whether there is a reason to fit, and which one: the most urgent.
    ///
    /// - Parameters:
    ///   - memory: What the last fit left behind; nil when none is remembered.
    ///   - isConstant: Whether the function's formula has no terms.
    public func trigger(
        _ state: RolloutState,
        _ evidence: RolloutEvidence,
        _ memory: FitMemory?,
        isConstant: Bool,
        at now: Duration
    ) -> RefitTrigger? {
        let samples = evidence.cleanCount
        guard samples >= (isConstant ? firstConstantSamples : firstFitSamples) else { return nil }
        guard let memory else { return .firstFit(samples: samples) }
        if let draft = state.candidate, draft.status == .shadow, draft.createdAt > memory.at {
            return .firstFit(samples: samples)
        }
        let reference = (state.active ?? state.candidate)?.version
        let limits = reference.flatMap { evidence.limits[$0] }
        let canaryLimits = state.canary.flatMap { evidence.limits[$0.version] }
        var (misses, rescues, canaryMisses, successes, calls) = (0, 0, 0, 0, 0)
        var worst = 1.0
        for index in evidence.calls.indices where evidence.calls[index].id > memory.newestID {
            let call = evidence.calls[index]
            calls += 1
            if call.isRescued { rescues += 1 }
            guard let need = call.need else { continue }
            if !call.isMiss { successes += 1 }
            if let limit = limits?[index] {
                if limit.misses(need) { misses += 1 }
                worst = max(worst, limit.factor(off: need))
            } else if call.isMiss {
                misses += 1
            }
            if let limit = canaryLimits?[index], limit.misses(need) { canaryMisses += 1 }
        }
        if misses > 0 { return .miss(calls: misses) }
        if rescues > 0 { return .rescue(calls: rescues) }
        if canaryMisses > 0 { return .canaryMiss(calls: canaryMisses) }
        if worst > max(errorFactor, memory.toleratedFactor * 1.1) { return .error(factor: worst) }
        if successes >= memory.successesWanted { return .successes(successes) }
        if calls > 0, now - memory.at >= period { return .period(calls: calls) }
        return nil
    }
}
