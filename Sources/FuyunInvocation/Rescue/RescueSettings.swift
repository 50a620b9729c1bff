public import MemoryUnits

/// The constants of the rescue: where the tripwire lies, and how far a raise goes.
public struct RescueSettings: Hashable, Sendable {
    /// The tripwire lies below the limit by the limit divided by this.
    ///
    /// Above `memory.high` the kernel makes tasks wait, with the square of the overrun as a share of it: below 1 % they
    /// do not wait at all, at 12 % about a second for each 256 KiB. An eighth holds a limit of 128 MiB for some 20 s
    /// while nobody listens, and is of no cost as long as somebody does.
    public var marginDivisor: UInt64
    /// The least margin, for what several threads and a huge page each take before they are made to wait.
    public var minimumMargin: Bytes
    /// The greatest margin.
    public var maximumMargin: Bytes
    /// A raise multiplies the limit by at least this.
    public var growth: Double
    /// A raise multiplies the limit by at most this, whatever the rate of growth asks for.
    public var greatestGrowth: Double
    /// A raise is enough for the present rate of growth for this long.
    ///
    /// The kernel tells of `memory.events` at most once in 10 ms per cgroup (`CGROUP_FILE_NOTIFY_MIN_INTV`).
    public var horizon: Duration
    /// The least raise that is worth a write.
    public var minimumStep: Bytes
    /// The share of the time since the last look in which all tasks stood still, from which a container that reclaims at
    /// its tripwire is raised although it could give memory back.
    public var fullStallShare: Double
    /// The same for at least one task.
    public var someStallShare: Double
    /// Stalls are judged over at least this time.
    public var stallWindow: Duration

    /// Makes settings; every one at its default unless given.
    public init(
        marginDivisor: UInt64 = 8,
        minimumMargin: Bytes = .mebibytes(16),
        maximumMargin: Bytes = .mebibytes(256),
        growth: Double = 1.12,
        greatestGrowth: Double = 2,
        horizon: Duration = .milliseconds(20),
        minimumStep: Bytes = .mebibytes(4),
        fullStallShare: Double = 0.10,
        someStallShare: Double = 0.25,
        stallWindow: Duration = .milliseconds(20)
    ) {
        self.marginDivisor = Swift.max(marginDivisor, 1)
        self.minimumMargin = minimumMargin
        self.maximumMargin = Swift.max(maximumMargin, minimumMargin)
        self.growth = Swift.max(growth, 1.01)
        self.greatestGrowth = Swift.max(greatestGrowth, self.growth)
        self.horizon = horizon
        self.minimumStep = minimumStep
        self.fullStallShare = fullStallShare
        self.someStallShare = someStallShare
        self.stallWindow = stallWindow
    }

    /// How far below `limit` the tripwire lies: a share of it within the least and the greatest margin, and never more
    /// than a quarter of it.
    public func margin(below limit: Bytes) -> Bytes {
        let share = Swift.min(
            Swift.max(Bytes(limit.rawValue / marginDivisor), minimumMargin),
            maximumMargin
        )
        return Swift.min(share, Bytes(limit.rawValue / 4))
    }
}
