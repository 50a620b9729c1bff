import FuyunPolicy
import MemoryUnits

/// A fitted version that wants to be published.
public struct RolloutProposal: Hashable, Sendable {
    /// What it would give to each call of the evidence; nil where its formula does not decide.
    public var limits: [ReplayedLimit?]
    /// The version in use whose formula and safety are the very same.
    public var sameAs: Int?
    /// What is wrong with its document (it does not compile, a coefficient is negative, …); nil when nothing is.
    public var defect: String?

    /// Makes a proposal.
    public init(limits: [ReplayedLimit?], sameAs: Int? = nil, defect: String? = nil) {
        self.limits = limits
        self.sameAs = sameAs
        self.defect = defect
    }
}

extension RolloutRules {
    /// Whether and how a fitted version is published: raises at once, what lowers anything by canary, what makes no
    /// difference not at all.
    public func publishing(
        _ proposal: RolloutProposal,
        _ state: RolloutState,
        _ evidence: RolloutEvidence,
        because trigger: RefitTrigger,
        at now: Duration
    ) -> PublishDecision {
        if let refusal = refusedBySwitches(state) { return refusal }
        if let defect = proposal.defect { return .refuse(.notVerified, reason: defect, lookAgain: nil) }
        if let version = proposal.sameAs {
            return .refuse(.noDifference, reason: "it is the same as version \(version)", lookAgain: nil)
        }
        let comparison = comparison(proposal.limits, with: state.active, state, evidence)
        if comparison.misses > 0 {
            return .refuse(
                .notVerified,
                reason: "it would have missed \(comparison.misses) of the last \(comparison.replayed) calls",
                lookAgain: nil
            )
        }
        let retiring = [state.candidate, state.active].compactMap { $0?.version }
        var plan = PublishPlan(
            status: .active,
            canaryShare: nil,
            supersedes: (state.active ?? state.candidate)?.version,
            retiring: retiring,
            meanBefore: comparison.meanOther,
            meanAfter: comparison.mean,
            replayed: comparison.replayed,
            reason: "fitted because " + trigger.sentence
        )
        guard let active = state.active, comparison.meanOther != nil else { return .publish(plan) }
        let isSmall = comparison.difference < leastDifference
        if isSmall, comparison.cured == 0 {
            return .refuse(
                .noDifference,
                reason: "its limits differ from those of version \(active.version) by only "
                    + "\(tenths(comparison.difference * 100)) %",
                lookAgain: nil
            )
        }
        if comparison.lowered == 0 {
            plan.reason += "; nothing is lowered"
            return .publish(plan)
        }
        if state.switches.neverLower {
            return .refuse(
                .neverLower,
                reason:
                    "it lowers \(comparison.lowered) of \(comparison.replayed) calls, and the function may never be lowered",
                lookAgain: nil
            )
        }
        if let coolDown = state.coolDown(self, at: now) {
            return .refuse(
                .coolingDown,
                reason: "it lowers \(comparison.lowered) of \(comparison.replayed) calls, and after "
                    + "\(coolDown.rollBacks == 1 ? "a roll-back" : "\(coolDown.rollBacks) roll-backs in a row") "
                    + "only raises are published for another \(minutes(coolDown.until - now))",
                lookAgain: coolDown.until
            )
        }
        if let canary = state.canary {
            let other = self.comparison(proposal.limits, with: canary, state, evidence)
            if other.difference < leastDifference, other.cured == 0 {
                return .refuse(
                    .noDifference,
                    reason: "its limits differ from those of canary version \(canary.version) by only "
                        + "\(tenths(other.difference * 100)) %",
                    lookAgain: nil
                )
            }
        }
        plan.status = .canary
        plan.canaryShare = comparison.cured > 0 ? max(urgentCanaryShare, canaryShare) : canaryShare
        plan.retiring = state.candidate.map { [$0.version] } ?? []
        plan.reason +=
            "; it lowers \(comparison.lowered) of \(comparison.replayed) calls, so it is tried on a share first"
        return .publish(plan)
    }

    /// The factor by which a version must be scaled up before it can be published; nil when there is nothing to scale, or
    /// too much.
    ///
    /// There are two reasons: it would have missed one of the calls that it is replayed on; or it cures a miss of the
    /// active version but lowers something else, and calls would go on failing while it waits in canary.
    public func lift(_ proposal: RolloutProposal, _ state: RolloutState, _ evidence: RolloutEvidence) -> Double? {
        guard proposal.defect == nil else { return nil }
        let comparison = comparison(proposal.limits, with: state.active, state, evidence)
        let isCure = comparison.misses > 0 || comparison.cured > 0
        guard isCure else { return nil }
        var factor = comparison.shortfall
        if comparison.cured > 0 { factor = max(factor, comparison.lowering) }
        return factor > 1 && factor <= mostLift ? factor : nil
    }

    private func refusedBySwitches(_ state: RolloutState) -> PublishDecision? {
        let switches = state.switches
        if let version = switches.pinnedVersion {
            return .refuse(.switches, reason: "the function is pinned to version \(version)", lookAgain: nil)
        }
        if switches.isExcluded {
            return .refuse(.switches, reason: "the function is excluded: it is only observed", lookAgain: nil)
        }
        if !switches.isTuningEnabled {
            return .refuse(.switches, reason: "tuning is switched off", lookAgain: nil)
        }
        return nil
    }

    /// Compares limits with a version's over the calls that are replayed: the newest clean ones, and every miss since the
    /// active version is active.
    public func comparison(
        _ limits: [ReplayedLimit?],
        with other: RolloutVersion?,
        _ state: RolloutState,
        _ evidence: RolloutEvidence
    ) -> Comparison {
        let window = evidence.window(newest: replayedCalls, missesSince: state.active?.statusSince ?? .zero)
        let others = other.flatMap { evidence.limits[$0.version] }
        var comparison = Comparison()
        var (sum, otherSum, otherCount, differences) = (0.0, 0.0, 0, 0.0)
        for index in window {
            guard let need = evidence.calls[index].need, let limit = limits[index] else { continue }
            comparison.replayed += 1
            let isMissed = limit.misses(need)
            if isMissed {
                comparison.misses += 1
                comparison.shortfall = max(comparison.shortfall, limit.shortfall(need))
            }
            let bytes = Double(limit.limit.rawValue)
            sum += bytes
            guard let theirs = others?[index] else { continue }
            let theirBytes = Double(theirs.limit.rawValue)
            otherSum += theirBytes
            otherCount += 1
            differences += (bytes - theirBytes).magnitude
            if theirs.misses(need), limit.mayHold(need) { comparison.cured += 1 }
            if bytes < theirBytes {
                comparison.lowered += 1
                comparison.lowering = max(comparison.lowering, theirBytes / max(bytes, 1))
            }
        }
        comparison.mean = sum / Double(max(comparison.replayed, 1))
        if otherSum > 0 {
            comparison.meanOther = otherSum / Double(otherCount)
            comparison.difference = differences / otherSum
        }
        return comparison
    }

    /// What came of comparing two versions.
    public struct Comparison: Hashable, Sendable {
        /// Calls that the first one decides.
        public var replayed = 0
        /// Those that it would have missed.
        public var misses = 0
        /// Those that the second would have missed and the first would not.
        public var cured = 0
        /// Those that get less than from the second.
        public var lowered = 0
        /// The greatest ratio by which they get less; at least 1.
        public var lowering = 1.0
        /// The greatest ratio by which a call is missed; at least 1.
        public var shortfall = 1.0
        /// The mean limit of the first.
        public var mean = 0.0
        /// The mean limit of the second; nil when it decides nothing.
        public var meanOther: Double?
        /// Σ |difference| over Σ limit of the second.
        public var difference = 0.0
    }
}

/// A time in minutes, or seconds below one.
func minutes(_ duration: Duration) -> String {
    let seconds = max(duration.components.seconds, 1)
    return seconds < 120 ? "\(seconds) s" : "\((seconds + 59) / 60) min"
}
