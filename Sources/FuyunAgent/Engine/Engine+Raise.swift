import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits

extension Engine {
    /// Raises a decision: by the function's own raise after a miss, and to what was advised for the call that this one
    /// tries again.
    ///
    /// Off the usual path: called only while a raise is in force or when the caller says that it tries again.
    ///
    /// - Returns: Which try the call is; 0 for a first one.
    func raise(_ judgement: inout Judgement, of begin: BeginRequest, in container: ManagedContainer) -> UInt8 {
        let advice = begin.retryOf.flatMap { $0.epoch == epoch ? retries[$0.sequence] : nil }
        let retried = advice.flatMap { $0.function == begin.function ? $0 : nil }
        if var record = judgement.decision {
            let bounds = grant(for: begin.function).bounds(under: greatestLimit(of: container))
            if let bump = bumps[begin.function] { record = bump.raised(record, within: bounds) }
            if let retried { record.raise(to: min(retried.limit, bounds.maximum)) }
            judgement.decision = record
            judgement.report?.limit = record.decision.limit
            judgement.report?.adjustments = record.decision.adjustments
        }
        return retried?.attempt ?? 0
    }

    /// The limit to advise for another try of a call; nil when none would help.
    func retryLimit(after observation: Observation, of call: Call) -> Bytes? {
        guard observation.verdict.ownLimitExceeded else { return nil }
        let maximum = grant(for: observation.function).bounds(under: greatestLimit(of: call.container)).maximum
        let advice = RetryAdvice(
            after: observation,
            attempt: call.attempt,
            mostSeen: functions.mostSeen(of: observation.function),
            maximum: maximum
        )
        guard let advice else { return nil }
        retries.insert(advice, for: call.id.sequence)
        return advice.limit
    }

    /// Takes in what a call's end says about the limits of its function.
    func learn(from observation: Observation) {
        guard observation.verdict.ownLimitExceeded || !bumps.isEmpty else { return }
        if bumps.add(observation, mostSeen: functions.mostSeen(of: observation.function)) {
            metrics.limiter.raises.increment()
        }
    }

    private func greatestLimit(of container: ManagedContainer) -> Bytes {
        min(container.ledger.ceiling.ceiling, container.ledger.ancestorLimit.ceiling)
    }
}
