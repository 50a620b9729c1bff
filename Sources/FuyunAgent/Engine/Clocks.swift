import FuyunInvocation
import FuyunProtocol
import Glibc

/// The two clocks of the agent, read where an event arrives and nowhere deeper.
enum Clocks {
    /// CLOCK_MONOTONIC.
    static func monotonic() -> MonotonicTime { MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC)) }

    /// CLOCK_REALTIME in nanoseconds since 1970.
    static func wall() -> UInt64 { read(CLOCK_REALTIME) }

    /// CLOCK_REALTIME as the protocol's deadlines are given.
    static func moment() -> Deadline { Deadline(nanosecondsSinceEpoch: Int64(clamping: wall())) }

    /// CLOCK_REALTIME in milliseconds since 1970.
    static func epochMilliseconds() -> Int64 { Int64(wall() / 1_000_000) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
