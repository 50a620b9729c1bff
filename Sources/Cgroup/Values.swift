public import MemoryUnits

/// A cgroup's identity for as long as the machine runs: the kernel's 64-bit cgroup id, equal to the inode number of its
/// directory.
///
/// Paths, process ids and container names are reused; this is not.
public struct CgroupID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's number.
    public var rawValue: UInt64

    /// Wraps the kernel's number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The number in decimal.
    public var description: String { String(rawValue) }
}

/// The value of a limit file such as `memory.max`: a quantity, or the word `max` for none.
public enum MemoryLimit: Hashable, Sendable {
    /// A limit in bytes.
    case bytes(Bytes)
    /// No limit at this level.
    case max

    /// The limit as a quantity, with `Bytes.max` for none; for taking minima over ancestors.
    public var ceiling: Bytes {
        switch self {
        case .bytes(let bytes): bytes
        case .max: .max
        }
    }
}

/// The counters of `memory.events` or `memory.events.local`.
///
/// Nil: this kernel does not have the counter.
public struct MemoryEvents: Hashable, Sendable {
    /// Times the cgroup was reclaimed although under its `memory.low`.
    public var low: UInt64?
    /// Times a process was throttled at `memory.high`.
    public var high: UInt64?
    /// Times a charge ran into `memory.max`.
    public var max: UInt64?
    /// Times an allocation was about to fail at this cgroup's limit (counted where the limit was hit).
    public var oom: UInt64?
    /// Processes of this cgroup killed by any kind of OOM killer.
    public var oomKill: UInt64?
    /// Times the whole group was killed.
    public var oomGroupKill: UInt64?

    /// Makes a set of counters; every one absent unless given.
    public init(
        low: UInt64? = nil,
        high: UInt64? = nil,
        max: UInt64? = nil,
        oom: UInt64? = nil,
        oomKill: UInt64? = nil,
        oomGroupKill: UInt64? = nil
    ) {
        self.low = low
        self.high = high
        self.max = max
        self.oom = oom
        self.oomKill = oomKill
        self.oomGroupKill = oomGroupKill
    }

    /// How far each counter moved since `earlier`; absent where either side is absent, never below zero.
    public func since(_ earlier: MemoryEvents) -> MemoryEvents {
        func delta(_ now: UInt64?, _ before: UInt64?) -> UInt64? {
            guard let now, let before else { return nil }
            return now >= before ? now - before : 0
        }
        return MemoryEvents(
            low: delta(low, earlier.low),
            high: delta(high, earlier.high),
            max: delta(max, earlier.max),
            oom: delta(oom, earlier.oom),
            oomKill: delta(oomKill, earlier.oomKill),
            oomGroupKill: delta(oomGroupKill, earlier.oomGroupKill)
        )
    }
}

/// The lines of `memory.stat` that sizing needs, in bytes.
///
/// Nil: this kernel does not have the line.
public struct MemoryStat: Hashable, Sendable {
    /// Anonymous memory: heaps, stacks, private writable mappings.
    public var anonymous: Bytes?
    /// Page cache, tmpfs and shared memory included.
    public var file: Bytes?
    /// The part of `file` that is tmpfs or shared memory and so cannot be dropped.
    public var shared: Bytes?
    /// All kernel memory of the cgroup (`kernel`, Linux >= 5.18).
    public var kernel: Bytes?
    /// The reclaimable part of slab memory.
    public var slabReclaimable: Bytes?
    /// The unreclaimable part of slab memory.
    public var slabUnreclaimable: Bytes?
    /// Network buffers.
    public var sockets: Bytes?
    /// Memory that cannot be evicted (mlock and the like).
    public var unevictable: Bytes?
    /// Page cache on the active list, mapped libraries among it.
    public var activeFile: Bytes?
    /// Page cache on the inactive list: what reclaim takes first.
    public var inactiveFile: Bytes?

    /// Makes a set of lines; every one absent unless given.
    public init(
        anonymous: Bytes? = nil,
        file: Bytes? = nil,
        shared: Bytes? = nil,
        kernel: Bytes? = nil,
        slabReclaimable: Bytes? = nil,
        slabUnreclaimable: Bytes? = nil,
        sockets: Bytes? = nil,
        unevictable: Bytes? = nil,
        activeFile: Bytes? = nil,
        inactiveFile: Bytes? = nil
    ) {
        self.anonymous = anonymous
        self.file = file
        self.shared = shared
        self.kernel = kernel
        self.slabReclaimable = slabReclaimable
        self.slabUnreclaimable = slabUnreclaimable
        self.sockets = sockets
        self.unevictable = unevictable
        self.activeFile = activeFile
        self.inactiveFile = inactiveFile
    }

    /// What cannot be had back without swapping or killing: anonymous + shared + kernel memory less reclaimable slab +
    /// network buffers.
    ///
    /// The least sufficient limit of a run is this figure's peak plus a few percent.
    public var nonReclaimable: Bytes {
        (anonymous ?? .zero) + (shared ?? .zero) + ((kernel ?? .zero) - (slabReclaimable ?? .zero)) + (sockets ?? .zero)
    }
}

/// One line of `memory.pressure`: how long tasks were stalled for want of memory.
public struct PressureStall: Hashable, Sendable {
    /// Total time in which at least one task was stalled.
    public var some: Duration
    /// Total time in which all tasks were stalled at once.
    public var full: Duration

    /// Makes a reading from the kernel's totals.
    public init(some: Duration, full: Duration) {
        self.some = some
        self.full = full
    }
}

/// The contents of `cgroup.events`.
public struct CgroupEvents: Hashable, Sendable {
    /// Whether the cgroup or a descendant holds a live process.
    public var populated: Bool
    /// Whether the cgroup is frozen; nil where the kernel does not say.
    public var frozen: Bool?

    /// Makes a reading.
    public init(populated: Bool, frozen: Bool? = nil) {
        self.populated = populated
        self.frozen = frozen
    }
}

/// How a peak was had, from the most to the least exact.
public enum PeakMethod: String, Hashable, Sendable {
    /// The descriptor's own window, reset at the start of the invocation (Linux >= 6.12).
    case window
    /// The cgroup's lifetime peak grew during the invocation, so it is exact; else it is only an upper bound.
    case lifetime
    /// The highest of samples of `memory.current`.
    case sampled
}
