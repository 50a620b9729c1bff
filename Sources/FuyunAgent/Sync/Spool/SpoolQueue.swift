import Dispatch
import FuyunInvocation
import Glibc
import MemoryUnits
import Synchronization
import SystemPackage

/// A spool between its writer, the thread of the observation log, and its reader, the reporter.
///
/// Both hold the lock for as long as a read or write of a part of a segment takes. What was written is synced by a thread
/// of its own within a second, so that neither waits for a disk's cache.
final class SpoolQueue: Sendable {
    private struct State: ~Copyable {
        var spool: Spool
        var isSyncDue = false
    }

    /// How long what was written may wait for its sync.
    private static let syncDelay = DispatchTimeInterval.seconds(1)

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "fuyun.spool")

    /// Opens the spool.
    ///
    /// - Parameter report: Called on the thread of the writer or the reader, with the lock held.
    init(directory: FilePath, capacity: Bytes, segmentSize: Bytes, report: @escaping @Sendable (Spool.Event) -> Void) {
        let spool = Spool(
            directory: directory,
            capacity: capacity,
            segmentSize: segmentSize,
            now: Clocks.monotonic(),
            report: report
        )
        state = Mutex(State(spool: spool))
    }

    /// Takes observations in: the parts of `bytes` that `payloads` names.
    func append(_ bytes: [UInt8], _ payloads: [Range<Int>]) {
        let isSyncDue = bytes.withUnsafeBytes { bytes in
            state.withLock { state in
                state.spool.append(bytes, payloads, now: Clocks.monotonic())
                defer { state.isSyncDue = true }
                return !state.isSyncDue
            }
        }
        if isSyncDue { queue.asyncAfter(deadline: .now() + Self.syncDelay) { self.sync() } }
    }

    private func sync() {
        let descriptor = state.withLock { state in
            state.isSyncDue = false
            return state.spool.descriptorToSync()
        }
        guard let descriptor else { return }
        _ = fdatasync(descriptor.rawValue)
        try? descriptor.close()
    }

    /// The first observations that were not acknowledged; nil when there are none.
    func batch(mostRecords: Int, mostBytes: Int) -> Spool.Batch? {
        state.withLock { $0.spool.batch(mostRecords: mostRecords, mostBytes: mostBytes) }
    }

    /// Everything up to this record was taken.
    func acknowledge(_ item: Spool.Batch.Item) {
        state.withLock { $0.spool.acknowledge(item) }
    }

    /// What waits.
    struct Level: Sendable {
        /// Its bytes, on disk and in memory.
        var size: Bytes
        /// The files on disk.
        var segments: Int
        /// Whether the last observations wait in memory because the disk takes nothing.
        var isInMemory: Bool
    }

    /// What waits now.
    var level: Level {
        state.withLock { state in
            Level(
                size: state.spool.size,
                segments: state.spool.segmentCount,
                isInMemory: state.spool.isInMemory
            )
        }
    }

    /// Syncs what was written.
    func finish() { state.withLock { $0.spool.finish() } }
}
