/// A moment on a clock that never goes back (`CLOCK_MONOTONIC`), in nanoseconds.
///
/// This module reads no clock: whoever tells the limiter of an event says when it happened. That is what lets a replay
/// run a day of invocations in a second and come to the very same answers.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since an arbitrary start, the same one for every moment that is compared.
    public var nanoseconds: UInt64

    /// Wraps a reading of the clock.
    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Orders moments.
    @inlinable
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// How long ago `earlier` was; zero when it was not earlier.
    @inlinable
    public func since(_ earlier: MonotonicTime) -> Duration {
        guard nanoseconds > earlier.nanoseconds else { return .zero }
        return .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
    }

    /// The moment that lies `duration` later; a negative duration counts as zero, and it ends at the clock's last
    /// moment.
    @inlinable
    public func advanced(by duration: Duration) -> MonotonicTime {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return self }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (step, tooFar) = whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        let (sum, beyond) = nanoseconds.addingReportingOverflow(step)
        return MonotonicTime(nanoseconds: overflow || tooFar || beyond ? .max : sum)
    }
}
