import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import PrometheusMetrics

/// Every metric of the agent, one struct a component.
///
/// The whole list with its units: docs/operations.md.
struct AgentMetrics: Sendable {
    /// Where the series live and the page is written.
    let registry: PrometheusRegistry
    /// The sockets.
    let server: ServerMetrics
    /// Calls.
    let invocations: InvocationMetrics
    /// Writes of limits.
    let limiter: LimiterMetrics
    /// Calls in flight that needed more.
    let rescue: RescueMetrics
    /// Containers found, admitted and gone.
    let containers: ContainerMetrics
    /// Policies and configuration.
    let policies: PolicyMetrics
    /// The observation log.
    let observations: ObservationMetrics

    init(registry: PrometheusRegistry) {
        self.registry = registry
        let maker = MetricMaker(registry: registry)
        server = ServerMetrics(maker)
        invocations = InvocationMetrics(maker)
        limiter = LimiterMetrics(maker)
        rescue = RescueMetrics(maker)
        containers = ContainerMetrics(maker)
        policies = PolicyMetrics(maker)
        observations = ObservationMetrics(maker)
    }
}

/// The sockets and what goes through them.
struct ServerMetrics: Sendable {
    /// Connections open now.
    let connections: CoreMetrics.Meter
    /// Connections closed at once because a bound was reached.
    let connectionsRefused: Counter
    /// Requests answered with an error of the caller (status 4xx).
    let requestsRefused: Counter
    /// Requests answered with an error of the agent (status 5xx).
    let requestsFailed: Counter
    /// Begins refused because the caller had stopped waiting.
    let deadlinesPassed: Counter
    /// Time from a whole begin request to its answer, in seconds.
    let beginDuration: Timer
    /// Time from a whole end request to its answer, in seconds; waiting for late events included.
    let endDuration: Timer
    /// Connections closed for being idle or too slow.
    let connectionsTimedOut: Counter

    init(_ make: MetricMaker) {
        connections = make.gauge("fuyun_server_connections", "Connections open now.")
        connectionsRefused = make.counter(
            "fuyun_server_connections_refused_total",
            "Connections closed because a bound was reached."
        )
        requestsRefused = make.counter("fuyun_server_requests_refused_total", "Requests answered with status 4xx.")
        requestsFailed = make.counter("fuyun_server_requests_failed_total", "Requests answered with status 5xx.")
        deadlinesPassed = make.counter(
            "fuyun_server_deadlines_passed_total",
            "Begins refused because the caller had stopped waiting."
        )
        beginDuration = make.timer(
            "fuyun_server_begin_duration_seconds",
            "Time from a whole begin request to its answer."
        )
        endDuration = make.timer("fuyun_server_end_duration_seconds", "Time from a whole end request to its answer.")
        connectionsTimedOut = make.counter(
            "fuyun_server_connections_timed_out_total",
            "Connections closed for being idle or too slow."
        )
    }
}

/// Writes of limits, and who else writes them.
struct LimiterMetrics: Sendable {
    /// Writes of a limit that were done.
    let writes: Counter
    /// Writes of a limit that failed.
    let writeFailures: Counter
    /// Limits kept above the decision because page cache was in the way.
    let held: Counter
    /// Changes of a limit by someone else.
    let overwrites: Counter
    /// Limits written again after such a change.
    let reassertions: Counter
    /// Ceilings adopted from the platform.
    let ceilingsAdopted: Counter
    /// Containers whose page cache was given back after a call.
    let settled: Counter
    /// Containers for which that failed or did not end in time.
    let settleFailures: Counter
    /// Containers for which there was no room in the queue.
    let settleDropped: Counter
    /// Properties proposed to systemd.
    let proposals: Counter
    /// Properties that systemd refused.
    let proposalFailures: Counter
    /// Times the limits of a policy's version were raised on the node because a call ran out.
    let raises: Counter

    init(_ make: MetricMaker) {
        writes = make.counter("fuyun_limiter_writes_total", "Writes of memory.max that were done.")
        writeFailures = make.counter("fuyun_limiter_write_failures_total", "Writes of memory.max that failed.")
        held = make.counter(
            "fuyun_limiter_held_total",
            "Limits kept above the decision because page cache was in the way."
        )
        overwrites = make.counter(
            "fuyun_limiter_overwrites_total",
            "Changes of memory.max or memory.swap.max by someone else."
        )
        reassertions = make.counter("fuyun_limiter_reassertions_total", "Limits written again after such a change.")
        ceilingsAdopted = make.counter("fuyun_limiter_ceilings_adopted_total", "Ceilings adopted from the platform.")
        settled = make.counter(
            "fuyun_limiter_settled_total",
            "Containers whose page cache was given back after a call."
        )
        settleFailures = make.counter(
            "fuyun_limiter_settle_failures_total",
            "Containers for which giving back failed or did not end in time."
        )
        settleDropped = make.counter(
            "fuyun_limiter_settle_dropped_total",
            "Containers for which there was no room in the settle queue."
        )
        proposals = make.counter("fuyun_limiter_systemd_proposals_total", "Ceilings proposed to systemd.")
        proposalFailures = make.counter(
            "fuyun_limiter_systemd_proposal_failures_total",
            "Ceilings that systemd refused."
        )
        raises = make.counter(
            "fuyun_limiter_raises_total",
            "Times the limits of a policy version were raised on the node after a miss."
        )
    }
}

/// Containers found, admitted and gone.
struct ContainerMetrics: Sendable {
    /// Containers known now.
    let known: CoreMetrics.Meter
    /// Containers admitted.
    let admitted: Counter
    /// Cgroups that could not be admitted although they match.
    let admissionFailures: Counter
    /// Containers that went away.
    let removed: Counter
    /// Times the kernel's event queue overflowed and everything was scanned again.
    let eventOverflows: Counter
    /// Callers that are no managed container.
    let strangers: Counter

    init(_ make: MetricMaker) {
        known = make.gauge("fuyun_containers", "Containers known now.")
        admitted = make.counter("fuyun_containers_admitted_total", "Containers admitted.")
        admissionFailures = make.counter(
            "fuyun_containers_admission_failures_total",
            "Cgroups that match but could not be admitted."
        )
        removed = make.counter("fuyun_containers_removed_total", "Containers that went away.")
        eventOverflows = make.counter(
            "fuyun_discovery_overflows_total",
            "Times the kernel's event queue overflowed and everything was scanned again."
        )
        strangers = make.counter(
            "fuyun_containers_strangers_total",
            "Requests of callers that are no managed container."
        )
    }
}

/// Policies and configuration as loaded.
struct PolicyMetrics: Sendable {
    /// Policies in the snapshot.
    let loaded: CoreMetrics.Meter
    /// Snapshots taken into use.
    let reloads: Counter
    /// Documents refused.
    let refused: Counter
    /// Documents refused now, whose last good version (if any) is still in use.
    let bad: CoreMetrics.Meter
    /// Configuration reloads that were taken.
    let configurationReloads: Counter
    /// Configuration reloads refused; the old one stays.
    let configurationRefused: Counter

    init(_ make: MetricMaker) {
        loaded = make.gauge("fuyun_policies", "Policies in use.")
        reloads = make.counter("fuyun_policy_reloads_total", "Policy snapshots taken into use.")
        refused = make.counter("fuyun_policy_documents_refused_total", "Policy documents refused.")
        bad = make.gauge("fuyun_policy_documents_bad", "Policy documents that are refused as they stand now.")
        configurationReloads = make.counter(
            "fuyun_configuration_reloads_total",
            "Configuration reloads taken into use."
        )
        configurationRefused = make.counter(
            "fuyun_configuration_reloads_refused_total",
            "Configuration reloads refused; the old configuration stays."
        )
    }
}

/// The observation log.
struct ObservationMetrics: Sendable {
    /// Observations written.
    let written: Counter
    /// Observations dropped because the queue was full.
    let dropped: Counter
    /// Writes that failed; they are tried again.
    let writeErrors: Counter
    /// Files rotated.
    let rotations: Counter

    init(_ make: MetricMaker) {
        written = make.counter("fuyun_observations_written_total", "Observations written to the log.")
        dropped = make.counter("fuyun_observations_dropped_total", "Observations dropped because the queue was full.")
        writeErrors = make.counter(
            "fuyun_observations_write_errors_total",
            "Writes of the observation log that failed; they are tried again."
        )
        rotations = make.counter("fuyun_observations_rotations_total", "Rotations of the observation log.")
    }
}

/// Calls and how they ended.
struct InvocationMetrics: Sendable {
    /// Calls that began.
    let began: Counter
    /// Calls in flight.
    let inFlight: CoreMetrics.Meter
    /// Why limits were what they were.
    let reasons: [LimitReason: Counter]
    /// Why policies decided, or did not.
    let decisions: [DecisionReason: Counter]
    /// How calls ended.
    let outcomes: [InvocationOutcome: Counter]
    /// What calls ran out of.
    let outOfMemory: [OOMClass: Counter]
    /// Calls that thrashed at their limit.
    let thrashing: Counter
    /// Ends of calls that began in an earlier run of the agent.
    let earlierRun: Counter
    /// Calls that were let go without being followed.
    let untracked: Counter
    /// How peaks were had.
    let peaks: [EndAnswer.PeakMethod: Counter]

    init(_ make: MetricMaker) {
        began = make.counter("fuyun_invocations_total", "Calls that began.")
        inFlight = make.gauge("fuyun_invocations_in_flight", "Calls in flight.")
        reasons = make.counters(
            "fuyun_invocation_limits_total",
            "Calls by the reason of their limit.",
            label: "reason",
            of: LimitReason.self
        )
        decisions = make.counters(
            "fuyun_invocation_decisions_total",
            "Decisions of policies by their reason.",
            label: "reason",
            of: DecisionReason.self
        )
        outcomes = make.counters(
            "fuyun_invocation_outcomes_total",
            "Calls by the way they ended.",
            label: "outcome",
            of: InvocationOutcome.self
        )
        outOfMemory = make.counters(
            "fuyun_invocation_ooms_total",
            "Calls that ran out of memory, by class.",
            label: "class",
            of: OOMClass.self
        )
        thrashing = make.counter("fuyun_invocation_thrashing_total", "Calls that thrashed at their limit.")
        earlierRun = make.counter(
            "fuyun_invocations_earlier_run_total",
            "Ends of calls that began in an earlier run of the agent."
        )
        untracked = make.counter(
            "fuyun_invocations_untracked_total",
            "Calls that were not followed, as there were too many in their container."
        )
        peaks = make.counters(
            "fuyun_invocation_peaks_total",
            "Peaks by the way they were had.",
            label: "method",
            of: EndAnswer.PeakMethod.self
        )
    }
}
