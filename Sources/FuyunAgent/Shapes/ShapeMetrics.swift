import CoreMetrics
import PrometheusMetrics

/// What payloads look like: how many were looked at, and what the coordinator was told.
///
/// There only when a coordinator is configured and `shapes.enabled` is set.
struct ShapeMetrics: Sendable {
    /// Payloads that were looked at.
    let payloads: Counter
    /// Copies dropped because the thread was behind.
    let dropped: Counter
    /// Functions whose payloads are known.
    let functions: CoreMetrics.Meter
    /// Shapes that the coordinator took.
    let sent: Counter
    /// Requests with shapes that failed.
    let failures: Counter

    init(_ make: MetricMaker) {
        payloads = make.counter("fuyun_shapes_payloads_total", "Payloads whose shape was looked at.")
        dropped = make.counter(
            "fuyun_shapes_dropped_total",
            "Payloads whose shape was not looked at because others waited."
        )
        functions = make.gauge("fuyun_shapes_functions", "Functions whose payloads' shape is known.")
        sent = make.counter("fuyun_shapes_sent_total", "Shapes of payloads that the coordinator took.")
        failures = make.counter("fuyun_shapes_failures_total", "Requests with shapes of payloads that failed.")
    }
}
