import CoreMetrics
import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Logging
import ServiceLifecycle
import Synchronization

/// Makes drafts: a few at a time, one at a time a function, out of a bounded queue.
///
/// A draft is written down when it is asked for and again when it has ended, so that whoever asked can come back for it.
/// What waits or is being made when the coordinator stops ends as failed.
final class DrafterService: Service {
    /// Drafts that wait or are being made, at most.
    static let maximumWaiting = 64
    /// Drafts that are being made at the same time.
    static let atOnce = 4

    private struct Job {
        var stored: StoredDraft
        var request: DraftRequest
    }

    private struct State {
        var queue: [Job] = []
        /// Functions of which a draft is being made.
        var busy: Set<String> = []
        /// Places taken in the queue, also by those not in it yet.
        var taken = 0
        /// Whether nobody shall wait for a draft any more.
        var isStopping = false
        /// When second thoughts were had, within the last hour.
        var thoughts: [ContinuousClock.Instant] = []
    }

    private let store: any Store
    private let events: EventHub
    private let settings: DraftingSettings
    private let model: (any LanguageModel)?
    private let clock: WallClock
    private let metrics: DrafterMetrics
    private let logger: Logger
    private let published: @Sendable (String) -> Void
    private let desk: DoubtDesk
    private let state = Mutex(State())

    /// News of all kinds: jobs, ends, doubts.
    private var announcer: Announcer { desk.announcer }

    /// - Parameters:
    ///   - model: Whom to ask; nil for the library alone.
    ///   - desk: Where the tuner leaves its doubts.
    ///   - published: Called with the function when its versions changed.
    init(
        store: any Store,
        events: EventHub,
        settings: DraftingSettings,
        model: (any LanguageModel)?,
        desk: DoubtDesk,
        clock: WallClock,
        metrics: DrafterMetrics,
        logger: Logger,
        published: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.events = events
        self.settings = settings
        self.model = model
        self.desk = desk
        self.clock = clock
        self.metrics = metrics
        self.logger = logger
        self.published = published
    }

    // MARK: Asking

    /// Queues a draft.
    ///
    /// - Throws: `overloaded` when too many wait, `not_found` for a function that is not known.
    func submit(
        _ request: DraftRequest,
        cause: NewDraft.Cause = .operator,
        isDryRun: Bool = false
    ) async throws(ErrorAnswer) -> StoredDraft {
        try reserve()
        do throws(StoreError) {
            let draft = NewDraft(function: request.function, cause: cause, isDryRun: isDryRun)
            let stored = try await store.addDraft(draft, at: clock.now)
            if !isDryRun, cause == .operator {
                let kept = request.withoutWhatIsAdded.json(forCoordinator: true)
                try await store.keepSource(kept, of: request.function, at: clock.now)
            }
            state.withLock { $0.queue.append(Job(stored: stored, request: request)) }
            announcer.announce()
            return stored
        } catch {
            release()
            throw ErrorAnswer(error)
        }
    }

    private func reserve() throws(ErrorAnswer) {
        let taken = state.withLock { state -> Int? in
            guard state.taken < Self.maximumWaiting, !state.isStopping, !announcer.isClosed else { return nil }
            state.taken += 1
            return state.taken
        }
        guard let taken else {
            throw ErrorAnswer(
                .overloaded,
                "\(Self.maximumWaiting) drafts wait already, or the coordinator stops; come again"
            )
        }
        metrics.waiting.set(taken)
    }

    private func release() {
        metrics.waiting.set(
            state.withLock { state in
                state.taken -= 1
                return state.taken
            }
        )
    }

    /// Waits until a draft has ended, for `limit` at most; gives it as it then is.
    func wait(for id: Int64, of function: String, atMost limit: Duration) async throws(ErrorAnswer) -> StoredDraft? {
        let deadline = ContinuousClock.now + limit
        while true {
            let generation = announcer.generation
            let draft: StoredDraft?
            do throws(StoreError) { draft = try await store.draft(of: function, id: id) } catch {
                throw ErrorAnswer(error)
            }
            guard let draft, draft.result == nil, !isStopping, !Task.isCancelled, .now < deadline else {
                return draft
            }
            await announcer.wait(beyond: generation, atMost: deadline - .now)
        }
    }

    /// Those who wait for a draft are answered now: the coordinator stops.
    func letGo() {
        state.withLock { $0.isStopping = true }
        announcer.announce()
    }

    private var isStopping: Bool { announcer.isClosed || state.withLock { $0.isStopping } }

    // MARK: Running

    /// Ends what an earlier coordinator left open; before anything is served.
    func recover() async {
        do {
            let count = try await store.endOpenDrafts(
                "the coordinator stopped before it was made; ask again",
                at: clock.now
            )
            if count > 0 { logger.notice("drafts were left open by a stop", metadata: ["drafts": "\(count)"]) }
        } catch {
            logger.warning("drafts that a stop left open cannot be ended", metadata: ["error": "\(error)"])
        }
    }

    /// Makes drafts until the service group shuts down; those that are being made are cancelled then.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.dispatch() }
                await group.next()
            }
        } onGracefulShutdown: {
            self.announcer.close()
        }
        for job in state.withLock({ $0.queue }) {
            await fail(job, "the coordinator stopped before it was made; ask again")
        }
    }

    private var isOver: Bool { announcer.isClosed || Task.isCancelled }

    private func dispatch() async {
        await withDiscardingTaskGroup { group in
            while !isOver {
                let generation = announcer.generation
                while let job = next() {
                    group.addTask { await self.work(on: job) }
                }
                for (function, doubt) in desk.take() where !isOver { await reconsider(function, doubt) }
                await announcer.wait(beyond: generation, atMost: .seconds(60))
            }
            group.cancelAll()
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            guard state.busy.count < Self.atOnce,
                let place = state.queue.firstIndex(where: { !state.busy.contains($0.request.function) })
            else { return nil }
            let job = state.queue.remove(at: place)
            state.busy.insert(job.request.function)
            return job
        }
    }

    private func work(on job: Job) async {
        await make(job)
        state.withLock { _ = $0.busy.remove(job.request.function) }
        release()
        announcer.announce()
    }

    // MARK: One draft

    private func make(_ job: Job) async {
        let (name, id) = (job.request.function, job.stored.id)
        let began = ContinuousClock.now
        let asked = model == nil ? "from the library of forms: no model is configured" : "by the model"
        let why = job.request.evidence.map { "; \($0.reason)" } ?? ""
        await events.post(
            NewEvent(
                kind: DraftEvents.started,
                function: name,
                message: DraftText.cut("draft \(id) is made \(asked)\(why)", to: DraftText.maximumMessage)
            )
        )
        do throws(StoreError) {
            guard let function = try await store.function(name) else {
                return await fail(job, "function \(name) was removed meanwhile")
            }
            let request = try await complete(job.request, function)
            let drafter = Drafter(model: model, settings: DrafterSettings(rounds: settings.rounds)) {
                ContinuousClock.now - Self.origin
            }
            let draft = await drafter.draft(request)
            if Task.isCancelled {
                return await fail(job, "the coordinator stopped while it was made; ask again", draft)
            }
            // What was begun to be stored is stored, also when the coordinator stops now.
            await Task { await self.conclude(job, draft, after: ContinuousClock.now - began) }.value
        } catch {
            let reason =
                Task.isCancelled
                ? "the coordinator stopped before it was made; ask again" : "the store failed: \(error.message)"
            await fail(job, reason)
        }
    }

    /// Stores what came of a draft, and tells of it.
    private func conclude(_ job: Job, _ draft: Draft, after duration: Duration) async {
        let (name, id, cause) = (job.request.function, job.stored.id, job.stored.draft.cause)
        do throws(StoreError) {
            // Second thoughts that bring no answer of the model bring nothing.
            let isKept = !job.stored.draft.isDryRun && (cause == .operator || draft.outcome == .drafted)
            let (versions, obstacle) = isKept ? try await publish(draft, id, name) : ([], nil)
            var result = DraftResult(draft, isDone: true)
            result.versions = versions
            try await store.endDraft(id, result, at: clock.now)
            metrics.ended(cause, DrafterMetrics.Ending(draft.outcome))
            metrics.duration.recordNanoseconds(Int64(duration / .nanoseconds(1)))
            if !versions.isEmpty { published(name) }
            await events.post(
                NewEvent(
                    kind: DraftEvents.done,
                    function: name,
                    version: versions.first,
                    message: "draft \(id): " + DraftText.message(draft, versions: versions, obstacle: obstacle)
                )
            )
        } catch {
            logger.warning("a draft cannot be kept", metadata: ["function": "\(name)", "error": "\(error)"])
            await fail(job, "the store failed: \(error.message)", draft)
        }
    }

    private static let origin = ContinuousClock.now

    /// The request with what only the coordinator knows: today's grant, what payloads look like, and the notes.
    private func complete(
        _ request: DraftRequest,
        _ function: StoredFunction
    ) async throws(StoreError) -> DraftRequest {
        var request = request
        request.grant = function.registration.bounds
        request.runtime = request.runtime ?? function.registration.runtime
        if let seen = try await store.shape(of: request.function)?.shape {
            request.payload = request.payload.map { seen.merged(with: $0) } ?? seen
        }
        request.knowledge =
            settings.knowledgeDirectory.map { path in
                KnowledgeDirectory(path: path, logger: logger).notes(of: request.function)
            } ?? []
        return request
    }

    /// Stores the candidates: the best in shadow, the others in draft, where the tuner finds them.
    private func publish(
        _ draft: Draft,
        _ id: Int64,
        _ name: String
    ) async throws(StoreError) -> (versions: [Int], obstacle: String?) {
        guard let function = try await store.function(name) else {
            throw StoreError(.notFound, "function \(name) was removed meanwhile")
        }
        var inUse: [PolicyDocument] = []
        for version in [function.activeVersion, function.candidateVersion].compactMap(\.self) {
            if let policy = try await store.policy(of: name, version: version) { inUse.append(policy.document) }
        }
        let admitted = DraftedPolicies.admitted(draft, id: id, of: function.registration, inUse: inUse)
        var versions: [Int] = []
        for candidate in admitted {
            do throws(StoreError) {
                versions.append(try await store.addPolicy(candidate.policy, at: clock.now).version)
            } catch {
                // A document that the store does not take is no reason to lose the others.
                guard error.code == .invalid else { throw error }
                logger.warning("a drafted policy is refused", metadata: ["function": "\(name)", "error": "\(error)"])
            }
        }
        return (versions, admitted.first?.obstacle)
    }

    /// Ends a draft that could not be made; also when its task was cancelled, in which the store would do nothing.
    private func fail(_ job: Job, _ reason: String, _ draft: Draft? = nil) async {
        await Task { await self.end(job, reason, draft) }.value
    }

    private func end(_ job: Job, _ reason: String, _ draft: Draft?) async {
        var result = draft.map { DraftResult($0, isDone: false) } ?? DraftResult(isDone: false, summary: reason)
        result.summary = DraftText.cut(reason, to: 1_000)
        do {
            try await store.endDraft(job.stored.id, result, at: clock.now)
        } catch {
            logger.debug("a failed draft cannot be ended", metadata: ["error": "\(error)"])
        }
        metrics.ended(job.stored.draft.cause, .failed)
        await events.post(
            NewEvent(
                kind: DraftEvents.failed,
                function: job.request.function,
                message: "draft \(job.stored.id) failed: \(result.summary)"
            )
        )
    }

    // MARK: Second thoughts

    /// Asks again about a function in doubt, unless it is too early or there is nothing to ask with.
    private func reconsider(_ name: String, _ doubt: FitDoubt) async {
        do throws(StoreError) {
            guard let next = SecondThoughts.nextMoment(try await store.drafts(of: name, before: nil, limit: 20)) else {
                return desk.rest(name, until: .now + .seconds(60))
            }
            let early = next - clock.now.sinceEpoch
            guard early <= .zero else { return desk.rest(name, until: .now + min(early, .seconds(600))) }
            guard admitThought() else { return desk.rest(name, until: .now + .seconds(600)) }
            guard let kept = try await store.keptSource(of: name), let function = try await store.function(name) else {
                return desk.rest(name, until: .now + .seconds(600))
            }
            var request = try DraftRequest(kept: kept.text, of: name, within: function.registration.bounds)
            request.evidence = doubt.evidence
            desk.rest(name, until: .now + .seconds(600))
            do throws(ErrorAnswer) {
                _ = try await submit(request, cause: .secondThoughts)
            } catch {
                logger.info("second thoughts wait", metadata: ["function": "\(name)", "error": "\(error)"])
            }
        } catch {
            logger.warning("second thoughts failed", metadata: ["function": "\(name)", "error": "\(error)"])
            desk.rest(name, until: .now + .seconds(60))
        }
    }

    private func admitThought() -> Bool {
        state.withLock { state in
            state.thoughts.removeAll { $0 < .now - .seconds(3_600) }
            // Half of the queue stays for those who ask.
            guard state.thoughts.count < SecondThoughts.perHour, state.taken < Self.maximumWaiting / 2 else {
                return false
            }
            state.thoughts.append(.now)
            return true
        }
    }
}

/// Kinds of events that tell of drafts.
enum DraftEvents {
    static let started = "draft.started"
    static let done = "draft.done"
    static let failed = "draft.failed"
}

extension DraftResult {
    /// What came of a draft.
    fileprivate init(_ draft: Draft, isDone: Bool) {
        self.init(isDone: isDone, summary: DraftText.cut(draft.summary, to: 1_000))
        model = draft.model.map { DraftText.cut($0, to: 256) }
        promptDigest = draft.promptDigest.map { DraftText.cut($0, to: 256) }
        calls = draft.steps.count { !$0.question.isEmpty }
        promptTokens = max(0, draft.usage.promptTokens)
        completionTokens = max(0, draft.usage.completionTokens)
        cost = draft.usage.cost.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        record = DraftText.record(draft)
    }
}

extension DraftRequest {
    /// Reads a request that was kept.
    init(kept text: String, of function: String, within grant: SafetyBounds) throws(StoreError) {
        do throws(DraftFormatError) {
            try self.init(json: text, function: function, grant: grant)
        } catch {
            throw StoreError(.corrupt, "the source kept of \(function) cannot be read: \(error)")
        }
    }

    /// Without what the coordinator adds to each draft anew.
    fileprivate var withoutWhatIsAdded: DraftRequest {
        var request = self
        request.knowledge = []
        request.evidence = nil
        return request
    }

    /// With everything masked that looks like a secret, whoever sent it and whether or not he masked it.
    var masked: DraftRequest {
        var request = self
        for index in request.source.files.indices {
            let file = request.source.files[index]
            let (text, count) = SecretMask.mask(file.text, path: file.path)
            request.source.files[index].text = text
            request.source.maskedSecrets += count
        }
        return request
    }
}
