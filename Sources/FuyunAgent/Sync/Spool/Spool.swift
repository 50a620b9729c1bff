import FuyunInvocation
import Glibc
import MemoryUnits
import SystemPackage

/// Observations on their way to the coordinator, on disk: bounded, and whole after a crash.
///
/// Segments are files of a few MiB that are only ever appended to, and removed when all in them was acknowledged. A run of
/// the agent never appends to another run's segment; it starts a new one, with a new epoch. So a record that a crash cut
/// off is simply the end of its segment, and no number is ever given twice, not even after a crash of the machine lost
/// numbers that had been sent, or after the directory was restored from a backup. When the bound is reached the
/// oldest segment goes. While the disk takes nothing, the last observations wait in memory, and what waits there goes to
/// the disk when that takes something again.
///
/// It belongs to whoever holds the lock around it. Reading and writing may block, but never for long.
struct Spool: ~Copyable {
    /// What happened, told to the owner of the counters.
    enum Event: Equatable, Sendable {
        /// So many observations were taken in.
        case appended(Int)
        /// So many were dropped to make room, on disk or in memory.
        case dropped(Int)
        /// A segment ended with a record that was not finished.
        case truncated
        /// A record was damaged; the rest of its segment is lost.
        case corrupt
        /// A read or write failed.
        case failed(Errno)
        /// The disk takes nothing from now on.
        case stopped(Errno)
        /// The disk takes observations again.
        case recovered
    }

    /// Where a record ends, and so what its acknowledgement says.
    enum Position: Equatable, Sendable {
        /// In a segment.
        case disk(segment: UInt64, offset: Int)
        /// In memory.
        case memory
    }

    /// Records in the order of their numbers, all of one epoch.
    struct Batch: Sendable {
        /// One record.
        struct Item: Sendable {
            /// Its number.
            var sequence: UInt64
            /// Where its payload lies.
            var payload: Range<Int>
            /// Where it ends in the spool.
            var end: Position
        }

        /// The epoch.
        var epoch: UInt64
        /// The payloads, with other bytes between them.
        var bytes: [UInt8]
        /// The records, at least one.
        var items: [Item]
    }

    /// A file of the spool.
    struct Segment {
        var number: UInt64
        var size: Int
        /// Nil until its head was read.
        var epoch: UInt64?
        /// Nil for a segment of an earlier run.
        var records: Int?
    }

    /// After a failed write the disk is left alone for so long.
    static let pause: Duration = .seconds(10)

    /// The epoch of this run.
    let epoch = SpoolFiles.newEpoch()
    let files: SpoolFiles
    private let capacity: Int
    private let segmentSize: Int
    let report: @Sendable (Event) -> Void

    var segments: [Segment] = []
    var nextNumber: UInt64 = 1
    private var lastSequence: UInt64 = 0
    /// The segment that is written, always the last one; nil when the next record starts a new one.
    var writing: FileDescriptor?
    /// Whether something was written since the last sync.
    private var isDirty = false
    var reading: (number: UInt64, descriptor: FileDescriptor)?
    var offset = SpoolFormat.headSize
    var cursorFile: FileDescriptor?
    var memory = MemoryQueue()
    private var retryAt: MonotonicTime?
    private var scratch: [UInt8] = []
    /// Whether the directory was read.
    private var isOpen = false

    /// Opens a spool; a directory that cannot be used is one that takes nothing.
    init(
        directory: FilePath,
        capacity: Bytes,
        segmentSize: Bytes,
        now: MonotonicTime,
        report: @escaping @Sendable (Event) -> Void
    ) {
        files = SpoolFiles(directory: directory)
        self.capacity = Int(clamping: capacity.rawValue)
        // The bound is kept by removing whole segments, so that there must be several.
        self.segmentSize = min(Int(clamping: segmentSize.rawValue), max(self.capacity / 4, 4096))
        self.report = report
        do throws(Errno) { try open() } catch { stop(error, now) }
    }

    deinit {
        try? writing?.close()
        try? reading?.descriptor.close()
        try? cursorFile?.close()
    }

    private mutating func open() throws(Errno) {
        guard !isOpen else { return }
        try StateDirectory.make(files.directory, permissions: 0o750)
        let cursor = files.readCursor()
        let found = try files.segments()
        nextNumber = max(found.last?.number ?? 0, cursor?.segment ?? 0) + 1
        for (number, size) in found {
            guard let cursor, number < cursor.segment else {
                segments.append(Segment(number: number, size: size))
                continue
            }
            // One that cannot be removed is met again at the next start.
            do throws(Errno) { try files.remove(number) } catch { report(.failed(error)) }
        }
        isOpen = true
        if let cursor, let first = segments.first, first.number == cursor.segment, epoch(of: first) == cursor.epoch,
            cursor.offset >= SpoolFormat.headSize, cursor.offset <= first.size
        {
            offset = cursor.offset
        }
    }

    // MARK: - State

    /// The bytes that wait, in all segments and in memory.
    var size: Bytes {
        Bytes(UInt64(max(0, segments.reduce(0) { $0 + $1.size } - (segments.isEmpty ? 0 : offset)) + memory.bytes))
    }

    /// How many segments there are.
    var segmentCount: Int { segments.count }

    /// Whether observations wait in memory because the disk takes nothing.
    var isInMemory: Bool { retryAt != nil }

    // MARK: - Writing

    /// Takes observations in: the parts of `bytes` that `payloads` names, without a line feed.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ payloads: [Range<Int>], now: MonotonicTime) {
        let fitting = payloads.filter { (1...SpoolFormat.largestPayload).contains($0.count) }
        report(.appended(payloads.count))
        if fitting.count < payloads.count { report(.dropped(payloads.count - fitting.count)) }
        if !fitting.isEmpty { take(bytes, fitting, now) }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ payloads: [Range<Int>], _ now: MonotonicTime) {
        if let retryAt, now < retryAt { return keep(bytes, payloads[...]) }
        var next = payloads.startIndex
        do throws(Errno) {
            try open()
            try flushMemory()
            while next < payloads.endIndex {
                next = try write(bytes, payloads[next...])
            }
            if retryAt != nil {
                retryAt = nil
                report(.recovered)
            }
        } catch {
            stop(error, now)
            keep(bytes, payloads[next...])
        }
    }

    /// Writes as many as the segment has room for, at least one, at once; the index of the first that was not.
    private mutating func write(_ bytes: UnsafeRawBufferPointer, _ payloads: ArraySlice<Range<Int>>) throws(Errno)
        -> Int
    {
        scratch.removeAll(keepingCapacity: true)
        let first = SpoolFormat.recordHeadSize + (payloads.first?.count ?? 0)
        if writing != nil, let last = segments.last, last.size + first > segmentSize { seal() }
        let room = segmentSize - (writing == nil ? SpoolFormat.headSize : segments.last?.size ?? 0)
        var next = payloads.startIndex
        while next < payloads.endIndex {
            let payload = UnsafeRawBufferPointer(rebasing: bytes[payloads[next]])
            let size = SpoolFormat.recordHeadSize + payload.count
            if !scratch.isEmpty, scratch.count + size > room { break }
            let sequence = lastSequence + UInt64(next - payloads.startIndex) + 1
            SpoolFormat.append(payload, sequence: sequence, to: &scratch)
            next += 1
        }
        try store(scratch, records: next - payloads.startIndex)
        lastSequence += UInt64(next - payloads.startIndex)
        return next
    }

    /// Appends whole records to the segment that is written, or leaves it as it was.
    private mutating func store(_ records: [UInt8], records count: Int) throws(Errno) {
        guard count > 0 else { return }
        try makeRoom(for: records.count + (writing == nil ? SpoolFormat.headSize : 0))
        if writing == nil {
            // A number whose file could not be made is not tried again.
            nextNumber += 1
            writing = try files.create(nextNumber - 1, epoch: epoch)
            segments.append(Segment(number: nextNumber - 1, size: SpoolFormat.headSize, epoch: epoch, records: 0))
        }
        guard let descriptor = writing else { throw .badFileDescriptor }
        let last = segments.count - 1
        do {
            try descriptor.writeAll(toAbsoluteOffset: Int64(segments[last].size), records)
        } catch {
            // What arrived of them is cut off; when even that fails, nothing more goes into this segment, and its
            // reader stops at what is whole.
            do { try descriptor.resize(to: Int64(segments[last].size)) } catch { seal() }
            throw error as? Errno ?? .ioError
        }
        segments[last].size += records.count
        segments[last].records = (segments[last].records ?? 0) + count
        isDirty = true
    }

    private mutating func flushMemory() throws(Errno) {
        guard !memory.entries.isEmpty else { return }
        scratch.removeAll(keepingCapacity: true)
        for entry in memory.entries {
            entry.payload.withUnsafeBytes { SpoolFormat.append($0, sequence: entry.sequence, to: &scratch) }
        }
        seal()
        try store(scratch, records: memory.entries.count)
        memory.removeAll()
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ payloads: ArraySlice<Range<Int>>) {
        var dropped = 0
        for payload in payloads {
            lastSequence += 1
            let copy = [UInt8](UnsafeRawBufferPointer(rebasing: bytes[payload]))
            dropped += memory.append(MemoryQueue.Entry(sequence: lastSequence, payload: copy))
        }
        if dropped > 0 { report(.dropped(dropped)) }
    }

    private mutating func stop(_ error: Errno, _ now: MonotonicTime) {
        report(.failed(error))
        if retryAt == nil { report(.stopped(error)) }
        retryAt = now.advanced(by: Self.pause)
    }

    /// Removes the oldest segments until so many bytes more are within the bound.
    private mutating func makeRoom(for bytes: Int) throws(Errno) {
        // An almost empty file takes a block all the same: many short runs must not make many files.
        var total = segments.reduce(bytes) { $0 + max($1.size, 4096) }
        while total > capacity, let oldest = segments.first {
            if segments.count == 1 { seal() }
            let lost = countUnread(oldest)
            total -= max(oldest.size, 4096)
            try removeFirst()
            if lost > 0 { report(.dropped(lost)) }
        }
    }

    /// How many records of a segment, the first one, were not acknowledged.
    private func countUnread(_ segment: Segment) -> Int {
        if offset == SpoolFormat.headSize, let records = segment.records { return records }
        guard let descriptor = try? files.open(segment.number) else { return 0 }
        defer { try? descriptor.close() }
        guard let bytes = try? Self.read(descriptor, at: offset, count: max(0, segment.size - offset)) else { return 0 }
        return bytes.withUnsafeBytes { bytes in
            var (count, place) = (0, 0)
            while case .record(_, _, let end) = SpoolFormat.place(bytes, at: place) {
                (count, place) = (count + 1, end)
            }
            return count
        }
    }

    /// Ends the segment that is written.
    mutating func seal() {
        guard let descriptor = writing else { return }
        writing = nil
        if isDirty { _ = fdatasync(descriptor.rawValue) }
        isDirty = false
        try? descriptor.close()
    }

    /// A descriptor of its own to sync what was written since the last time; nil when nothing was.
    mutating func descriptorToSync() -> FileDescriptor? {
        guard isDirty, let descriptor = writing else { return nil }
        isDirty = false
        let copy = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 0)
        return copy < 0 ? nil : FileDescriptor(rawValue: copy)
    }

    /// Syncs and closes the segment that is written.
    mutating func finish() { seal() }
}
