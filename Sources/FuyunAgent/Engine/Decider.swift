import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore

/// What a function's policies say of one payload.
struct Judgement {
    /// The decision that counts (or would, in shadow and observe); nil without a policy.
    var decision: DecisionRecord?
    /// The decision of a second version that is only written down.
    var shadow: DecisionRecord?
    /// How far the decision reaches.
    var mode = Mode.observe
    /// The numbers that it was made from.
    var features = RecordedFeatures.none
    /// The same for the caller.
    var report: DecisionReport?

    /// Judges a payload: pure, but for the reading of the request.
    ///
    /// - Parameters:
    ///   - function: The function's policies; nil when it has none.
    ///   - grant: What the operator grants it.
    ///   - ceiling: The container's ceiling, its ancestors included.
    ///   - canRescue: Whether the container's calls are raised while they run, so that the tight bound will do.
    ///   - activationHash: Chooses canaries.
    ///   - payload: The part of the payload that was kept.
    ///   - length: The payload's true size.
    ///   - header: A header of the request by name.
    init(
        of function: PolicySnapshot.Function?,
        grant: AgentConfiguration.Grant,
        ceiling: Bytes,
        canRescue: Bool,
        activationHash: UInt64,
        payload: ByteBuffer,
        length: UInt64,
        header: (String) -> String?
    ) {
        guard let function else { return }
        var plan = function.set.plan(activationHash: activationHash, cap: grant.mode)
        if plan.mode == .canary, StableHash.fraction(activationHash) >= grant.canaryShare {
            plan = function.set.plan(activationHash: activationHash, cap: .shadow)
        }
        mode = plan.mode
        let bounds = grant.bounds(under: ceiling)
        guard let policy = plan.applied ?? plan.recorded else { return }
        let (decision, vector) = Self.decide(policy, bounds, canRescue, payload, length, header)
        self.decision = DecisionRecord(decision, policyVersion: policy.version)
        let variables = function.variables[policy.version] ?? []
        features = RecordedFeatures(variables) { vector.state($0).isUsable ? vector.value($0) : nil }
        report = DecisionReport(
            decision,
            policyVersion: policy.version,
            features: Self.features(variables, vector)
        )
        if plan.applied != nil, let second = plan.recorded {
            let (other, seen) = Self.decide(second, bounds, canRescue, payload, length, header)
            shadow = DecisionRecord(other, policyVersion: second.version)
            if let joint = function.joint, policy.version == function.set.active?.version {
                features = RecordedFeatures(joint.variables) { index in
                    if index < joint.own { return vector.state(index).isUsable ? vector.value(index) : nil }
                    let place = joint.places[index - joint.own]
                    return seen.state(place).isUsable ? seen.value(place) : nil
                }
            }
        }
    }

    private static func decide(
        _ policy: CompiledPolicy,
        _ bounds: SafetyBounds,
        _ canRescue: Bool,
        _ payload: ByteBuffer,
        _ length: UInt64,
        _ header: (String) -> String?
    ) -> (decision: Decision, features: FeatureVector) {
        let features = payload.withUnsafeReadableBytes { body in
            policy.extract(body: body, totalLength: max(length, UInt64(body.count)), header: header)
        }
        return (policy.decide(features, within: bounds, rescue: canRescue), features)
    }

    private static func features(
        _ variables: [RecordedFeatures.Variable],
        _ vector: FeatureVector
    ) -> [DecisionReport.Feature] {
        variables.indices.map { index in
            let variable = variables[index]
            guard vector.state(index).isUsable else { return DecisionReport.Feature(variable.name, .missing) }
            let value = vector.value(index)
            guard let words = variable.words else { return DecisionReport.Feature(variable.name, .number(value)) }
            let word = Int(exactly: value).flatMap { words.indices.contains($0) ? words[$0] : nil }
            return DecisionReport.Feature(variable.name, word.map { .category($0) } ?? .missing)
        }
    }
}
