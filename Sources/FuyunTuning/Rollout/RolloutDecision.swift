public import FuyunPolicy

/// One version's step on the ladder.
public struct RolloutChange: Hashable, Sendable {
    /// The version that moves.
    public var version: Int
    /// Where it goes.
    public var status: PolicyStatus

    /// Makes a step.
    public init(_ version: Int, to status: PolicyStatus) {
        self.version = version
        self.status = status
    }
}

/// What is to be done about a function, before any fit.
public enum RolloutDecision: Hashable, Sendable {
    /// Nothing; why, and when to look again even if nothing new comes (since 1970).
    case keep(reason: String, lookAgain: Duration?)
    /// Fit, then ask `RolloutRules.publishing`.
    case refit(RefitTrigger)
    /// Move versions, all at once.
    case move(RolloutMove, [RolloutChange], reason: String)
}

/// A move of versions that are there already.
public enum RolloutMove: String, Hashable, Sendable, CaseIterable {
    /// A canary becomes active.
    case promotion
    /// The active version is taken back; the one before it is active again.
    case rollBack = "roll_back"
    /// A canary is taken back; the active version stays.
    case withdrawal
    /// The active version goes back into shadow: the preset applies.
    case suspension
}

/// What becomes of a fitted version.
public enum PublishDecision: Hashable, Sendable {
    /// It is published.
    case publish(PublishPlan)
    /// It is not; why, and when it could be (since 1970).
    case refuse(Refusal, reason: String, lookAgain: Duration?)

    /// Why a version is not published.
    public enum Refusal: String, Hashable, Sendable, CaseIterable {
        /// An operator's switch.
        case switches
        /// It would have missed calls, or its document is not what may be published.
        case notVerified = "not_verified"
        /// It is as good as the version in use.
        case noDifference = "no_difference"
        /// It lowers limits, and a roll-back was not long ago.
        case coolingDown = "cooling_down"
        /// It lowers limits, and the operator said never to.
        case neverLower = "never_lower"
    }
}

/// How a fitted version is published.
public struct PublishPlan: Hashable, Sendable {
    /// Where it starts: active or canary.
    public var status: PolicyStatus
    /// The share of a canary.
    public var canaryShare: Double?
    /// The version that it takes the place of; nil for the first.
    public var supersedes: Int?
    /// Versions that retire with it.
    public var retiring: [Int]
    /// The mean limit before, over the calls replayed, in bytes; nil without an active version.
    public var meanBefore: Double?
    /// The mean limit of the new version over the same calls, in bytes.
    public var meanAfter: Double
    /// Calls it was replayed on.
    public var replayed: Int
    /// Why, in a sentence for people.
    public var reason: String
}
