import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits

extension Observation {
    /// From which factor between bound and need a prediction counts as far off.
    static let largeError = 1.5

    /// Whether the limit was too small: the tuner must hear of it at once.
    var isMiss: Bool { verdict.ownLimitExceeded || rescues > 0 || thrash.isThrashing }

    /// Whether the coordinator gets it whatever the sampling rate: misses and failures, large errors of the prediction,
    /// and calls by which a version on probation is judged.
    var isRemarkable: Bool {
        isMiss || outcome != .success || verdict.oomClass != nil || mode == .canary || shadow != nil
            || (decision?.step ?? 0) > 0 || isFarOff
    }

    private var isFarOff: Bool {
        guard let decision = decision?.decision, decision.reason == .policy, !isShared else { return false }
        let bound = Double(decision.bound.rawValue)
        if Double(need.lower.rawValue) > bound * Self.largeError { return true }
        guard let upper = need.upper else { return false }
        return bound > Double(upper.rawValue) * Self.largeError
    }

    /// Whether the coordinator gets it, by the share of the unremarkable ones that it asked for.
    ///
    /// The id chooses, so that the choice is the same however often it is made, and independent of who is a canary.
    func isChosen(by sampling: ObservationsAnswer.Sampling) -> Bool {
        let share = sampling.share(of: function)
        if share >= 1 || isRemarkable { return true }
        return StableHash.fraction(StableHash.hash(StableHash.hash(UInt64(id.epoch)) ^ id.sequence)) < share
    }
}
