import Dispatch
public import MemoryUnits
import Synchronization
public import SystemPackage

/// Appends lines to a file that is rotated by size: `observations.jsonl`, then `.1` (newest) to `.N` (oldest).
///
/// A queue of its own writes; whoever has a line hands it over without waiting. The queue is bounded: when it is full the
/// new line is dropped and counted. A failed write (a full disk) is counted and the same lines are tried again once a
/// second while the queue fills up; what a failed write left of a line is cut off first. Durability: lines go to the
/// kernel at once, and to the disk at rotation and at the end, so a crash of the agent loses at most the queue, and a
/// crash of the machine at most what the kernel had not written back.
public final class ObservationLog: Sendable {
    /// What happened, told to the owner of the counters.
    public enum Event: Sendable, Equatable {
        /// So many lines are in the file.
        case written(Int)
        /// A line found no room.
        case dropped
        /// A write, open or rename failed.
        case failed(Errno)
        /// The file was rotated.
        case rotated
    }

    private struct Waiting {
        var lines: [[UInt8]] = []
        var scheduled = false
        var closed = false
    }

    private let capacity: Int
    private let waiting = Mutex(Waiting())
    private let file: Mutex<LogFile>
    private let writer = DispatchQueue(label: "fuyun.observations")
    private let report: @Sendable (Event) -> Void

    /// Makes a log; the file is opened at the first line.
    ///
    /// - Parameters:
    ///   - directory: Where the file lives.
    ///   - fileSize: The size at which the file is rotated.
    ///   - files: How many rotated files are kept.
    ///   - capacity: How many lines may wait.
    ///   - report: Called on the writer's thread, or on the caller's for a dropped line.
    public init(
        directory: FilePath,
        fileSize: Bytes,
        files: Int,
        capacity: Int,
        report: @escaping @Sendable (Event) -> Void
    ) {
        file = Mutex(LogFile(path: directory.appending("observations.jsonl"), fileSize: fileSize, files: files))
        self.capacity = capacity
        self.report = report
    }

    /// Hands a line over; it must not hold a line feed.
    ///
    /// Never waits.
    public func append(_ line: [UInt8]) {
        let (accepted, schedule) = waiting.withLock { waiting in
            guard waiting.lines.count < capacity, !waiting.closed else { return (false, false) }
            waiting.lines.append(line)
            defer { waiting.scheduled = true }
            return (true, !waiting.scheduled)
        }
        if !accepted { report(.dropped) }
        if schedule { writer.async { self.write() } }
    }

    /// Writes what waits and syncs it; waits at most two seconds, for a disk that may never come back.
    public func close() {
        waiting.withLock { $0.closed = true }
        let group = DispatchGroup()
        writer.async(group: group) {
            self.write()
            self.file.withLock { $0.finish() }
        }
        _ = group.wait(timeout: .now() + .seconds(2))
    }

    /// Runs on the writer's queue only.
    private func write() {
        let lines = waiting.withLock { waiting in
            let lines = waiting.lines
            waiting.scheduled = !lines.isEmpty
            return lines
        }
        guard !lines.isEmpty else { return }
        let outcome = file.withLock { file in
            Result { () throws(Errno) in try file.write(lines) }
        }
        switch outcome {
        case .success(let rotated):
            waiting.withLock { $0.lines.removeFirst(lines.count) }
            report(.written(lines.count))
            if rotated { report(.rotated) }
            writer.async { self.write() }
        case .failure(let error):
            report(.failed(error))
            writer.asyncAfter(deadline: .now() + .seconds(1)) { self.write() }
        }
    }
}
