public import Cgroup

/// Tells a run that thrashes at its limit: nothing is killed, but the function waits for its own pages.
///
/// Such a run is a miss of the sizing as much as a kill is, only slower. Two signs must come together: the limit was
/// hit at all (`max` of memory.events), and the container's tasks stood still for want of memory (PSI,
/// memory.pressure). Either alone is harmless: a run that streams a file through the page cache hits its limit
/// thousands of times at little cost, and a stall without a hit comes from outside, from the node or an ancestor.
public struct ThrashDetector: Hashable, Sendable {
    /// The share of the run in which every task stood still, from which it counts as thrashing.
    public var fullShare: Double
    /// The share of the run in which at least one task stood still, from which it counts as thrashing.
    public var someShare: Double
    /// Hits of the limit per second from which a run counts as thrashing where the kernel has no PSI.
    ///
    /// One hit reclaims about 32 pages, so that a thousand a second is 128 MiB/s of nothing but reclaim.
    public var hitsPerSecondWithoutPressure: Double
    /// Runs shorter than this are not judged: one stall would be all of them.
    public var leastDuration: Duration

    /// Makes a detector with thresholds; each at its default unless given.
    public init(
        fullShare: Double = 0.10,
        someShare: Double = 0.25,
        hitsPerSecondWithoutPressure: Double = 1_000,
        leastDuration: Duration = .milliseconds(20)
    ) {
        self.fullShare = fullShare
        self.someShare = someShare
        self.hitsPerSecondWithoutPressure = hitsPerSecondWithoutPressure
        self.leastDuration = leastDuration
    }

    /// A judgement and its figures.
    public struct Verdict: Hashable, Sendable {
        /// Whether the run thrashed.
        public var isThrashing: Bool
        /// The share of the run in which every task stood still; nil without PSI.
        public var fullShare: Double?
        /// The share of the run in which at least one task stood still; nil without PSI.
        public var someShare: Double?
        /// Hits of the limit per second; nil where the kernel does not count them.
        public var hitsPerSecond: Double?

        /// Makes a verdict; figures unknown unless given.
        public init(
            isThrashing: Bool,
            fullShare: Double? = nil,
            someShare: Double? = nil,
            hitsPerSecond: Double? = nil
        ) {
            self.isThrashing = isThrashing
            self.fullShare = fullShare
            self.someShare = someShare
            self.hitsPerSecond = hitsPerSecond
        }
    }

    /// Judges a run by what happened during it: the growth of the stall totals, the hits of the container's own limit,
    /// and how long it took.
    ///
    /// A run in which something was killed is an OOM, not thrashing.
    public func judge(stall: PressureStall?, limitHits: UInt64?, killed: Bool, duration: Duration) -> Verdict {
        let seconds = duration / .seconds(1)
        guard seconds > 0 else { return Verdict(isThrashing: false) }
        let full = stall.map { min($0.full / .seconds(1) / seconds, 1) }
        let some = stall.map { min($0.some / .seconds(1) / seconds, 1) }
        let rate = limitHits.map { Double($0) / seconds }
        var verdict = Verdict(isThrashing: false, fullShare: full, someShare: some, hitsPerSecond: rate)
        guard !killed, duration >= leastDuration, let limitHits, limitHits > 0, let rate else { return verdict }
        if let full, let some {
            verdict.isThrashing = full >= fullShare || some >= someShare
        } else {
            verdict.isThrashing = rate >= hitsPerSecondWithoutPressure
        }
        return verdict
    }
}
