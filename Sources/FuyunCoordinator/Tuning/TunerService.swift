import CoreMetrics
import FuyunPolicy
public import FuyunProtocol
public import FuyunStore
import FuyunPolicy
import FuyunTuning
import Glibc
public import Logging
public import PrometheusMetrics
public import ServiceLifecycle
import Synchronization

/// Turns observations into better policies: told what arrived, it looks at the functions that need it, fits, moves versions
/// on the ladder, and tells the agents.
///
/// News cost an addition each. A look costs two to ten milliseconds, happens only when there is a reason (`NewsBoard`), the
/// worst news first, as many at the same time as there are cores, and never more than one at a function. Nothing ever
/// goes through all functions but the sweep, page by page.
public final class TunerService: Service {
    private let store: any Store
    private let feed: PolicyFeed
    private let events: EventHub
    private let settings: TunerSettings
    private let clock: WallClock
    private let logger: Logger
    private let metrics: TunerMetrics
    private let look: FunctionLook
    private let desk: DoubtDesk
    private let board: Mutex<NewsBoard>
    private let busy = Mutex(0)
    /// Announces work, and workers that are free.
    private let announcer = Announcer()
    /// Announces nothing, and is closed when the service ends.
    private let ending = Announcer()

    /// Makes a tuner.
    public convenience init(
        store: any Store,
        feed: PolicyFeed,
        events: EventHub,
        settings: TunerSettings = TunerSettings(),
        clock: WallClock = .system,
        metrics: PrometheusRegistry = PrometheusRegistry(),
        logger: Logger
    ) {
        let desk = DoubtDesk(isOpen: false)
        self.init(
            store: store,
            feed: feed,
            events: events,
            settings: settings,
            clock: clock,
            metrics: metrics,
            logger: logger,
            desk: desk
        )
    }

    /// Makes a tuner that leaves what it doubts at a desk.
    convenience init(
        store: any Store,
        feed: PolicyFeed,
        events: EventHub,
        settings: TunerSettings,
        clock: WallClock,
        metrics: PrometheusRegistry,
        logger: Logger,
        desk: DoubtDesk
    ) {
        self.init(
            store: store,
            feed: feed,
            events: events,
            settings: settings,
            clock: clock,
            metrics: metrics,
            logger: logger,
            desk: desk,
            fit: TunerFitting.fitter(settings.fitting)
        )
    }

    init(
        store: any Store,
        feed: PolicyFeed,
        events: EventHub,
        settings: TunerSettings,
        clock: WallClock,
        metrics: PrometheusRegistry,
        logger: Logger,
        desk: DoubtDesk = DoubtDesk(isOpen: false),
        fit: @escaping FunctionFitter
    ) {
        self.store = store
        self.feed = feed
        self.events = events
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.metrics = TunerMetrics(MetricMaker(registry: metrics))
        self.desk = desk
        look = FunctionLook(store: store, settings: settings, clock: clock, fit: fit) { desk.wants($0) }
        board = Mutex(NewsBoard(settings: settings))
    }

    // MARK: - News

    /// Observations were stored.
    public func observed(_ news: [ObservedFunction]) {
        let now = ContinuousClock.now
        let isDue = board.withLock { board in
            let moment = board.nextMoment
            // Every one has to be noted, whatever the ones before it said.
            let isDue = news.reduce(false) { isDue, function in board.note(function, at: now) || isDue }
            return isDue || board.nextMoment != moment
        }
        if isDue { announcer.announce() }
    }

    /// Someone changed a function's policies or switches: the tuner looks at it anew.
    public func changed(_ function: String) {
        _ = board.withLock { $0.noteChange(function, at: .now) }
        announcer.announce()
    }

    /// Functions that wait for a look.
    public var queuedCount: Int { board.withLock { $0.queuedCount } }

    /// Functions that are remembered.
    var rememberedCount: Int { board.withLock { $0.count } }

    // MARK: - Running

    /// Works until the service group shuts down; looks that have begun end first.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.sweep() }
                group.addTask { await self.dispatch() }
            }
        } onGracefulShutdown: {
            self.ending.close()
            self.announcer.close()
        }
    }

    private var isOver: Bool { ending.isClosed || Task.isCancelled }

    /// Hands due functions to workers.
    private func dispatch() async {
        let workers = max(1, settings.workers ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        await withDiscardingTaskGroup { group in
            while !isOver {
                let generation = announcer.generation
                while busy.withLock({ $0 }) < workers, let job = board.withLock({ $0.take(at: .now) }) {
                    busy.withLock { $0 += 1 }
                    group.addTask {
                        await self.work(on: job)
                        self.busy.withLock { $0 -= 1 }
                        self.announcer.announce()
                    }
                }
                let (delay, queued, dropped) = board.withLock { board in
                    (board.delay(at: .now), board.queuedCount, board.droppedCount)
                }
                metrics.queued.set(queued)
                metrics.dropped.set(dropped)
                await announcer.wait(beyond: generation, atMost: max(delay ?? .seconds(60), .milliseconds(1)))
            }
        }
    }

    /// Looks at one function and gives it back.
    private func work(on job: NewsBoard.Job) async {
        let finding = await look(at: job)
        _ = board.withLock { $0.finish(job.name, finding, at: .now) }
    }

    private func look(at job: NewsBoard.Job) async -> NewsBoard.Finding {
        let began = ContinuousClock.now
        do throws(StoreError) {
            let outcome = try await look.run(job.name, job.memory)
            metrics.lookDuration.recordNanoseconds((ContinuousClock.now - began).nanoseconds)
            await tell(job.name, outcome.steps)
            if let doubt = outcome.doubt { desk.leave(doubt, about: job.name) }
            if let since = job.since, outcome.steps.contains(where: \.isForAgents) {
                metrics.reactionDuration.recordNanoseconds((ContinuousClock.now - since).nanoseconds)
            }
            return finding(of: outcome, hasMisses: job.hasMisses)
        } catch {
            return failure(error, job)
        }
    }

    private func failure(_ error: StoreError, _ job: NewsBoard.Job) -> NewsBoard.Finding {
        guard error.code != .notFound else { return NewsBoard.Finding() }
        metrics.storeErrors.increment()
        // What the attempt may have written before it failed must not wait for the next change.
        feed.publish()
        let wait = min(settings.pause * (1 << min(job.failures, 20)), .seconds(30))
        logger.warning(
            "a function cannot be tuned; it is tried again",
            metadata: ["function": "\(job.name)", "error": "\(error)", "wait_seconds": "\(wait / .seconds(1))"]
        )
        return NewsBoard.Finding(retry: wait)
    }

    private func finding(of outcome: FunctionLook.Outcome, hasMisses: Bool) -> NewsBoard.Finding {
        let now = ContinuousClock.now
        let wall = clock.now.sinceEpoch
        guard outcome.isInUse else {
            // Nothing to fit: a cheap look now and then finds a policy of which nobody told.
            return NewsBoard.Finding(threshold: NewsBoard.Threshold(), pause: .seconds(1))
        }
        let rules = settings.rules
        var threshold = NewsBoard.Threshold(calls: outcome.callsWanted)
        if let memory = outcome.memory {
            threshold.factor = max(rules.errorFactor, memory.toleratedFactor * 1.1)
            threshold.anyCallFrom = now + max(memory.at + rules.period - wall, .zero)
        }
        if let moment = outcome.lookAgain { threshold.moment = now + max(moment - wall, .milliseconds(1)) }
        return NewsBoard.Finding(threshold: threshold, memory: outcome.memory, isStormy: hasMisses)
    }

    /// Tells agents first, then people.
    private func tell(_ name: String, _ steps: [FunctionLook.Step]) async {
        metrics.count(steps)
        guard !steps.isEmpty else { return }
        if steps.contains(where: \.isForAgents) {
            feed.publish()
            events.wake()
        }
        for step in steps {
            switch step {
            case .published(let version, let plan, _, let reason):
                logger.info(
                    "a version was published",
                    metadata: [
                        "function": "\(name)", "version": "\(version)", "status": "\(plan.status.rawValue)",
                        "reason": "\(reason)",
                    ]
                )
            case .moved(let move, let changes, let reason):
                let version = changes.first { $0.status == .active }?.version ?? changes.first?.version
                logger.info("versions moved", metadata: ["function": "\(name)", "reason": "\(reason)"])
                await events.post(
                    NewEvent(kind: move.eventKind, function: name, version: version, message: reason)
                )
            case .refused(let refusal, _, let reason):
                logger.debug(
                    "a version was not published",
                    metadata: ["function": "\(name)", "refusal": "\(refusal.rawValue)", "reason": "\(reason)"]
                )
            case .unfitted(_, let reason):
                logger.debug("nothing was fitted", metadata: ["function": "\(name)", "reason": "\(reason)"])
            }
        }
    }

    // MARK: - On request

    /// Fits a function now, and publishes what comes of it unless it is a dry run.
    ///
    /// - Throws: `StoreError`: `notFound` when the function is not known.
    public func tune(_ function: String, dryRun: Bool) async throws -> CoordinatorAPI.TuneReport {
        if dryRun {
            var outcome = FunctionLook.Outcome(memory: board.withLock { $0.memory(of: function) })
            return try await look.request(function, dryRun: true, &outcome)
        }
        while !board.withLock({ $0.claim(function) }) {
            let generation = announcer.generation
            await announcer.wait(beyond: generation, atMost: .milliseconds(20))
            try Task.checkCancellation()
        }
        var outcome = FunctionLook.Outcome(memory: board.withLock { $0.memory(of: function) })
        do throws(StoreError) {
            let report = try await look.request(function, dryRun: false, &outcome)
            await tell(function, outcome.steps)
            if let doubt = outcome.doubt { desk.leave(doubt, about: function) }
            let finding = finding(of: outcome, hasMisses: false)
            _ = board.withLock { $0.finish(function, finding, at: .now) }
            announcer.announce()
            return report
        } catch {
            _ = board.withLock { $0.finish(function, NewsBoard.Finding(), at: .now) }
            throw error
        }
    }

    /// Looks at a function now, as a worker would: for tests and benchmarks.
    func lookNow(_ function: String) async throws(StoreError) -> FunctionLook.Outcome {
        let outcome = try await look.run(function, board.withLock { $0.memory(of: function) })
        await tell(function, outcome.steps)
        if let doubt = outcome.doubt { desk.leave(doubt, about: function) }
        _ = board.withLock { board in
            _ = board.claim(function)
            return board.finish(function, finding(of: outcome, hasMisses: false), at: .now)
        }
        return outcome
    }

    // MARK: - The sweep

    /// Goes through all functions for ever, page by page, and notes those with observations that no look has seen.
    private func sweep() async {
        while !isOver {
            var last: String?
            while !isOver {
                let page: [StoredFunction]
                do throws(StoreError) {
                    page = try await store.functions(after: last, limit: settings.sweepPage)
                } catch {
                    logger.warning("the sweep rests: the store does not answer", metadata: ["error": "\(error)"])
                    break
                }
                note(page)
                guard let name = page.last?.registration.name, page.count == settings.sweepPage else { break }
                last = name
                await rest(settings.sweepRest)
            }
            await rest(settings.sweepPeriod)
        }
    }

    private func note(_ page: [StoredFunction]) {
        let isDue = board.withLock { board in
            page.reduce(false) { isDue, function in
                guard function.activeVersion != nil || function.candidateVersion != nil,
                    let observed = function.lastObservedAt
                else { return isDue }
                let limit = settings.rules.period
                return board.noteSweep(
                    function.registration.name,
                    isNews: { $0.map { observed.sinceEpoch > $0.at + limit } ?? true },
                    at: .now
                ) || isDue
            }
        }
        if isDue { announcer.announce() }
    }

    /// Waits until the time is over or the service ends.
    private func rest(_ duration: Duration) async { await ending.wait(beyond: 0, atMost: duration) }
}

extension RolloutMove {
    /// The kind of event that tells of it.
    var eventKind: String {
        switch self {
        case .promotion: "policy.promoted"
        case .rollBack: "policy.rolled_back"
        case .withdrawal: "policy.withdrawn"
        case .suspension: "policy.suspended"
        }
    }
}

extension Duration {
    /// In nanoseconds.
    fileprivate var nanoseconds: Int64 { Int64(self / .nanoseconds(1)) }
}
