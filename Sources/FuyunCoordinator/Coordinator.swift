import CoreMetrics
import FuyunDrafter
import FuyunProtocol
public import FuyunStore
import Hummingbird
import HummingbirdCore
public import Logging
import ModelClient
import NIOCore
import NIOPosix
public import ServiceLifecycle
public import Settings
import Synchronization
public import Systemd

/// What the coordinator stands on, apart from its configuration: the real machine, or a test's.
public struct CoordinatorSurroundings: Sendable {
    /// Where everything is kept.
    public var store: any Store
    /// The time of day.
    public var clock: WallClock
    /// Tells the service manager how it goes.
    public var notifier: ServiceNotifier
    /// Everything that is counted.
    public var metrics: CoordinatorMetrics
    /// Where to log.
    public var logger: Logger

    /// Names the surroundings.
    public init(
        store: any Store,
        clock: WallClock = .system,
        notifier: ServiceNotifier = ServiceNotifier(),
        metrics: CoordinatorMetrics = CoordinatorMetrics(),
        logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.notifier = notifier
        self.metrics = metrics
        self.logger = logger
    }
}

/// The coordinator: takes observations in, and hands tuned policies out.
public final class Coordinator: Service {
    private let configuration: CoordinatorConfiguration
    private let surroundings: CoordinatorSurroundings
    private let gate: Gate
    private let identity: ServerIdentity?
    private let feed: PolicyFeed
    private let events: EventHub
    private let group = MultiThreadedEventLoopGroup.singleton
    private let address = Announcer()
    private let boundPort = Mutex<Int?>(nil)

    /// Reads the tokens and the certificate.
    ///
    /// - Throws: `TokenBook.FileError`, `IdentityError`: the coordinator does not start with half of its protection.
    public init(_ configuration: CoordinatorConfiguration, _ surroundings: CoordinatorSurroundings) throws {
        self.configuration = configuration
        self.surroundings = surroundings
        gate = Gate(try TokenBook(configuration.tokens))
        identity = try configuration.tls.map { try ServerIdentity($0) }
        feed = PolicyFeed(store: surroundings.store)
        events = EventHub(store: surroundings.store, clock: surroundings.clock, logger: surroundings.logger)
    }

    /// The port that it listens on, once it does; nil when it stopped before.
    public var port: Int? {
        get async {
            while true {
                let generation = address.generation
                if let port = boundPort.withLock({ $0 }) { return port }
                if address.isClosed || Task.isCancelled { return nil }
                await address.wait(beyond: generation, atMost: .seconds(3600))
            }
        }
    }

    /// Serves until a graceful shutdown: then nothing new is accepted, polls are answered, what came in is stored.
    public func run() async throws {
        defer { address.close() }
        let logger = surroundings.logger
        let store = surroundings.store
        let metrics = surroundings.metrics
        let (drafting, client) = (configuration.drafting, await modelClient())
        let desk = DoubtDesk(isOpen: client != nil && drafting.secondThoughts)
        let tuner = TunerService(
            store: store,
            feed: feed,
            events: events,
            settings: configuration.tuning,
            clock: surroundings.clock,
            metrics: metrics.registry,
            logger: logger,
            desk: desk
        )
        let drafter = DrafterService(
            store: store,
            events: events,
            settings: drafting,
            model: client,
            desk: desk,
            clock: surroundings.clock,
            metrics: metrics.drafter,
            logger: logger
        ) { [feed, events] function in
            feed.publish()
            events.wake()
            tuner.changed(function)
        }
        await drafter.recover()
        let sampling = SamplingRates(bound: configuration.ingest.observationsPerMinute)
        let ingest = Ingest(
            store: store,
            clock: surroundings.clock,
            limits: configuration.ingest,
            metrics: metrics.ingest,
            logger: logger
        ) { batches in
            sampling.count(batches)
            tuner.observed(ObservedNews.summary(of: batches))
        }
        let nodes = NodeBook(store: store, clock: surroundings.clock, logger: logger)
        let retention = RetentionService(
            store: store,
            clock: surroundings.clock,
            rules: configuration.retention,
            interval: configuration.retentionInterval,
            metrics: metrics.house,
            logger: logger
        )
        let operations = Operations(
            store: store,
            ingest: ingest,
            feed: feed,
            events: events,
            tuner: tuner,
            drafter: drafter,
            nodes: nodes,
            sampling: sampling,
            bodies: RequestBodies(maximum: configuration.limits.bodiesBytes, gauge: metrics.server.bodiesBytes),
            limits: configuration.limits,
            metrics: metrics,
            clock: surroundings.clock,
            startedAt: surroundings.clock.now
        )
        // They stop in the reverse order: first those who wait are let go, then the server finishes what it has, and only
        // then those that it needs for that.
        let services: [any Service] = [
            retention, nodes, tuner, drafter, ingest, server(operations),
            ClosureService { [feed, events, surroundings] in
                try? await gracefulShutdown()
                surroundings.notifier.stopping()
                feed.close()
                events.close()
                drafter.letGo()
            },
        ]
        let result: Result<Void, any Error>
        do {
            try await ServiceGroup(services: services, logger: Self.quiet(logger)).run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await client?.shutdown()
        do {
            try await store.close()
        } catch {
            logger.error("the store cannot be closed", metadata: ["error": "\(error)"])
        }
        try result.get()
    }

    /// The model that is configured, with what earlier runs of this coordinator asked and spent.
    private func modelClient() async -> ChatCompletionsClient? {
        guard let settings = configuration.drafting.model else { return nil }
        var budget = ModelBudget(settings.limits)
        let day = Timestamp(milliseconds: surroundings.clock.now.milliseconds - 86_400_000)
        do {
            for expense in try await surroundings.store.draftExpenses(since: day) {
                budget.note(requests: expense.calls, cost: expense.cost, at: expense.at.sinceEpoch)
            }
        } catch {
            surroundings.logger.warning("what the model cost so far is not known", metadata: ["error": "\(error)"])
        }
        let metrics = surroundings.metrics.drafter
        return ChatCompletionsClient(settings, on: group, budget: budget, logger: surroundings.logger) { call in
            metrics.called(call)
        }
    }

    private func server(_ operations: Operations) -> some Service {
        let responder = APIResponder(
            operations: operations,
            gate: gate,
            metrics: surroundings.metrics.server,
            logger: surroundings.logger
        )
        let metrics = surroundings.metrics.server
        return Application(
            responder: responder,
            server: HTTPServerBuilder { [identity, configuration] respond in
                Door(responder: respond, limits: configuration.limits, identity: identity, metrics: metrics)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.listen.host, port: configuration.listen.port),
                backlog: 1024,
                availableConnectionsDelegate: ConnectionCount(
                    maximum: configuration.limits.connections,
                    gauge: metrics.connections
                )
            ),
            onServerRunning: { [self] channel in listens(on: channel) },
            eventLoopGroupProvider: .shared(group),
            logger: Self.quiet(surroundings.logger)
        )
    }

    private func listens(on channel: any Channel) {
        boundPort.withLock { $0 = channel.localAddress?.port }
        address.announce()
        surroundings.notifier.ready()
        surroundings.logger.notice(
            "ready",
            metadata: [
                "version": "\(FuyunVersion.text)", "address": "\(channel.localAddress.map { "\($0)" } ?? "")",
                "tls": "\(identity != nil)",
            ]
        )
    }

    /// What the libraries have to say only matters when something is wrong.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    /// Returns after a turn of every event loop and an answer of the store: the proof that the watchdog asks for.
    public func proveAlive() async throws {
        for loop in group.makeIterator() { try await loop.submit {}.get() }
        // A store that says no is alive; one that never answers is not.
        try? await surroundings.store.check()
    }

    /// Reads the tokens and the certificate again, from where a configuration that is read again has them; keeps the old
    /// ones when anything is wrong.
    public func reload(_ load: () throws(ConfigurationErrors) -> CoordinatorConfiguration) async {
        surroundings.notifier.reloading()
        defer { surroundings.notifier.ready() }
        do {
            let fresh = try load()
            let tokens = try TokenBook(fresh.tokens)
            guard tokens.isEmpty == gateIsOpen(configuration.tokens) else {
                throw ConfigurationErrors(diagnostics: [
                    ConfigurationDiagnostic(place: "tokens", message: "tokens come and go with a restart only")
                ])
            }
            if let identity, let files = fresh.tls { try identity.reload(files) }
            gate.exchange(tokens)
            surroundings.metrics.house.reloads.increment()
            surroundings.logger.notice("tokens and certificate reloaded")
        } catch {
            surroundings.metrics.house.reloadsRefused.increment()
            surroundings.logger.error("the reload is refused; the old ones stay", metadata: ["error": "\(error)"])
        }
    }

    private func gateIsOpen(_ tokens: CoordinatorConfiguration.TokenFiles) -> Bool {
        tokens.nodes == nil && tokens.operators == nil
    }
}

/// A service that is a closure.
private struct ClosureService: Service {
    let body: @Sendable () async -> Void

    init(_ body: @escaping @Sendable () async -> Void) { self.body = body }

    func run() async throws { await body() }
}
