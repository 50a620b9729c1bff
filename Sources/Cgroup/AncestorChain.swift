import Glibc
import MemoryUnits

/// One ancestor of containers' cgroups, with its limit and its counters kept open: three descriptors, however many
/// containers are below it.
///
/// When it is removed every method throws `CgroupError` with code `gone`.
public final class AncestorLevel: Sendable {
    /// The cgroup.
    public let directory: CgroupDirectory
    private let max: Descriptor
    private let localEventsFile: Descriptor
    private let eventsFile: Descriptor

    init(_ directory: consuming CgroupDirectory) throws(CgroupError) {
        self.max = try directory.openFile("memory.max", O_RDONLY)
        self.localEventsFile = try directory.openFile("memory.events.local", O_RDONLY)
        self.eventsFile = try directory.openFile("memory.events", O_RDONLY)
        self.directory = directory
    }

    /// `memory.max` of this level; `max` where the level has no memory controller.
    public func limit() throws(CgroupError) -> MemoryLimit {
        guard max.isOpen else { return .max }
        return try KernelFile.value(of: max.raw, file: directory.label("memory.max"), KernelText.limit)
    }

    /// `memory.events.local` of this level; nil where it has no memory controller.
    public func localEvents() throws(CgroupError) -> MemoryEvents? {
        guard localEventsFile.isOpen else { return nil }
        return try KernelFile.text(
            of: localEventsFile.raw,
            file: directory.label("memory.events.local"),
            KernelText.events
        )
    }

    /// `memory.events` of this level, which counts what is below it too; nil where it has no memory controller.
    public func events() throws(CgroupError) -> MemoryEvents? {
        guard eventsFile.isOpen else { return nil }
        return try KernelFile.text(of: eventsFile.raw, file: directory.label("memory.events"), KernelText.events)
    }
}

/// The ancestors of one cgroup, nearest first, without the root and without the cgroup itself.
public struct AncestorChain: Sendable {
    /// The levels, nearest first.
    public let levels: [AncestorLevel]

    init(levels: [AncestorLevel]) { self.levels = levels }

    /// The least `memory.max` of all ancestors: what the cgroup can have at most, whatever its own limit says.
    ///
    /// - Throws: `CgroupError`; `gone` means that the cgroup itself is gone too.
    public func effectiveCeiling() throws(CgroupError) -> MemoryLimit {
        var least = MemoryLimit.max
        for level in levels {
            let limit = try level.limit()
            if limit.ceiling < least.ceiling { least = limit }
        }
        return least
    }

    /// The counters of all levels now; take one before and one after, and look at `AncestorCounters.since`.
    public func counters() throws(CgroupError) -> AncestorCounters {
        var result: [AncestorCounters.Level] = []
        result.reserveCapacity(levels.count)
        for level in levels {
            result.append(
                AncestorCounters.Level(path: level.directory.path, events: try level.localEvents() ?? MemoryEvents())
            )
        }
        return AncestorCounters(levels: result)
    }

    /// How many processes userspace killers have killed at each level (`CgroupDirectory.userspaceKillCount`), nearest
    /// first.
    ///
    /// systemd-oomd marks the cgroup that it chose, which is often an ancestor of the one that died.
    public func userspaceKillCounts() throws(CgroupError) -> [UInt64] {
        var counts: [UInt64] = []
        for level in levels { counts.append(try level.directory.userspaceKillCount()) }
        return counts
    }
}

/// What each ancestor counted by itself: an OOM is counted at the level whose limit was hit.
public struct AncestorCounters: Hashable, Sendable {
    /// One ancestor's own counters.
    public struct Level: Hashable, Sendable {
        /// Its path from the mount point.
        public var path: String
        /// Its `memory.events.local`; counters are absent where it has no memory controller.
        public var events: MemoryEvents

        /// Makes one level's counters.
        public init(path: String, events: MemoryEvents) {
            self.path = path
            self.events = events
        }
    }

    /// The levels, nearest first.
    public var levels: [Level]

    /// Makes a snapshot, or a difference of two.
    public init(levels: [Level] = []) { self.levels = levels }

    /// How far the counters moved since `earlier`, level by level; a level that was not there before counts from zero.
    public func since(_ earlier: AncestorCounters) -> AncestorCounters {
        var before: [String: MemoryEvents] = [:]
        for level in earlier.levels { before[level.path] = level.events }
        return AncestorCounters(
            levels: levels.map { level in
                Level(path: level.path, events: before[level.path].map { level.events.since($0) } ?? level.events)
            }
        )
    }

    /// The nearest level at which an allocation ran out (`oom` > 0), of a difference.
    public var nearestOOM: Level? { levels.first { ($0.events.oom ?? 0) > 0 } }
}
