import CoreMetrics
import FuyunInvocation
import PrometheusMetrics

/// Calls in flight that needed more than they were given.
struct RescueMetrics: Sendable {
    /// Looks that found that a container needs more.
    let trips: Counter
    /// Raises of a limit in flight, by their reason.
    let raises: [RescueReason: Counter]
    /// Calls that were saved.
    let saved: Counter
    /// From the look to the written limits, in seconds.
    let latency: CoreMetrics.Timer
    /// How long saved calls stood still for memory in all, in seconds.
    let stall: CoreMetrics.Timer
    /// What rescues in flight have above what their calls began with, in bytes.
    let granted: CoreMetrics.Meter
    /// Containers that wait for room.
    let waiting: CoreMetrics.Meter
    /// Times the node had no room at first.
    let waits: Counter
    /// Containers for which no room came in time.
    let givenUp: Counter
    /// Tripwires that could not be set.
    let refused: Counter
    /// Containers that are only observed because someone else keeps writing their limits.
    let observeOnly: Counter

    init(_ make: MetricMaker) {
        trips = make.counter("fuyun_rescue_trips_total", "Looks that found that a call in flight needs more memory.")
        raises = make.counters(
            "fuyun_rescue_raises_total",
            "Raises of the limit of calls in flight.",
            label: "reason",
            of: RescueReason.self
        )
        saved = make.counter(
            "fuyun_rescue_calls_total",
            "Calls that needed more than they were given and got it while they ran."
        )
        latency = make.timer("fuyun_rescue_duration_seconds", "Time from the look to the written limits.")
        stall = make.timer("fuyun_rescue_stall_seconds", "Time for which saved calls stood still for memory.")
        granted = make.gauge(
            "fuyun_rescue_granted_bytes",
            "What rescues in flight have above what their calls began with."
        )
        waiting = make.gauge("fuyun_rescue_waiting", "Containers that wait for room on the node.")
        waits = make.counter("fuyun_rescue_waits_total", "Times the node had no room for a rescue at first.")
        givenUp = make.counter("fuyun_rescue_given_up_total", "Containers for which no room came in time.")
        refused = make.counter("fuyun_rescue_refused_total", "Containers whose tripwire could not be set.")
        observeOnly = make.counter(
            "fuyun_limiter_observe_only_total",
            "Containers that are only observed as someone else keeps writing their limits."
        )
    }
}
