import FuyunPolicy
import MemoryUnits

/// What the coordinator says about a function's grant: it moves within what the local operator grants, never beyond.
struct GrantNarrowing: Hashable, Sendable {
    /// The furthest that a policy may reach.
    var mode = Mode.enforce
    /// The platform's declared limit.
    var preset: Bytes?
    /// The least limit of a decision.
    var minimum: Bytes?
    /// The greatest limit of a decision.
    var maximum: Bytes?
    /// What limits are rounded up to a multiple of.
    var tier: Bytes?
}

extension AgentConfiguration.Grant {
    /// Takes a narrowing in: the lesser of the modes, the overlap of the two ranges of limits (where they do not overlap,
    /// the end of the local range that is nearer), the lesser preset that is in the local range, the coarser tier.
    mutating func narrow(by narrowing: GrantNarrowing) {
        mode = min(mode, narrowing.mode)
        let (least, greatest) = (minimum, maximum ?? .max)
        func within(_ limit: Bytes) -> Bytes { max(least, min(limit, greatest)) }
        if let limit = narrowing.minimum { minimum = within(limit) }
        if let limit = narrowing.maximum { maximum = max(within(limit), minimum) }
        if let limit = narrowing.preset { preset = min(preset ?? .max, within(limit)) }
        if let step = narrowing.tier { tier = max(tier, step) }
    }
}
