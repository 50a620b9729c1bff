public import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunProtocol
import Glibc
public import Logging
public import MemoryUnits
import PrometheusMetrics
public import ServiceLifecycle
public import Settings
import Synchronization
public import Systemd
import SystemPackage

/// What the agent stands on, apart from its configuration: the real machine, or a test's.
public struct AgentSurroundings: Sendable {
    /// The cgroup tree.
    public var hierarchy: CgroupHierarchy
    /// Who is at the other end of a connection.
    public var resolver: PeerResolver
    /// Told of ceilings; nil: nobody is.
    public var bus: SystemBus?
    /// Listening sockets that were passed in, by the names `function`, `platform` and `admin`; the agent owns them from now
    /// on, and makes those that are missing.
    public var sockets: [String: CInt]
    /// What the node could give without swapping; nil when it cannot be told.
    public var availableMemory: @Sendable () -> Bytes?
    /// Told of readiness.
    public var notifier: ServiceNotifier
    /// The log.
    public var logger: Logger

    /// Names the surroundings; what is not given is the real machine's.
    public init(
        hierarchy: CgroupHierarchy,
        resolver: PeerResolver? = nil,
        bus: SystemBus? = nil,
        sockets: [String: CInt] = [:],
        availableMemory: (@Sendable () -> Bytes?)? = nil,
        notifier: ServiceNotifier = ServiceNotifier(),
        logger: Logger
    ) {
        self.hierarchy = hierarchy
        self.resolver = resolver ?? .kernel(hierarchy)
        self.bus = bus
        self.sockets = sockets
        self.availableMemory = availableMemory ?? Self.nodeMemory()
        self.notifier = notifier
        self.logger = logger
    }
}

extension AgentSurroundings {
    /// Reads the node's memory through a descriptor that is kept.
    private static func nodeMemory() -> @Sendable () -> Bytes? {
        let memory = KeptNodeMemory()
        return { memory.available() }
    }
}

/// A place for the descriptor that closures can share.
private final class KeptNodeMemory: Sendable {
    private let memory = NodeMemory()
    func available() -> Bytes? { memory.available() }
}

/// The node agent: one event loop with the engine on it, and what surrounds it.
///
/// `build` wires everything, for production and tests alike; `run` serves until it is shut down gracefully.
public final class Agent: Service {
    private struct Parts: Sendable {
        let engine: Confined<Engine>
        let listener: Confined<Listener>
        let policyWatcher: Confined<PolicyWatcher>
    }

    private let loop: AgentLoop
    private let confined: Parts
    private let configuration: AgentConfiguration
    private let surroundings: AgentSurroundings
    private let log: ObservationLog
    private let sync: CoordinatorSync?
    private let workers: [BoundedWorker]
    private let metrics: AgentMetrics
    private let isStopped = Atomic<Bool>(false)

    private init(
        loop: AgentLoop,
        confined: Parts,
        configuration: AgentConfiguration,
        surroundings: AgentSurroundings,
        log: ObservationLog,
        sync: CoordinatorSync?,
        workers: [BoundedWorker],
        metrics: AgentMetrics
    ) {
        self.loop = loop
        self.confined = confined
        self.configuration = configuration
        self.surroundings = surroundings
        self.log = log
        self.sync = sync
        self.workers = workers
        self.metrics = metrics
    }

    /// Wires an agent: directories, log, engine, discovery, policies, the way to the coordinator.
    ///
    /// When it returns, the containers that run are admitted and the first policy snapshot is in use, but no socket
    /// listens yet.
    public static func build(_ configuration: AgentConfiguration, _ surroundings: AgentSurroundings) async throws
        -> Agent
    {
        let state = FilePath(configuration.paths.state)
        do {
            try StateDirectory.make(state, permissions: 0o750)
        } catch {
            throw SocketError(path: state.string, message: "cannot be made: \(error); set paths.state")
        }
        let metrics = AgentMetrics(registry: PrometheusRegistry())
        let logger = surroundings.logger
        let composer = PolicyComposer()
        let sync = try CoordinatorSync(
            configuration,
            state: state,
            composer: composer,
            registry: metrics.registry,
            logger: logger
        )
        let log = ObservationLog(
            directory: state,
            fileSize: configuration.observations.fileSize,
            files: configuration.observations.files,
            capacity: configuration.observations.queue,
            sink: sync?.intake,
            report: reporter(metrics.observations, logger)
        )
        let settler = BoundedWorker(name: "fuyun.settle", bound: configuration.limiter.settleQueue)
        let reader = BoundedWorker(name: "fuyun.policies", bound: 2)
        let directory = FilePath(configuration.paths.policies)
        let store = PolicyStore(
            files: PolicyFiles(
                directory: directory,
                largest: configuration.policies.fileSize,
                most: configuration.policies.files
            )
        )
        let loop: AgentLoop
        do throws(Errno) {
            loop = try AgentLoop(name: "fuyun.loop")
        } catch {
            await sync?.stop()
            throw error
        }
        let epoch = StateDirectory.nextEpoch(in: state, now: Clocks.wall() / 1_000_000_000)
        do {
            let confined = try await loop.submit { () throws -> Parts in
                let engine = Engine(
                    Engine.Parts(
                        loop: loop,
                        hierarchy: surroundings.hierarchy,
                        resolver: surroundings.resolver,
                        bus: surroundings.bus,
                        log: log,
                        availableMemory: surroundings.availableMemory,
                        settler: settler,
                        metrics: metrics,
                        logger: logger,
                        epoch: epoch
                    ),
                    configuration: configuration
                )
                engine.sync = sync
                engine.shapes = sync?.shapes
                engine.features = features(of: surroundings.hierarchy)
                engine.watcher = try TreeWatcher(hierarchy: surroundings.hierarchy, engine: engine)
                return Parts(
                    engine: Confined(engine, to: loop),
                    listener: Confined(Listener(loop: loop), to: loop),
                    policyWatcher: Confined(
                        PolicyWatcher(
                            engine: engine,
                            store: store,
                            composer: composer,
                            worker: reader,
                            directory: directory
                        ),
                        to: loop
                    )
                )
            }
            try await loop.submit { try confined.engine.value.watcher?.start() }
            await withCheckedContinuation { continuation in
                loop.execute { confined.policyWatcher.value.start { continuation.resume() } }
            }
            sync?.start { snapshot in
                loop.execute { confined.engine.value.use(snapshot, refused: 0) }
            }
            return Agent(
                loop: loop,
                confined: confined,
                configuration: configuration,
                surroundings: surroundings,
                log: log,
                sync: sync,
                workers: [settler, reader],
                metrics: metrics
            )
        } catch {
            await sync?.stop()
            await loop.stop()
            throw error
        }
    }

    private static func features(of hierarchy: CgroupHierarchy) -> KernelFeatures? {
        guard let own = CgroupHierarchy.ownPath(), !own.isEmpty,
            case .some(let directory) = try? hierarchy.directory(at: own)
        else { return nil }
        return try? hierarchy.features(testedIn: directory)
    }

    private static func reporter(
        _ metrics: ObservationMetrics,
        _ logger: Logger
    ) -> @Sendable (ObservationLog.Event) -> Void {
        { event in
            switch event {
            case .written(let count): metrics.written.increment(by: count)
            case .dropped: metrics.dropped.increment()
            case .rotated: metrics.rotations.increment()
            case .failed(let error):
                metrics.writeErrors.increment()
                logger.error("cannot write the observation log; it is tried again", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Listens, reports readiness, and serves until a graceful shutdown.
    public func run() async throws {
        try await start()
        surroundings.notifier.ready()
        surroundings.logger.notice(
            "ready",
            metadata: ["version": "\(FuyunVersion.text)", "sockets": "\(configuration.paths.runtime)"]
        )
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tellStatus() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
        surroundings.notifier.stopping()
        await stop()
    }

    /// Keeps the one line of `systemctl status` true, until cancelled.
    private func tellStatus() async {
        var told = ""
        while !Task.isCancelled {
            let line = try? await loop.submit { [confined] in
                let engine = confined.engine.value
                let policies = engine.policies.functions.count
                return
                    "\(engine.registry.count) containers, \(engine.calls.count) calls in flight, \(policies) functions with a policy"
            }
            if let line, line != told {
                surroundings.notifier.status(line)
                told = line
            }
            try? await Task.sleep(for: .seconds(2))
        }
    }

    /// Begins to listen on all sockets.
    public func start() async throws {
        let runtime = FilePath(configuration.paths.runtime)
        var descriptors: [(role: SocketRole, descriptor: CInt, path: String)] = []
        for role in SocketRole.allCases {
            if let passed = surroundings.sockets[role.rawValue] {
                descriptors.append((role, passed, "passed by the service manager"))
                continue
            }
            do {
                try StateDirectory.make(runtime, permissions: 0o755)
            } catch {
                throw SocketError(path: runtime.string, message: "cannot be made: \(error); set paths.runtime")
            }
            let path = runtime.appending("\(role.rawValue).sock").string
            descriptors.append((role, try SocketFile.bind(path, permissions: role.permissions), path))
        }
        let limits = RequestLimits(configuration)
        for (role, descriptor, path) in descriptors {
            try await loop.submit { [confined] in
                let engine = confined.engine.value
                engine.sockets[role] = path
                try confined.listener.value.listen(
                    on: descriptor,
                    role: role,
                    service: engine,
                    limits: limits
                ) { engine.metrics.server.connectionsTimedOut.increment() }
            }
        }
    }

    /// Stops: nothing new is accepted, what was asked is answered, every container goes to its ceiling, the log is written.
    public func stop() async {
        guard isStopped.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
        try? await loop.submit { [confined] in
            let engine = confined.engine.value
            engine.isStopping = true
            confined.listener.value.stop()
            for connection in engine.connections.values { connection.stop() }
        }
        // Ends that wait for late counters take 20 ms; whoever does not read an answer gets no more than this.
        for _ in 0..<10 {
            let isBusy = try? await loop.submit { [confined] in
                confined.engine.value.calls.values.contains { $0.isEnding }
            }
            guard isBusy == true else { break }
            try? await Task.sleep(for: .milliseconds(10))
        }
        try? await loop.submit { [confined] in confined.engine.value.releaseAll() }
        for worker in workers { _ = worker.drain(within: .milliseconds(500)) }
        log.close()
        await sync?.stop()
        for role in SocketRole.allCases where surroundings.sockets[role.rawValue] == nil {
            unlink(FilePath(configuration.paths.runtime).appending("\(role.rawValue).sock").string)
        }
        await loop.stop()
    }

    /// Returns after a turn of the event loop: the proof that the watchdog asks for.
    public func proveAlive() async throws {
        try await loop.submit {}
    }

    /// Takes a new configuration into use, or keeps the old one when the new one is bad; reads the policies anew.
    public func reload(_ load: () throws(ConfigurationErrors) -> AgentConfiguration) async {
        surroundings.notifier.reloading()
        defer { surroundings.notifier.ready() }
        do {
            let fresh = try load()
            try? await loop.submit { [confined] in
                confined.engine.value.reconfigure(fresh)
                confined.policyWatcher.value.changed()
            }
            metrics.policies.configurationReloads.increment()
            surroundings.logger.notice("configuration reloaded")
        } catch {
            metrics.policies.configurationRefused.increment()
            for diagnostic in error.diagnostics {
                surroundings.logger.error(
                    "the configuration is refused; the old one stays",
                    metadata: ["place": "\(diagnostic.place)", "problem": "\(diagnostic.message)"]
                )
            }
        }
    }
}

extension RequestLimits {
    /// The limits as configured.
    fileprivate init(_ configuration: AgentConfiguration) {
        self.init(
            kept: Int(clamping: configuration.payload.kept.rawValue),
            dropped: Int(clamping: configuration.payload.dropped.rawValue),
            idle: configuration.server.idle,
            request: configuration.server.request
        )
    }
}
