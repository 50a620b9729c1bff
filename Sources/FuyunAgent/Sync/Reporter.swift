import CoordinatorClient
import CoreMetrics
import FuyunProtocol
import Logging
import MemoryUnits
import NIOCore

/// Sends what is in the spool, in batches and in order, for as long as the agent runs.
///
/// At least once: a record leaves the spool when the coordinator has said that it is stored. One request is on its way at
/// a time.
struct Reporter: Sendable {
    /// About the most bytes of observations in a request: several hundred of them.
    static let mostBytes = 1 << 20
    /// After so many records in a row that the coordinator refused one by one, it is the coordinator that is wrong about
    /// them: from then on they are given up slowly.
    static let mostRefusals = 16

    /// When a spool that could not be read is looked at again.
    static let lookAgain: Duration = .seconds(10)

    let spool: SpoolQueue
    let link: any CoordinatorLink
    let bell: Doorbell
    let intake: ObservationIntake
    let status: SyncStatus
    let metrics: SyncMetrics
    let logger: Logger
    /// The most observations in a request.
    let batch: Int
    /// The longest time that observations are gathered.
    let interval: Duration

    /// Sends until the bell is closed.
    func run() async {
        var backoff = Backoff()
        var isolation = Isolation(most: batch)
        var refusals = 0
        while !bell.isClosed {
            bell.reset()
            guard let batch = spool.batch(mostRecords: isolation.size, mostBytes: Self.mostBytes) else {
                // Nothing, or nothing that can be read just now.
                await bell.wait(for: .ordinary, atMost: spool.level.size == .zero ? nil : Self.lookAgain)
                await bell.wait(for: .urgent, atMost: interval)
                continue
            }
            let isFull = batch.items.count >= isolation.size || batch.bytes.count >= Self.mostBytes
            do throws(CoordinatorError) {
                let answer = try await link.send(Self.body(of: batch))
                accepted(batch, answer)
                isolation.accepted(batch.items.count)
                backoff.reset()
                refusals = 0
                // What comes in meanwhile is gathered again, unless there is a backlog to work off.
                if !isFull { await bell.wait(for: .urgent, atMost: interval) }
            } catch {
                guard !bell.isClosed else { return }
                metrics.sendFailures.increment()
                if error.isRefusalOfContent {
                    status.answered()
                    guard isolation.refused(batch.items.count) else { continue }
                    leaveOut(batch, error)
                    refusals += 1
                    if refusals > Self.mostRefusals { await bell.wait(for: .closed, atMost: backoff.next()) }
                } else {
                    status.failed(error)
                    await bell.wait(for: .closed, atMost: backoff.next())
                }
            }
        }
    }

    private static func body(of batch: Spool.Batch) -> ByteBuffer {
        var writer = ObservationBatchWriter(epoch: batch.epoch)
        for item in batch.items { writer.append(sequence: item.sequence, observation: batch.bytes[item.payload]) }
        return writer.finish()
    }

    private func accepted(_ batch: Spool.Batch, _ answer: ObservationsAnswer) {
        acknowledge(batch)
        intake.sample(answer.sampling)
        status.answered()
        status.update { $0.sent += UInt64(batch.items.count) }
        metrics.sent.increment(by: batch.items.count)
        metrics.batches.increment()
    }

    /// The one record of a batch is refused for what it is.
    private func leaveOut(_ batch: Spool.Batch, _ failure: CoordinatorError) {
        acknowledge(batch)
        status.update { $0.refused += 1 }
        metrics.refused.increment()
        logger.error(
            "the coordinator refuses an observation; it is left out",
            metadata: ["sequence": "\(batch.items.first?.sequence ?? 0)", "error": "\(failure)"]
        )
    }

    private func acknowledge(_ batch: Spool.Batch) {
        if let last = batch.items.last { spool.acknowledge(last) }
        status.show(spool.level)
    }
}
