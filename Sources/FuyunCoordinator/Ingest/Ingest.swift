import CoreMetrics
import FuyunProtocol
import FuyunStore
import Logging
import ServiceLifecycle
import Synchronization

/// Takes observations in: batches that wait are stored together, in one transaction and one sync of the disk.
///
/// While a transaction runs the next batches gather, so the groups grow by themselves as the load does. A batch is
/// answered after its commit, and never before. The queue is bounded: beyond it a batch is refused, and comes again.
final class Ingest: Service {
    private struct Waiting {
        var batch: ObservationBatch
        var continuation: CheckedContinuation<Result<IngestReceipt, StoreError>, Never>
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var records = 0
        var isStopped = false
    }

    private let store: any Store
    private let clock: WallClock
    private let limits: CoordinatorConfiguration.Ingest
    private let metrics: IngestMetrics
    private let logger: Logger
    private let stored: @Sendable ([ObservationBatch]) -> Void
    private let queue = Mutex(Queue())
    private let calls: AsyncStream<Void>
    private let call: AsyncStream<Void>.Continuation

    /// Makes the service.
    ///
    /// - Parameter stored: Is told of batches that brought something new, after their commit; must not wait.
    init(
        store: any Store,
        clock: WallClock,
        limits: CoordinatorConfiguration.Ingest,
        metrics: IngestMetrics,
        logger: Logger,
        stored: @escaping @Sendable ([ObservationBatch]) -> Void
    ) {
        self.store = store
        self.clock = clock
        self.limits = limits
        self.metrics = metrics
        self.logger = logger
        self.stored = stored
        (calls, call) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Stores a batch; returns when it is on disk.
    func submit(_ batch: ObservationBatch) async throws(ErrorAnswer) -> IngestReceipt {
        guard !batch.records.isEmpty else { return IngestReceipt(stored: 0, duplicates: 0) }
        let result = await withCheckedContinuation { continuation in
            let refusal = queue.withLock { queue -> StoreError? in
                if queue.isStopped { return StoreError(.closed, "the coordinator stops") }
                // A batch finds room when there is any: the bound may be passed by one batch, never by two.
                guard queue.records < limits.queueRecords else {
                    return StoreError(.busy, "\(queue.records) observations wait to be stored; come again")
                }
                queue.records += batch.records.count
                queue.waiting.append(Waiting(batch: batch, continuation: continuation))
                metrics.waiting.set(queue.records)
                return nil
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) } else { call.yield() }
        }
        do {
            return try result.get()
        } catch {
            throw ErrorAnswer(error)
        }
    }

    /// Stores what comes until the service stops; what waits then is stored still.
    func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in calls { await storeAll() }
            queue.withLock { $0.isStopped = true }
            await storeAll()
        } onGracefulShutdown: { [call] in
            call.finish()
        }
    }

    private func storeAll() async {
        while case let group = next(), !group.isEmpty { await store(group) }
    }

    /// The batches that wait, as many as one transaction takes.
    private func next() -> [Waiting] {
        queue.withLock { queue in
            var records = 0
            var count = 0
            while count < queue.waiting.count, records < limits.transactionRecords {
                records += queue.waiting[count].batch.records.count
                count += 1
            }
            let group = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(count)
            queue.records -= records
            metrics.waiting.set(queue.records)
            return group
        }
    }

    private func store(_ group: [Waiting]) async {
        do {
            let receipts = try await commit(group.map(\.batch))
            for (waiting, receipt) in zip(group, receipts) { waiting.continuation.resume(returning: .success(receipt)) }
        } catch {
            metrics.failures.increment()
            // What one batch got wrong is not the others' fault.
            guard group.count > 1, error.code == .invalid || error.code == .conflict else {
                logger.error(
                    "observations cannot be stored",
                    metadata: ["batches": "\(group.count)", "error": "\(error)"]
                )
                for waiting in group { waiting.continuation.resume(returning: .failure(error)) }
                return
            }
            for waiting in group { await store([waiting]) }
        }
    }

    private func commit(_ batches: [ObservationBatch]) async throws(StoreError) -> [IngestReceipt] {
        let start = ContinuousClock.now
        let receipts = try await store.ingest(batches, at: clock.now)
        guard receipts.count == batches.count else {
            throw StoreError(.failed, "the store answered \(receipts.count) receipts for \(batches.count) batches")
        }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        metrics.commit.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        metrics.transactions.increment()
        metrics.stored.increment(by: receipts.reduce(0) { $0 + $1.stored })
        metrics.duplicates.increment(by: receipts.reduce(0) { $0 + $1.duplicates })
        let news = zip(batches, receipts).filter { $0.1.stored > 0 }.map(\.0)
        if !news.isEmpty { stored(news) }
        return receipts
    }
}

extension ErrorAnswer {
    /// What a caller is told when the store does not do what was asked.
    init(_ error: StoreError) {
        switch error.code {
        case .notFound: self.init(.notFound, error.message)
        case .conflict: self.init(.conflict, error.message)
        case .invalid: self.init(.badRequest, error.message)
        case .busy: self.init(.overloaded, error.message)
        case .closed: self.init(.unavailable, "the coordinator stops; come again")
        case .full, .readOnly, .corrupt, .failed:
            // What is wrong with the disk is for the operator's log, and tells a stranger nothing.
            self.init(.unavailable, "the coordinator's store cannot do this now (\(error.code.rawValue)); come again")
        }
    }
}
