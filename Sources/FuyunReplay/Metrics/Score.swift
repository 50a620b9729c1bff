import MemoryUnits

/// What some calls came to: sums only, so that scores of parts add up to the score of the whole.
public struct Score: Hashable, Sendable {
    /// The calls.
    public var calls = 0
    /// Those that got their preset because the strategy had nothing to go by.
    public var presets = 0
    /// Those whose first attempt was killed.
    public var firstFailures = 0
    /// Those that no attempt finished.
    public var finalFailures = 0
    /// Attempts after the first.
    public var retries = 0
    /// Calls that needed more than their limit, were raised in flight and finished.
    public var rescued = 0
    /// Raises in flight, also of calls that came close to their limit and no further.
    public var raises = 0
    /// Calls whose first limit, before any raise, was not below the need.
    public var exactOrOver = 0
    /// The limits of the calls that finished at the first attempt, in bytes; of a raised one the last limit.
    public var given = 0.0
    /// The needs of the same calls, in bytes.
    public var needed = 0.0
    /// Need × time of every call that finished, in byte-seconds.
    public var used = 0.0
    /// Limit × time of every attempt, those that failed included, in byte-seconds.
    public var reserved = 0.0
    /// Limit × time of the attempts that failed, in byte-seconds.
    public var lost = 0.0
    /// The time that calls stood still while they were raised, in seconds.
    public var stalled = 0.0

    /// Nothing.
    public init() {}

    /// Adds up.
    public static func + (left: Score, right: Score) -> Score {
        var sum = left
        sum += right
        return sum
    }

    /// Adds up in place.
    public static func += (left: inout Score, right: Score) {
        left.calls += right.calls
        left.presets += right.presets
        left.firstFailures += right.firstFailures
        left.finalFailures += right.finalFailures
        left.retries += right.retries
        left.rescued += right.rescued
        left.raises += right.raises
        left.exactOrOver += right.exactOrOver
        left.given += right.given
        left.needed += right.needed
        left.used += right.used
        left.reserved += right.reserved
        left.lost += right.lost
        left.stalled += right.stalled
    }

    // MARK: - Figures

    private func share(_ count: Int) -> Double { calls == 0 ? 0 : Double(count) / Double(calls) }

    /// The share of calls whose first attempt was killed.
    public var failureShare: Double { share(firstFailures) }
    /// The share of calls that finished at the first attempt.
    public var success: Double { 1 - failureShare }
    /// The share of calls that finished at last.
    public var finalSuccess: Double { 1 - share(finalFailures) }
    /// The share of calls that were raised in flight and finished.
    public var rescuedShare: Double { share(rescued) }
    /// The share of calls whose first limit was not below the need, as OFC counts (https://doi.org/10.1145/3447786.3456239).
    public var exactOrOverShare: Double { share(exactOrOver) }
    /// Attempts after the first, a call.
    public var retriesPerCall: Double { share(retries) }

    /// The paper's waste ratio, Σ (limit − need) / Σ limit over the calls that finished at the first attempt; nil when none
    /// did.
    public var waste: Double? { given > 0 ? 1 - needed / given : nil }

    /// Wastage over use, both in byte-seconds: (reserved − used) / used, failed attempts being all waste; nil when nothing
    /// finished (Witt et al., https://doi.org/10.1109/HPCS48598.2019.9188126).
    public var wasteOverUse: Double? { used > 0 ? (reserved - used) / used : nil }

    /// Memory allocation quality, used / reserved; nil when nothing was reserved (Witt et al., as above).
    public var allocationQuality: Double? { reserved > 0 ? used / reserved : nil }

    /// Gigabyte-seconds reserved, failed attempts included (10^9 bytes).
    public var gigabyteSeconds: Double { reserved / 1e9 }
}
