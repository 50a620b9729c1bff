import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import Logging

extension Engine {
    /// Takes a snapshot into use, unless a newer one is; raises of versions that are gone end.
    ///
    /// - Parameters:
    ///   - snapshot: The policies.
    ///   - refused: How many documents of the directory were refused now that were not before.
    func use(_ snapshot: PolicySnapshot, refused: Int) {
        // Two sources compose on threads of their own, and may come here in the other order.
        guard snapshot.revision > policies.revision else { return }
        let before = policies.problems
        policies = snapshot
        bumps.retain { function, version in
            let set = snapshot.functions[function]?.set
            return set?.active?.version == version || set?.candidate?.version == version
        }
        let metrics = metrics.policies
        metrics.reloads.increment()
        metrics.loaded.set(snapshot.documents)
        metrics.bad.set(snapshot.problems.count)
        if refused > 0 { metrics.refused.increment(by: refused) }
        for problem in snapshot.problems where !before.contains(problem) {
            for message in problem.messages {
                logger.error(
                    "a policy document is refused",
                    metadata: [
                        "file": "\(problem.file)", "problem": "\(message)",
                        "kept": problem.keptVersion.map { "version \($0)" } ?? "none",
                    ]
                )
            }
        }
        logger.info(
            "policies loaded",
            metadata: ["documents": "\(snapshot.documents)", "refused": "\(snapshot.problems.count)"]
        )
    }

    /// What an operator grants a function: the configuration's grant, narrowed by the coordinator's.
    func grant(for function: String) -> AgentConfiguration.Grant {
        var grant = configuration.grant(for: function)
        if let narrowing = policies.functions[function]?.narrowing { grant.narrow(by: narrowing) }
        return grant
    }
}
