public import Cgroup
public import MemoryUnits

/// What a run says about how much memory it needed: an interval, never a point.
///
/// `memory.peak` is not need. It counts page cache, which the kernel drops when asked, and it stops at the limit. So
/// the need is at least the highest non-reclaimable use that was seen, and at most the peak; and when the run
/// succeeded, at most the limit that it succeeded under. A run that ran out says only "more than the limit". A tuner
/// that learns from intervals never learns its own limits back.
public struct NeedInterval: Hashable, Sendable {
    /// The run needs at least this much.
    public var lower: Bytes
    /// The run needs at most this much; nil when nothing bounds it.
    public var upper: Bytes?
    /// Whether something cut the run short before it showed all of its need; only the lower end means anything then.
    public var isCensored: Bool

    /// Makes an interval.
    public init(lower: Bytes, upper: Bytes?, isCensored: Bool = false) {
        self.lower = lower
        self.upper = upper
        self.isCensored = isCensored
    }

    /// The interval that a run's figures give.
    /// - Parameters:
    ///   - highestResident: the highest non-reclaimable use seen at the start, at the end or in between.
    ///   - peak: the peak, if any. That of samples bounds nothing from above.
    ///   - lowestLimit: the tightest effective limit during the run; `Bytes.max` for none.
    ///   - highestLimit: the widest effective limit during the run; `Bytes.max` for none.
    ///   - succeeded: whether the function answered, and nothing of it was killed.
    ///   - verdict: what the classifier says.
    public init(
        highestResident: Bytes,
        peak: PeakReading?,
        lowestLimit: Bytes,
        highestLimit: Bytes,
        succeeded: Bool,
        verdict: OOMVerdict
    ) {
        if verdict.ownLimitExceeded {
            let lower = lowestLimit == .max ? highestResident : Swift.max(lowestLimit, highestResident)
            self.init(lower: lower, upper: nil, isCensored: true)
            return
        }
        guard verdict.oomClass == nil, succeeded else {
            self.init(lower: highestResident, upper: nil, isCensored: verdict.oomClass != nil)
            return
        }
        var upper = highestLimit
        if let peak, peak.method != .sampled { upper = Swift.min(upper, peak.bytes) }
        guard upper != .max else {
            self.init(lower: highestResident, upper: nil)
            return
        }
        // The kernel's statistics lag behind its counter by up to a batch per CPU: the counter wins.
        self.init(lower: Swift.min(highestResident, upper), upper: upper)
    }
}
