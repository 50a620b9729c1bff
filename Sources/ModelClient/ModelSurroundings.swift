import Glibc
import NIOSSL

/// The clocks and the chance that a client lives by; tests have their own.
struct ModelSurroundings: Sendable {
    /// The time of day, since 1970.
    var wall: @Sendable () -> Duration
    /// A clock that only goes forward.
    var monotonic: @Sendable () -> Duration
    /// Waits.
    var sleep: @Sendable (Duration) async throws -> Void
    /// Evenly distributed in 0..<1.
    var chance: @Sendable () -> Double

    /// The real ones.
    static let system = ModelSurroundings(
        wall: { read(CLOCK_REALTIME) },
        monotonic: { read(CLOCK_MONOTONIC) },
        sleep: { try await Task.sleep(for: $0) },
        chance: { Double.random(in: 0..<1) }
    )

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// The certificates that are trusted.
struct TLSTrust: Sendable {
    var configuration: TLSConfiguration
}
