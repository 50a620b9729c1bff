import CoreMetrics
import FuyunInvocation
import FuyunProtocol
import Logging
import Synchronization

/// Chooses the observations that the coordinator gets, spools them, and wakes the reporter.
final class ObservationIntake: ObservationSink {
    private struct State {
        var sampling = ObservationsAnswer.Sampling()
        var isUrgent = false
    }

    private let spool: SpoolQueue
    private let bell: Doorbell
    private let status: SyncStatus
    private let metrics: SyncMetrics
    private let state = Mutex(State())

    init(spool: SpoolQueue, bell: Doorbell, status: SyncStatus, metrics: SyncMetrics) {
        self.spool = spool
        self.bell = bell
        self.status = status
        self.metrics = metrics
    }

    /// Takes the coordinator's wish of how much to send.
    func sample(_ sampling: ObservationsAnswer.Sampling) { state.withLock { $0.sampling = sampling } }

    /// Whether the coordinator gets an observation.
    func wants(_ observation: Observation) -> Bool {
        let isWanted = state.withLock { state in
            if observation.isMiss { state.isUrgent = true }
            return observation.isChosen(by: state.sampling)
        }
        if !isWanted { metrics.sampledOut.increment() }
        return isWanted
    }

    /// Spools what is wanted.
    func take(_ bytes: [UInt8], _ payloads: [Range<Int>]) {
        spool.append(bytes, payloads)
        status.show(spool.level)
        let isUrgent = state.withLock { state in
            defer { state.isUrgent = false }
            return state.isUrgent
        }
        bell.ring(isUrgent ? .urgent : .ordinary)
    }
}

extension SyncMetrics {
    /// Counts what the spool reports.
    func count(_ event: Spool.Event, _ status: SyncStatus, _ logger: Logger) {
        switch event {
        case .appended(let count): spooled.increment(by: count)
        case .dropped(let count):
            dropped.increment(by: count)
            status.update { $0.dropped += UInt64(count) }
        case .truncated:
            truncated.increment()
            status.update { $0.damaged += 1 }
        case .corrupt:
            corrupt.increment()
            status.update { $0.damaged += 1 }
            logger.warning("a damaged record in the spool; the rest of its segment is lost")
        case .failed: spoolErrors.increment()
        case .stopped(let error):
            logger.error(
                "the spool cannot be written; the last observations wait in memory",
                metadata: ["error": "\(error)"]
            )
        case .recovered: logger.notice("the spool can be written again")
        }
    }
}
