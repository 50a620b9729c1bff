/// When to fit again, and when a version may move: the parameters of the ladder.
///
/// docs/ladder.md tells the rules in words. All of them are pure: the same state and evidence give the same decision, on
/// every coordinator and after every restart.
public struct RolloutRules: Hashable, Sendable {
    /// Clean samples before the first fit of a skeleton with terms.
    public var firstFitSamples = 6
    /// Clean samples before the first fit of a constant.
    public var firstConstantSamples = 3
    /// A bound that is off by more than this factor, to either side, asks for a fit.
    public var errorFactor = 2.0
    /// So many successes since the last fit ask for another.
    public var successes = 10
    /// What that number is multiplied by after each fit that changed nothing.
    public var successGrowth = 1.5
    /// Where that growth ends.
    public var successesAtMost = 200
    /// After this time anything new asks for a fit.
    public var period = Duration.seconds(3_600)
    /// Clean calls that a version is replayed on before it is published.
    public var replayedCalls = 50
    /// The share of the invocations that a canary decides.
    public var canaryShare = 0.1
    /// The share of a canary that cures a miss of the active version but lowers too much to take its place at once.
    public var urgentCanaryShare = 0.5
    /// Applied calls without a miss after which a canary is promoted.
    public var canaryAppliedCalls = 10
    /// Recorded calls that a canary would have covered after which it is promoted, if `canaryTime` is over as well.
    public var canaryRecordedCalls = 30
    /// For how many recorded calls one that ran under the canary counts: it shows what a limit does, not only what it would
    /// have been.
    public var appliedCallWeight = 3
    /// The greatest share of a version's calls that may be rescued without anything being wrong: a tight bound is meant
    /// to be missed now and then, as nothing fails when it is.
    public var rescuedShare = 0.1
    /// Rescued calls that are forgiven whatever their share.
    public var rescuedCalls = 2
    /// The least time in canary for a promotion by recorded calls alone.
    public var canaryTime = Duration.seconds(60)
    /// A version is not published when its limits differ from the active one's by less than this share, on average.
    public var leastDifference = 0.02
    /// The most by which a version that cures a miss is scaled up so that it lowers nothing and can be active at once.
    public var mostLift = 2.0
    /// For so long after a roll-back only raises are published; doubles with each roll-back that follows.
    public var coolDown = Duration.seconds(600)
    /// Where that doubling ends.
    public var coolDownAtMost = Duration.seconds(86_400)
    /// A roll-back so long after the end of the last cool-down counts as the first one again.
    public var coolDownMemory = Duration.seconds(86_400)

    /// The defaults.
    public init() {}
}
