import CoreMetrics
import PrometheusMetrics

/// The way to the coordinator and back: spool, reporter, puller.
///
/// There only when a coordinator is configured.
struct SyncMetrics: Sendable {
    /// Bytes that wait in the spool.
    let spoolBytes: CoreMetrics.Meter
    /// Files of the spool.
    let spoolSegments: CoreMetrics.Meter
    /// 1 while the disk takes nothing and observations wait in memory.
    let spoolInMemory: CoreMetrics.Meter
    /// Observations taken into the spool.
    let spooled: Counter
    /// Observations dropped from it to make room.
    let dropped: Counter
    /// Segments that ended with an unfinished record.
    let truncated: Counter
    /// Segments of which the rest was lost to a damaged record.
    let corrupt: Counter
    /// Reads and writes of the spool that failed.
    let spoolErrors: Counter

    /// Observations left out because the coordinator asked for a share only.
    let sampledOut: Counter
    /// Observations that the coordinator took.
    let sent: Counter
    /// Requests with observations that it took.
    let batches: Counter
    /// Observations that it refused, and that were left out.
    let refused: Counter
    /// Requests with observations that failed; they are tried again.
    let sendFailures: Counter

    /// 1 while the last request was answered.
    let reachable: CoreMetrics.Meter
    /// The revision of the policies.
    let revision: CoreMetrics.Meter
    /// Answers with changed policies.
    let pulls: Counter
    /// Requests for policies that failed; they are tried again.
    let pullFailures: Counter
    /// Functions whose change is refused as it stands now.
    let functionsRefused: CoreMetrics.Meter
    /// Changes of functions that were refused.
    let changesRefused: Counter
    /// Stored policies that were damaged and set aside.
    let snapshotsCorrupt: Counter
    /// Writes of the stored policies that failed.
    let snapshotErrors: Counter

    init(_ make: MetricMaker) {
        spoolBytes = make.gauge("fuyun_spool_bytes", "Bytes of observations that wait for the coordinator.")
        spoolSegments = make.gauge("fuyun_spool_segments", "Files of the spool.")
        spoolInMemory = make.gauge(
            "fuyun_spool_in_memory",
            "1 while the disk takes nothing and the last observations wait in memory."
        )
        spooled = make.counter("fuyun_spool_observations_total", "Observations taken into the spool.")
        dropped = make.counter("fuyun_spool_dropped_total", "Observations dropped from the spool to make room.")
        truncated = make.counter(
            "fuyun_spool_truncated_total",
            "Segments of the spool that ended with an unfinished record, as a crash leaves it."
        )
        corrupt = make.counter(
            "fuyun_spool_corrupt_total",
            "Segments of the spool of which the rest was lost to a damaged record."
        )
        spoolErrors = make.counter("fuyun_spool_errors_total", "Reads and writes of the spool that failed.")
        sampledOut = make.counter(
            "fuyun_reporter_sampled_out_total",
            "Observations not sent because the coordinator asked for a share of the unremarkable ones."
        )
        sent = make.counter("fuyun_reporter_observations_total", "Observations that the coordinator took.")
        batches = make.counter("fuyun_reporter_batches_total", "Requests with observations that the coordinator took.")
        refused = make.counter(
            "fuyun_reporter_refused_total",
            "Observations that the coordinator refused, and that were left out."
        )
        sendFailures = make.counter(
            "fuyun_reporter_failures_total",
            "Requests with observations that failed; they are tried again."
        )
        reachable = make.gauge("fuyun_coordinator_reachable", "1 while the coordinator answers.")
        revision = make.gauge("fuyun_coordinator_revision", "The revision of the coordinator's policies in use.")
        pulls = make.counter("fuyun_coordinator_pulls_total", "Answers of the coordinator with changed policies.")
        pullFailures = make.counter(
            "fuyun_coordinator_pull_failures_total",
            "Requests for policies that failed; they are tried again."
        )
        functionsRefused = make.gauge(
            "fuyun_coordinator_functions_refused",
            "Functions whose last change of policies is refused."
        )
        changesRefused = make.counter(
            "fuyun_coordinator_changes_refused_total",
            "Changes of a function's policies that were refused; its last good ones stay."
        )
        snapshotsCorrupt = make.counter(
            "fuyun_coordinator_snapshots_corrupt_total",
            "Stored policies of the coordinator that were damaged and set aside."
        )
        snapshotErrors = make.counter(
            "fuyun_coordinator_snapshot_errors_total",
            "Writes of the coordinator's policies to disk that failed."
        )
    }
}
