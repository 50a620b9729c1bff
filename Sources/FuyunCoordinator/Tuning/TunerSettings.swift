public import FuyunTuning

/// How a coordinator's tuner works.
public struct TunerSettings: Sendable, Equatable {
    /// When to fit, and when versions move.
    public var rules = RolloutRules()
    /// How to fit.
    public var fitting = FuyunTuning.TuningSettings()
    /// The latest observations of a function that are looked at.
    public var observations = 1_000
    /// Functions that are looked at at the same time; nil for one a core.
    public var workers: Int?
    /// Functions that are remembered; news of more are dropped and counted, and found by the sweep.
    public var functions = 50_000
    /// The least time between two looks at a function that goes on missing; doubles while nothing helps.
    public var pause = Duration.milliseconds(100)
    /// Where that doubling ends.
    public var pauseAtMost = Duration.seconds(10)
    /// Functions a page of the sweep, which finds what news did not tell of.
    public var sweepPage = 100
    /// How long the sweep rests between two pages.
    public var sweepRest = Duration.seconds(1)
    /// How long it rests after the last page.
    public var sweepPeriod = Duration.seconds(600)

    /// The defaults.
    public init() {}
}
