import CoordinatorClient
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Logging
import MemoryUnits
import Synchronization

/// What operators see of the way to the coordinator: written by the sync's own tasks, read by the status page.
final class SyncStatus: Sendable {
    /// The figures of one moment.
    struct Values: Sendable {
        /// Whether the last request was answered; nil before the first.
        var isReachable: Bool?
        /// When the last request was answered.
        var lastContact: MonotonicTime?
        /// What came of the last request that failed; nil once one succeeded.
        var lastError: String?
        /// The revision of the policies in use; nil without any.
        var revision: Int64?
        /// Functions that the coordinator names.
        var functions = 0
        /// Those whose last change is refused.
        var refusedFunctions = 0
        /// The coordinator's cap for all functions.
        var modeCap = Mode.enforce
        /// What waits in the spool, as of the last change: the spool's own lock may wait for the disk.
        var level = SpoolQueue.Level(size: .zero, segments: 0, isInMemory: false)
        /// Observations that it took.
        var sent: UInt64 = 0
        /// Observations that it refused.
        var refused: UInt64 = 0
        /// Observations dropped from the spool.
        var dropped: UInt64 = 0
        /// Damaged or unfinished segments met.
        var damaged: UInt64 = 0
    }

    /// Where the coordinator is.
    let url: String
    /// As whom it is spoken to.
    let node: String
    private let values = Mutex(Values())
    private let metrics: SyncMetrics
    private let logger: Logger

    init(_ coordinator: AgentConfiguration.Coordinator, metrics: SyncMetrics, logger: Logger) {
        url = coordinator.url
        node = coordinator.node
        self.metrics = metrics
        self.logger = logger
    }

    /// The figures now.
    var now: Values { values.withLock { $0 } }

    /// Changes figures.
    func update(_ change: (inout Values) -> Void) { values.withLock { change(&$0) } }

    /// Shows what waits in the spool.
    func show(_ level: SpoolQueue.Level) {
        update { $0.level = level }
        metrics.spoolBytes.set(Double(level.size.rawValue))
        metrics.spoolSegments.set(level.segments)
        metrics.spoolInMemory.set(level.isInMemory ? 1 : 0)
    }

    /// A request was answered well.
    func answered() {
        let before = values.withLock { values in
            defer {
                values.isReachable = true
                values.lastContact = Clocks.monotonic()
                values.lastError = nil
            }
            return values.isReachable
        }
        metrics.reachable.set(1)
        if before != true { logger.notice("the coordinator answers", metadata: ["url": "\(url)"]) }
    }

    /// A request came to nothing; logged when that is news.
    func failed(_ failure: CoordinatorError) {
        let text = failure.description
        let before = values.withLock { values in
            defer {
                values.isReachable = false
                values.lastError = text
            }
            return (values.isReachable, values.lastError)
        }
        metrics.reachable.set(0)
        guard before.0 != false || before.1 != text else { return }
        logger.warning(
            "the coordinator does not take a request; the node goes on alone and tries again",
            metadata: ["url": "\(url)", "error": "\(text)"]
        )
    }
}
