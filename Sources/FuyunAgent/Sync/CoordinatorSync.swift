import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Logging
import NIOCore
import NIOPosix
import PrometheusMetrics
import Synchronization
import SystemPackage

/// The agent's half of the loop: observations up, policies down, on an event loop of its own.
///
/// Nothing of the agent waits for it, and nothing of it fails the agent: without a coordinator the last good policies
/// stay in use and observations gather in the spool.
final class CoordinatorSync: Sendable {
    /// Where observations are handed in.
    let intake: ObservationIntake
    /// Where payloads are handed in; nil when nobody looks at them.
    let shapes: ShapeCollector?

    private let group: MultiThreadedEventLoopGroup
    private let link: any CoordinatorLink
    private let spool: SpoolQueue
    private let file: SnapshotFile
    private let status: SyncStatus
    private let reporter: Reporter
    private let puller: PolicyPuller
    private let shapeReporter: ShapeReporter?
    private let bells: [Doorbell]
    private let composer: PolicyComposer
    private let stored: CoordinatorPolicies
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// Opens the spool, and takes the stored policies into the composer, so that they are in use with the first snapshot;
    /// nil when no coordinator is configured.
    convenience init?(
        _ configuration: AgentConfiguration,
        state: FilePath,
        composer: PolicyComposer,
        registry: PrometheusRegistry,
        logger: Logger
    ) throws {
        guard let coordinator = configuration.coordinator else { return nil }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let link = try CoordinatorConnection(coordinator, on: group)
        self.init(
            coordinator,
            configuration.reporting,
            looksAtShapes: configuration.looksAtShapes,
            link: link,
            group: group,
            state: state,
            composer: composer,
            registry: registry,
            logger: logger
        )
    }

    /// The same over any link.
    init(
        _ coordinator: AgentConfiguration.Coordinator,
        _ reporting: AgentConfiguration.Reporting,
        looksAtShapes: Bool = true,
        link: any CoordinatorLink,
        group: MultiThreadedEventLoopGroup,
        state: FilePath,
        composer: PolicyComposer,
        registry: PrometheusRegistry,
        logger: Logger
    ) {
        let metrics = SyncMetrics(MetricMaker(registry: registry))
        let status = SyncStatus(coordinator, metrics: metrics, logger: logger)
        let spool = SpoolQueue(
            directory: state.appending("spool"),
            capacity: reporting.spool,
            segmentSize: reporting.segment
        ) { metrics.count($0, status, logger) }
        let file = SnapshotFile(directory: state, url: coordinator.url) { event in
            switch event {
            case .corrupt(let message):
                metrics.snapshotsCorrupt.increment()
                logger.error(
                    "the stored policies of the coordinator are damaged and set aside; all are asked for again",
                    metadata: ["file": "\(SnapshotFile.name)", "problem": "\(message)"]
                )
            case .failed(let error):
                metrics.snapshotErrors.increment()
                logger.error(
                    "the policies of the coordinator cannot be stored or read; a restart without it would not have them",
                    metadata: ["file": "\(SnapshotFile.name)", "error": "\(error)"]
                )
            }
        }
        let bells = (0..<3).map { _ in Doorbell(loop: group.next()) }
        let intake = ObservationIntake(spool: spool, bell: bells[0], status: status, metrics: metrics)
        if looksAtShapes {
            let shapeMetrics = ShapeMetrics(MetricMaker(registry: registry))
            let shapes = ShapeCollector(metrics: shapeMetrics) { [bell = bells[2]] in bell.ring(.ordinary) }
            self.shapes = shapes
            shapeReporter = ShapeReporter(
                collector: shapes,
                link: link,
                bell: bells[2],
                metrics: shapeMetrics,
                logger: logger
            )
        } else {
            shapes = nil
            shapeReporter = nil
        }
        self.intake = intake
        self.group = group
        self.link = link
        self.spool = spool
        self.file = file
        self.status = status
        self.bells = bells
        self.composer = composer
        reporter = Reporter(
            spool: spool,
            link: link,
            bell: bells[0],
            intake: intake,
            status: status,
            metrics: metrics,
            logger: logger,
            batch: reporting.batch,
            interval: reporting.interval
        )
        puller = PolicyPuller(
            link: link,
            bell: bells[1],
            file: file,
            status: status,
            metrics: metrics,
            logger: logger,
            worker: BoundedWorker(name: "fuyun.coordinator", bound: 2)
        )
        stored = file.read()
        _ = composer.compose(coordinator: stored)
        puller.show(stored)
        status.show(spool.level)
    }

    /// Begins to send and to pull.
    ///
    /// - Parameter use: Takes snapshots into use; called on a thread of the sync.
    func start(use: @escaping @Sendable (PolicySnapshot) -> Void) {
        let sending = Task { [reporter] in await reporter.run() }
        let pulling = Task { [puller, composer, stored] in
            await puller.run(from: stored) { use(composer.compose(coordinator: $0)) }
        }
        let telling = Task { [shapeReporter] in await shapeReporter?.run() ?? () }
        tasks.withLock { $0 = [sending, pulling, telling] }
    }

    /// Ends both, syncs the spool and stores what is in use.
    func stop() async {
        for bell in bells { bell.close() }
        let running = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
        await link.close()
        spool.finish()
        file.finish()
        try? await group.shutdownGracefully()
    }

    /// Writes the status page's part.
    func write(to json: inout JSONWriter) {
        let now = status.now
        let level = now.level
        json.beginObject()
        json.field("url", status.url)
        json.field("node", status.node)
        json.key("reachable")
        if let isReachable = now.isReachable { json.value(isReachable) } else { json.null() }
        json.field("last_contact_seconds", now.lastContact.map { Clocks.monotonic().since($0).inSeconds.rounded() })
        json.field("last_error", now.lastError)
        json.field("revision", now.revision)
        json.field("functions", now.functions)
        json.field("refused_functions", now.refusedFunctions)
        json.field("mode_cap", now.modeCap.rawValue)
        json.key("spool")
        json.beginObject()
        json.field("bytes", level.size)
        json.field("segments", level.segments)
        json.field("in_memory", level.isInMemory)
        json.field("dropped", now.dropped)
        json.field("damaged", now.damaged)
        json.endObject()
        json.key("reporter")
        json.beginObject()
        json.field("sent", now.sent)
        json.field("refused", now.refused)
        json.endObject()
        json.endObject()
    }
}
