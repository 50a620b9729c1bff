import FuyunPolicy

/// How far a version of a policy reaches, and whether it decides for one call.
struct PolicyReach {
    /// The mode for the call; nil when the version is not used.
    var mode: Mode?
    /// The reach in words.
    var sentence: String

    /// Finds out how far a version reaches.
    ///
    /// - Parameter activation: The call's activation id, by which canaries are chosen.
    init(_ policy: CompiledPolicy, activation: String?) {
        let share = "\(rounded(policy.canaryShare * 100, decimals: 2)) %"
        switch policy.mode {
        case nil:
            mode = nil
            sentence =
                "A version that is \(policy.status.rawValue) is not used by agents; this is what it would decide."
        case .canary:
            guard let activation else {
                mode = .canary
                sentence =
                    "A canary: it decides for \(share) of the calls (--activation ID says for which); for the others "
                    + "that is only recorded."
                return
            }
            var versions = PolicySet()
            versions.insert(policy)
            mode = versions.plan(activationHash: StableHash.hash(activation), cap: .enforce).mode
            sentence =
                mode == .canary
                ? "A canary, and this activation is one of the \(share) of the calls for which it decides."
                : "A canary, but this activation is not one of the \(share) of the calls for which it decides; what it "
                    + "decides is only recorded."
        case .enforce:
            mode = .enforce
            sentence = "Active: agents let it decide for every call."
        case let other?:
            mode = other
            sentence = "In shadow: agents only record what it decides; the preset applies."
        }
    }
}
