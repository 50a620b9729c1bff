import FuyunPolicy
import MemoryUnits

/// What is measured: one policy, one payload.
///
/// Its methods are never inlined, so that a profiler finds them by name.
struct Subject {
    let policy: CompiledPolicy
    let payload = makePayload()
    let bounds = SafetyBounds(
        minimum: .mebibytes(1),
        maximum: .gibibytes(4),
        preset: .mebibytes(512),
        tier: .mebibytes(1)
    )

    @inline(never)
    func measuredFeatures() -> FeatureVector {
        payload.withUnsafeBytes { policy.extract(body: $0, totalLength: UInt64($0.count), header: { _ in nil }) }
    }

    @inline(never)
    func measuredDecision(_ features: FeatureVector) -> Decision {
        policy.decide(features, within: bounds)
    }
}

/// A payload of 1 KiB: what the policy asks for lies behind a few members that it does not.
private func makePayload() -> [UInt8] {
    let token = String(repeating: "c2VjcmV0", count: 96)
    return Array(
        """
        {"bucket":"videos","token":"\(token)","tags":["night","4k",{"n":[1,2,3]}],\
        "op":"watermark","object":{"name":"clip.mp4","width":1280,"height":720,"fps":"30000/1001","duration":12.5}}
        """.utf8
    )
}
