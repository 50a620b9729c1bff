public import FuyunPolicy
import MemoryUnits

extension CompiledPolicy {
    /// What this policy would give to calls with these features; nil where its formula does not decide.
    ///
    /// The very same `decide` as on a node, on an idle container: what a warm container holds comes on top there.
    ///
    /// - Parameters:
    ///   - features: The features of each call, as they were recorded.
    ///   - bounds: What the operator grants the function.
    public func replay(
        _ features: some Sequence<[String: Sample.Value]>,
        within bounds: SafetyBounds
    ) -> [ReplayedLimit?] {
        features.map { features in
            let decision = decide(self.features(of: Sample(features: features, need: .above(.zero))), within: bounds)
            guard decision.reason == .policy else { return nil }
            return ReplayedLimit(
                limit: decision.limit,
                bound: decision.bound,
                isGreatest: decision.adjustments.contains(.cutToMaximum)
            )
        }
    }
}
