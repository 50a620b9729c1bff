/// Who says which function a container runs.
public enum FunctionClaimant: String, Hashable, Sendable {
    /// A process inside the container, which is believed once.
    case peer
    /// The platform, which is believed always.
    case platform
}

/// Which function a container is known to run.
///
/// A container runs one function. What a peer says first, sticks; what the platform says, overrides; a peer that later
/// names another function gets no policy for it, so that code inside a container cannot shop for another function's
/// limit.
public struct FunctionBinding: Hashable, Sendable {
    /// What a claim led to.
    public enum Verdict: Hashable, Sendable {
        /// The container runs this function.
        case accepted
        /// The container runs another function; no policy applies.
        case mismatch
    }

    /// The function, when anyone has said.
    public private(set) var function: String?
    /// Who said so.
    public private(set) var claimant: FunctionClaimant?

    /// A container of which nobody has said anything.
    public init() {}

    /// What a claim would lead to.
    public func verdict(on function: String, by claimant: FunctionClaimant) -> Verdict {
        claimant == .platform || self.function == nil || self.function == function ? .accepted : .mismatch
    }

    /// Takes in a claim.
    public mutating func claim(_ function: String, by claimant: FunctionClaimant) -> Verdict {
        guard verdict(on: function, by: claimant) == .accepted else { return .mismatch }
        if claimant == .platform || self.claimant == nil {
            self.claimant = claimant
            self.function = function
        }
        return .accepted
    }
}
