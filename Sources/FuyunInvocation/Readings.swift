public import Cgroup
public import MemoryUnits

/// What was read from a container's cgroup at one moment.
///
/// Nil: not read, or this kernel does not have the file.
///
/// The edge reads what it can afford at the moment: at the begin `memory.current` alone will do, as the ledger fills
/// the rest from its last reading while the container was idle.
public struct MeterReading: Hashable, Sendable {
    /// `memory.current`.
    public var current: Bytes?
    /// `memory.stat`.
    public var stat: MemoryStat?
    /// `memory.events`: this cgroup and everything below it.
    public var events: MemoryEvents?
    /// `memory.events.local`: this cgroup alone (Linux >= 5.2).
    public var localEvents: MemoryEvents?
    /// `memory.pressure` totals.
    public var pressure: PressureStall?
    /// The ancestors' counters, nearest first; nil when they were not read.
    public var ancestors: [AncestorReading]?
    /// How many processes of the cgroup a userspace killer says it has killed (systemd-oomd counts in the extended
    /// attributes `user.oomd_kill` and `trusted.oomd_kill`).
    public var userspaceKills: UInt64?

    /// Makes a reading; every part absent unless given.
    public init(
        current: Bytes? = nil,
        stat: MemoryStat? = nil,
        events: MemoryEvents? = nil,
        localEvents: MemoryEvents? = nil,
        pressure: PressureStall? = nil,
        ancestors: [AncestorReading]? = nil,
        userspaceKills: UInt64? = nil
    ) {
        self.current = current
        self.stat = stat
        self.events = events
        self.localEvents = localEvents
        self.pressure = pressure
        self.ancestors = ancestors
        self.userspaceKills = userspaceKills
    }

    /// This reading with the parts it lacks taken from an older one.
    func completed(from older: MeterReading) -> MeterReading {
        MeterReading(
            current: current ?? older.current,
            stat: stat ?? older.stat,
            events: events ?? older.events,
            localEvents: localEvents ?? older.localEvents,
            pressure: pressure ?? older.pressure,
            ancestors: ancestors ?? older.ancestors,
            userspaceKills: userspaceKills ?? older.userspaceKills
        )
    }
}

/// The out-of-memory counters of one ancestor of a container's cgroup.
public struct AncestorReading: Hashable, Sendable {
    /// The cgroup's path from the mount point.
    public var path: String
    /// Whether this cgroup belongs to the container itself, one level above the processes: crun puts them in
    /// `<scope>/container` and sets the container's limit on the scope as well.
    public var isContainerScope: Bool
    /// `memory.events.local`; `oom` here says that this level's own limit was hit.
    public var local: MemoryEvents?
    /// `memory.events`; tells of everything below, also of a container that is already gone.
    public var events: MemoryEvents?

    /// Makes a reading.
    public init(path: String, isContainerScope: Bool = false, local: MemoryEvents? = nil, events: MemoryEvents? = nil) {
        self.path = path
        self.isContainerScope = isContainerScope
        self.local = local
        self.events = events
    }
}
