import Dispatch
public import FuyunInvocation
public import MemoryUnits
import Synchronization
public import SystemPackage

/// Appends observations to a file that is rotated by size: `observations.jsonl`, then `.1` (newest) to `.N` (oldest).
///
/// A queue of its own encodes and writes; whoever has an observation hands it over as a value, without waiting. What
/// waits is bounded: when there is no room the new one is dropped and counted. The first observation after a rest is
/// written at once; under load the queue writes on its own every 10 ms, and is woken before only when 64 wait, so that
/// handing over wakes no thread most of the time. A failed write (a full disk) is counted and the same lines are tried
/// again once a second while the queue fills up; what a failed write left of a line is cut off first. Durability: lines
/// go to the kernel within 10 ms, and to the disk at rotation and at the end, so a crash of the agent loses at most what
/// waits, and a crash of the machine at most what the kernel had not written back.
///
/// A sink gets the same lines, encoded once, as they come and whatever becomes of the file: while that cannot be written,
/// half of the queue is kept for what is new.
public final class ObservationLog: Sendable {
    /// What happened, told to the owner of the counters.
    public enum Event: Sendable, Equatable {
        /// So many lines are in the file.
        case written(Int)
        /// An observation found no room.
        case dropped
        /// A write, open or rename failed.
        case failed(Errno)
        /// The file was rotated.
        case rotated
    }

    private enum Entry {
        /// Boxed, so that a place in the queue is one word and its memory goes as soon as it is written.
        indirect case observation(Observation)
        /// A finished line, without its line feed.
        case line([UInt8])

        func append(to bytes: inout [UInt8]) {
            switch self {
            case .observation(let observation): observation.appendJSONLine(to: &bytes)
            case .line(let line):
                bytes += line
                bytes.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// What was handed over and not yet taken by the writer.
    private struct Waiting {
        var entries: [Entry] = []
        /// How many the writer has taken and not yet written.
        var taken = 0
        /// Whether the writer comes by itself.
        var isScheduled = false
        /// Whether the writer was woken because many wait.
        var isHurried = false
        /// Whether a write failed, so that nobody hurries the writer.
        var isFailing = false
        var isClosed = false
    }

    /// What belongs to the writer's queue.
    private struct Writer: ~Copyable {
        var file: LogFile
        /// What was taken; from `next` on it is not yet written.
        var entries: [Entry] = []
        var next = 0
        /// What lies before it was given to the sink.
        var forwarded = 0
        var bytes: [UInt8] = []
        let sink: (any ObservationSink)?
        var payloads: [Range<Int>] = []
        /// The file is left alone until then.
        var retryAt: DispatchTime?

        init(file: consuming LogFile, sink: (any ObservationSink)?) {
            self.file = file
            self.sink = sink
        }

        /// Encodes and writes the next entries, at most `limit`; how many, and whether the file was rotated before.
        mutating func writeBatch(_ limit: Int) throws(Errno) -> (count: Int, rotated: Bool) {
            let batch = next..<min(entries.count, next + limit)
            encode(batch)
            let rotated = try file.write(bytes)
            for index in batch { entries[index] = .line([]) }
            next = batch.upperBound
            return (batch.count, rotated)
        }

        /// Gives the sink what it has not had yet.
        mutating func forwardRest(_ limit: Int) {
            while sink != nil, forwarded < entries.count {
                encode(max(forwarded, next)..<min(entries.count, forwarded + limit))
            }
        }

        private mutating func encode(_ batch: Range<Int>) {
            bytes.removeAll(keepingCapacity: true)
            payloads.removeAll(keepingCapacity: true)
            for index in batch {
                let start = bytes.count
                entries[index].append(to: &bytes)
                guard let sink, index >= forwarded, case .observation(let observation) = entries[index],
                    sink.wants(observation)
                else { continue }
                // Without the line feed.
                payloads.append(start..<bytes.count - 1)
            }
            if !payloads.isEmpty { sink?.take(bytes, payloads) }
            forwarded = max(forwarded, batch.upperBound)
        }
    }

    /// What a turn of the writer came to.
    private enum Turn {
        case nothing
        case written
        case failed
    }

    /// How long the writer gathers under load.
    private static let interval = DispatchTimeInterval.milliseconds(10)

    /// How long it waits after a failed write.
    private static let pause = DispatchTimeInterval.seconds(1)

    /// How long new observations wait for the sink after a failed write.
    private static let shortPause = DispatchTimeInterval.milliseconds(100)

    /// How long a stop waits for a disk.
    private static let patience = DispatchTimeInterval.seconds(2)

    /// How many are encoded and written at once, and wake the writer before its time.
    private static let batch = 64

    private let capacity: Int
    private let hasSink: Bool
    private let waiting = Mutex(Waiting())
    private let writer: Mutex<Writer>
    private let queue = DispatchQueue(label: "fuyun.observations")
    private let report: @Sendable (Event) -> Void

    /// Makes a log; the file is opened at the first observation.
    ///
    /// - Parameters:
    ///   - directory: Where the file lives.
    ///   - fileSize: The size at which the file is rotated.
    ///   - files: How many rotated files are kept.
    ///   - capacity: How many observations may wait.
    ///   - sink: Gets the same lines.
    ///   - report: Called on the writer's thread, or on the caller's for a dropped observation.
    public init(
        directory: FilePath,
        fileSize: Bytes,
        files: Int,
        capacity: Int,
        sink: (any ObservationSink)? = nil,
        report: @escaping @Sendable (Event) -> Void
    ) {
        let path = directory.appending("observations.jsonl")
        writer = Mutex(Writer(file: LogFile(path: path, fileSize: fileSize, files: files), sink: sink))
        hasSink = sink != nil
        self.capacity = capacity
        self.report = report
    }

    /// Hands an observation over.
    ///
    /// Never waits.
    public func append(_ observation: Observation) { append(.observation(observation)) }

    /// Hands a line over; it must not hold a line feed.
    ///
    /// Never waits.
    public func append(_ line: [UInt8]) { append(.line(line)) }

    private func append(_ entry: Entry) {
        enum Step { case drop, rest, start, hurry }
        let step = waiting.withLock { waiting -> Step in
            guard waiting.entries.count + waiting.taken < capacity, !waiting.isClosed else { return .drop }
            waiting.entries.append(entry)
            if !waiting.isScheduled {
                waiting.isScheduled = true
                return .start
            }
            guard waiting.entries.count >= Self.batch, !waiting.isHurried, !waiting.isFailing else { return .rest }
            waiting.isHurried = true
            return .hurry
        }
        switch step {
        case .drop: report(.dropped)
        case .rest: break
        case .start: queue.async { self.run() }
        case .hurry: queue.async { _ = self.write() }
        }
    }

    /// Writes what waits and syncs it; waits at most two seconds, for a disk that may never come back.
    public func close() {
        waiting.withLock { $0.isClosed = true }
        let group = DispatchGroup()
        queue.async(group: group) {
            _ = self.write()
            self.writer.withLock { $0.file.finish() }
        }
        _ = group.wait(timeout: .now() + Self.patience)
    }

    /// Writes what waits, and comes again for as long as there is something.
    ///
    /// Runs on the writer's queue only, once at a time: `isScheduled` says that a turn is certain to come.
    private func run() {
        let isPaused = writer.withLock { writer in writer.retryAt.map { DispatchTime.now() < $0 } ?? false }
        if isPaused { forward() }
        switch isPaused ? .failed : write() {
        case .written: queue.asyncAfter(deadline: .now() + Self.interval) { self.run() }
        case .failed: queue.asyncAfter(deadline: .now() + (hasSink ? Self.shortPause : Self.pause)) { self.run() }
        case .nothing:
            let goesOn = waiting.withLock { waiting in
                waiting.isScheduled = !waiting.entries.isEmpty
                return waiting.isScheduled
            }
            if goesOn { queue.async { self.run() } }
        }
    }

    /// Writes all that waits, or up to the first failure.
    ///
    /// Runs on the writer's queue only.
    private func write() -> Turn {
        var turn = Turn.nothing
        while take() {
            let outcome = writer.withLock { writer in
                Result { () throws(Errno) in try writer.writeBatch(Self.batch) }
            }
            switch outcome {
            case .success(let (count, rotated)):
                writer.withLock { $0.retryAt = nil }
                waiting.withLock { waiting in
                    waiting.taken -= count
                    waiting.isFailing = false
                }
                turn = .written
                report(.written(count))
                if rotated { report(.rotated) }
            case .failure(let error):
                writer.withLock { $0.retryAt = .now() + Self.pause }
                waiting.withLock { $0.isFailing = true }
                report(.failed(error))
                forward()
                return .failed
            }
        }
        return turn
    }

    /// Gives the sink what the file cannot take, and makes room for what comes.
    ///
    /// Runs on the writer's queue only.
    private func forward() {
        guard hasSink else { return }
        let dropped = writer.withLock { writer in
            waiting.withLock { waiting in
                writer.entries += waiting.entries
                waiting.entries.removeAll(keepingCapacity: true)
            }
            writer.forwardRest(Self.batch)
            let excess = max(0, writer.entries.count - writer.next - capacity / 2)
            writer.entries.removeLast(excess)
            writer.forwarded = min(writer.forwarded, writer.entries.count)
            waiting.withLock { $0.taken = writer.entries.count - writer.next }
            return excess
        }
        for _ in 0..<dropped { report(.dropped) }
    }

    /// Takes what waits once all that was taken before is written; false when there is nothing to write.
    private func take() -> Bool {
        writer.withLock { writer in
            guard writer.next == writer.entries.count else { return true }
            // The two arrays change places, so that neither grows anew.
            writer.next = 0
            writer.forwarded = 0
            writer.entries.removeAll(keepingCapacity: writer.entries.count <= 1024)
            waiting.withLock { waiting in
                swap(&waiting.entries, &writer.entries)
                waiting.taken = writer.entries.count
                waiting.isHurried = false
            }
            return !writer.entries.isEmpty
        }
    }
}
