public import MemoryUnits

/// The limiter's constants, the same for every container of a node.
public struct LimiterSettings: Hashable, Sendable {
    /// The least distance between `memory.current` and a limit that is written.
    ///
    /// The kernel charges in per-CPU batches of 64 pages and a waking runtime allocates before its first line of work;
    /// four mebibytes cover both on a container of one or two CPUs.
    public var minimumSlack: Bytes
    /// The distance as a share of `memory.current`: 1/16, because what a container does in the moment between the
    /// reading and the write grows with its size.
    public var slackDivisor: UInt64
    /// The greatest distance, so that a container of many gibibytes is not given a sixteenth of them for nothing.
    public var maximumSlack: Bytes
    /// How much page cache an idle container may keep when it is settled: mapped libraries and the files that it reads
    /// again each time.
    ///
    /// Less makes the next call read them from disk, more makes the next limit wider than decided.
    public var cacheAllowance: Bytes
    /// The most invocations of one container that are followed at once; at most 64.
    public var maximumConcurrency: Int
    /// How long a container stays at its ceiling after it had more invocations at once than are followed.
    public var overflowPause: Duration
    /// The least time between two re-assertions of an overwritten limit.
    public var reassertInterval: Duration
    /// The most re-assertions per invocation; after that the overwriter wins, and the limit is as wide as it wants.
    public var reassertBudget: Int
    /// Limits are written as multiples of this, as the kernel keeps them in pages; a value that is none reads back
    /// smaller.
    public var pageSize: Bytes
    /// When a run counts as thrashing.
    public var thrash: ThrashDetector
    /// How often someone else may change a limit of a container with calls in flight, in its whole life, before the
    /// container is only observed; 0: always fight on.
    public var fightLimit: UInt64
    /// Where the tripwire of a rescue lies, and how far a raise goes.
    public var rescue: RescueSettings

    /// Makes settings; every one at its default unless given.
    public init(
        minimumSlack: Bytes = .mebibytes(4),
        slackDivisor: UInt64 = 16,
        maximumSlack: Bytes = .mebibytes(64),
        cacheAllowance: Bytes = .mebibytes(64),
        maximumConcurrency: Int = 64,
        overflowPause: Duration = .seconds(60),
        reassertInterval: Duration = .milliseconds(100),
        reassertBudget: Int = 10,
        pageSize: Bytes = .kibibytes(4),
        thrash: ThrashDetector = ThrashDetector(),
        fightLimit: UInt64 = 100,
        rescue: RescueSettings = RescueSettings()
    ) {
        self.minimumSlack = minimumSlack
        self.slackDivisor = Swift.max(slackDivisor, 1)
        self.maximumSlack = Swift.max(maximumSlack, minimumSlack)
        self.cacheAllowance = cacheAllowance
        self.maximumConcurrency = Swift.min(Swift.max(maximumConcurrency, 1), 64)
        self.overflowPause = overflowPause
        self.reassertInterval = reassertInterval
        self.reassertBudget = reassertBudget
        self.pageSize = pageSize
        self.thrash = thrash
        self.fightLimit = fightLimit
        self.rescue = rescue
    }

    /// The distance to keep above `current`: a sixteenth of it, within the least and the greatest distance.
    public func slack(above current: Bytes) -> Bytes {
        Swift.min(Swift.max(Bytes(current.rawValue / slackDivisor), minimumSlack), maximumSlack)
    }

    /// The least limit that may be written while `memory.current` is `current`: no reclaim, no blocking, no kill.
    public func floor(above current: Bytes) -> Bytes {
        (current + slack(above: current)).roundedUp(toMultipleOf: pageSize)
    }
}
