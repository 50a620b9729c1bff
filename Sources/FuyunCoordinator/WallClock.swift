public import FuyunStore
import Glibc

/// Tells the time of day, for what is stored; tests tell their own.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Timestamp

    /// A clock that reads as the closure says.
    public init(_ read: @escaping @Sendable () -> Timestamp) { self.read = read }

    /// The system's clock.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The moment.
    public var now: Timestamp { read() }
}
