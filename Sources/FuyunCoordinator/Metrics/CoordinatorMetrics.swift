import CoreMetrics
public import PrometheusMetrics

/// Everything that the coordinator counts; docs/coordinator.md says what each name means.
public struct CoordinatorMetrics: Sendable {
    /// The registry, for the page.
    public let registry: PrometheusRegistry
    let server: ServerMetrics
    let ingest: IngestMetrics
    let feed: FeedMetrics
    let house: HouseMetrics
    let drafter: DrafterMetrics

    /// Makes all series.
    public init(registry: PrometheusRegistry = PrometheusRegistry()) {
        self.registry = registry
        let maker = MetricMaker(registry: registry)
        server = ServerMetrics(maker)
        ingest = IngestMetrics(maker)
        feed = FeedMetrics(maker)
        house = HouseMetrics(maker)
        drafter = DrafterMetrics(maker)
    }
}

/// Connections and requests.
struct ServerMetrics: Sendable {
    let connections: Meter
    let requestsTooSlow: Counter
    let bodiesBytes: Meter
    private let requests: [APIEndpoint: [Int: Counter]]
    private let durations: [APIEndpoint: Timer]

    init(_ maker: MetricMaker) {
        connections = maker.gauge("fuyun_coordinator_connections", "Connections open.")
        requestsTooSlow = maker.counter(
            "fuyun_coordinator_requests_too_slow_total",
            "Connections ended because a request did not arrive in time."
        )
        bodiesBytes = maker.gauge("fuyun_coordinator_request_bodies_bytes", "Request bodies in memory, in bytes.")
        var requests: [APIEndpoint: [Int: Counter]] = [:]
        var durations: [APIEndpoint: Timer] = [:]
        for endpoint in APIEndpoint.allCases {
            for statusClass in 2...5 {
                requests[endpoint, default: [:]][statusClass] = maker.counter(
                    "fuyun_coordinator_requests_total",
                    "Requests answered, by endpoint and class of status.",
                    [("endpoint", endpoint.rawValue), ("status", "\(statusClass)xx")]
                )
            }
            durations[endpoint] = maker.timer(
                "fuyun_coordinator_request_duration_seconds",
                "Time from a request's head to its answer; long polls and streams wait on purpose.",
                [("endpoint", endpoint.rawValue)]
            )
        }
        self.requests = requests
        self.durations = durations
    }

    func answered(_ endpoint: APIEndpoint, status: Int, after duration: Duration) {
        requests[endpoint]?[status / 100]?.increment()
        let (seconds, attoseconds) = duration.components
        durations[endpoint]?.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

/// Observations on their way into the store.
struct IngestMetrics: Sendable {
    let stored: Counter
    let duplicates: Counter
    let refused: Counter
    let transactions: Counter
    let failures: Counter
    let waiting: Meter
    let commit: Timer

    init(_ maker: MetricMaker) {
        stored = maker.counter("fuyun_coordinator_observations_stored_total", "Observations stored.")
        duplicates = maker.counter(
            "fuyun_coordinator_observations_duplicate_total",
            "Observations that had been stored before."
        )
        refused = maker.counter(
            "fuyun_coordinator_observation_batches_refused_total",
            "Batches refused because a record is not what the protocol says."
        )
        transactions = maker.counter("fuyun_coordinator_ingest_transactions_total", "Transactions of observations.")
        failures = maker.counter("fuyun_coordinator_ingest_failures_total", "Transactions that failed.")
        waiting = maker.gauge("fuyun_coordinator_ingest_waiting_records", "Observations that wait to be stored.")
        commit = maker.timer("fuyun_coordinator_ingest_commit_seconds", "Time of a transaction, disk included.")
    }
}

/// Long polls and streams.
struct FeedMetrics: Sendable {
    let waiting: Meter
    let streams: Meter

    init(_ maker: MetricMaker) {
        waiting = maker.gauge("fuyun_coordinator_policy_polls_waiting", "Polls for policies that wait.")
        streams = maker.gauge("fuyun_coordinator_event_streams", "Followers of the event stream.")
    }
}

/// Keeping house.
struct HouseMetrics: Sendable {
    let prunedObservations: Counter
    let prunedEvents: Counter
    let prunedVersions: Counter
    let pruneFailures: Counter
    let reloads: Counter
    let reloadsRefused: Counter

    init(_ maker: MetricMaker) {
        func pruned(_ what: String) -> Counter {
            maker.counter("fuyun_coordinator_pruned_total", "What retention removed.", [("what", what)])
        }
        prunedObservations = pruned("observations")
        prunedEvents = pruned("events")
        prunedVersions = pruned("versions")
        pruneFailures = maker.counter("fuyun_coordinator_prune_failures_total", "Runs of retention that failed.")
        reloads = maker.counter("fuyun_coordinator_reloads_total", "Reloads of tokens and certificate.")
        reloadsRefused = maker.counter(
            "fuyun_coordinator_reloads_refused_total",
            "Reloads that were refused, so that the old ones stay."
        )
    }
}
