/// What a replay came to.
public struct ReplayResult: Sendable {
    /// What was replayed, in a few words.
    public var title: String
    /// Calls of the traces.
    public var rows: Int
    /// The groups, in the order of the traces.
    public var groups: [GroupInfo]
    /// How it went.
    public var options: ReplayOptions
    /// The strategies, in the order in which they were asked for.
    public var strategies: [StrategyResult]

    /// A group.
    public struct GroupInfo: Hashable, Sendable {
        /// Its name; empty when the trace is not grouped.
        public var name: String
        /// Its calls.
        public var rows: Int
    }
}

/// What one strategy came to.
public struct StrategyResult: Sendable {
    /// Its name, as it was asked for.
    public var name: String
    /// What it is, in a line.
    public var summary: String
    /// The windows, as in the options.
    public var windows: [WindowResult]
    /// Calls up to and including the last failure, for each group and run: after so many the strategy was reliable.
    ///
    /// Nil for a run that was not reliable at its end: its last call failed.
    public var reliableAfter: [[Int?]]
    /// Fits per 100 calls.
    public var refitsPer100: Double
    /// The calls and fits of each group's first run, where they were kept.
    public var firstRuns: [GroupRun]

    /// The median of `reliableAfter`; runs that never were count as the worst.
    ///
    /// Nil when the median run never was.
    public var medianReliableAfter: Int? {
        let all = reliableAfter.joined().map { $0 ?? Int.max }.sorted()
        guard !all.isEmpty else { return nil }
        let middle = all[all.count / 2]
        return middle == .max ? nil : middle
    }
}

/// One group's first run.
public struct GroupRun: Sendable {
    /// The group's name.
    public var group: String
    /// Its calls, in order.
    public var calls: [CallRecord]
    /// Its fits, in order.
    public var fits: [FitRecord]
}

/// The calls of one window, of all groups and runs.
public struct WindowResult: Sendable {
    /// Which calls.
    public var window: CallWindow
    /// All of them together, each call of each run counting once.
    public var pooled: Score
    /// The distinct calls behind them: those of one run, on average.
    public var distinctCalls: Double
    /// The score of each group, all runs together.
    public var groups: [Score]
    /// The share of first attempts that failed, of all calls together, with Wilson's interval for the distinct calls.
    public var firstFailures: Estimate
    /// The mean over groups of the share of first attempts that failed; nil without calls.
    public var meanFailures: Estimate?
    /// The mean over groups of the waste ratio; nil when nothing finished.
    public var meanWaste: Estimate?
    /// The mean over groups of the share of rescued calls.
    public var meanRescued: Estimate?
    /// Waste over use of all calls together, with the bootstrap interval.
    public var wasteOverUse: Estimate?
    /// At the failure rate that was asked for; nil where there is none, and for strategies that rescue.
    public var matched: MatchedFailure?
}
