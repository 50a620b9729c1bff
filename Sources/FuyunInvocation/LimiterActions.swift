public import Cgroup
public import MemoryUnits

/// What the edge has to do after an event: at most one act of each kind, to be performed in the order of the fields.
///
/// It is a plain value without an array, so that deciding allocates nothing. An edge that cannot perform an act reports
/// that as the next event (`limitWriteFailed`, `settled(nil)`); the ledger never assumes more than it is told.
public struct LimiterActions: Hashable, Sendable {
    /// Turns sampling of a container on or off.
    public enum Sampling: Hashable, Sendable {
        /// Read the container's use from time to time, and tell the ledger by `sampled`.
        case start
        /// Stop reading it.
        case stop
    }

    /// Reset the peak window of this slot, before anything else, so that the window begins with the invocation.
    public var resetPeakWindow: UInt8?
    /// Write this to `memory.max` of the cgroup where the processes live.
    public var writeMax: MemoryLimit?
    /// Write this to `memory.high` of the same cgroup, after `memory.max`: a tripwire, or `max` to take it away.
    public var writeHigh: MemoryLimit?
    /// Write this to `memory.swap.max` of the same cgroup.
    public var writeSwapMax: MemoryLimit?
    /// Remember this as the container's ceiling, where a restarted agent finds it (`user.fuyun.ceiling`).
    public var storeCeiling: MemoryLimit?
    /// Make these known to systemd where it owns the container's unit; off the path, it takes milliseconds.
    public var proposeUnitProperties: UnitLimits?
    /// Have the worker thread give page cache back.
    public var scheduleSettle: SettleRequest?
    /// Turn sampling on or off.
    public var sampling: Sampling?
    /// Read `memory.max` and `memory.swap.max` again at this moment, and tell the ledger by `overwritten` and
    /// `swapOverwritten`; a later request replaces an earlier one.
    public var recheckLimit: MonotonicTime?
    /// What is worth a log line or a counter.
    public var notes: LimiterNotes

    /// Nothing to do.
    public init(
        resetPeakWindow: UInt8? = nil,
        writeMax: MemoryLimit? = nil,
        writeHigh: MemoryLimit? = nil,
        writeSwapMax: MemoryLimit? = nil,
        storeCeiling: MemoryLimit? = nil,
        proposeUnitProperties: UnitLimits? = nil,
        scheduleSettle: SettleRequest? = nil,
        sampling: Sampling? = nil,
        recheckLimit: MonotonicTime? = nil,
        notes: LimiterNotes = []
    ) {
        self.resetPeakWindow = resetPeakWindow
        self.writeMax = writeMax
        self.writeHigh = writeHigh
        self.writeSwapMax = writeSwapMax
        self.storeCeiling = storeCeiling
        self.proposeUnitProperties = proposeUnitProperties
        self.scheduleSettle = scheduleSettle
        self.sampling = sampling
        self.recheckLimit = recheckLimit
        self.notes = notes
    }

    /// Whether there is nothing to do and nothing to say.
    public var isEmpty: Bool { self == LimiterActions() }
}

/// What is worth a log line or a counter, as a set.
public struct LimiterNotes: OptionSet, Hashable, Sendable {
    /// The set as bits.
    public let rawValue: UInt16
    /// Makes a set from bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// Someone else changed `memory.max` while invocations run.
    public static let overwritten = LimiterNotes(rawValue: 1 << 0)
    /// The limit is written again after it was overwritten.
    public static let reasserted = LimiterNotes(rawValue: 1 << 1)
    /// The budget for re-assertions is spent: the overwriter's limit stays.
    public static let reassertBudgetSpent = LimiterNotes(rawValue: 1 << 2)
    /// The platform gave the container another ceiling.
    public static let ceilingAdopted = LimiterNotes(rawValue: 1 << 3)
    /// A limit left behind by an earlier run of the agent was raised to the ceiling.
    public static let leftoverRaised = LimiterNotes(rawValue: 1 << 4)
    /// Someone else changed `memory.swap.max`.
    public static let swapOverwritten = LimiterNotes(rawValue: 1 << 5)
    /// The platform's new `memory.swap.max` is taken as it is.
    public static let swapAdopted = LimiterNotes(rawValue: 1 << 6)
    /// A peer named another function than its container's.
    public static let functionMismatch = LimiterNotes(rawValue: 1 << 7)
    /// More invocations at once than are followed.
    public static let tooManyInFlight = LimiterNotes(rawValue: 1 << 8)
    /// The same invocation was begun twice.
    public static let duplicateBegin = LimiterNotes(rawValue: 1 << 9)
    /// A limit could not be written.
    public static let writeFailed = LimiterNotes(rawValue: 1 << 10)
    /// The container's use stands in the way of the decided limit.
    public static let held = LimiterNotes(rawValue: 1 << 11)
    /// Cache could not be given back.
    public static let settleFailed = LimiterNotes(rawValue: 1 << 12)
    /// Someone else changed `memory.high`.
    public static let highOverwritten = LimiterNotes(rawValue: 1 << 13)
    /// Too many fights over a file: the container is only observed from now on.
    public static let observeOnly = LimiterNotes(rawValue: 1 << 14)
}

/// What systemd should know of a container's unit, so that its next reload lands on the ceiling instead of undoing it.
public struct UnitLimits: Hashable, Sendable {
    /// `MemoryMax=`: the ceiling.
    public var memoryMax: MemoryLimit
    /// `MemorySwapMax=`: as found; nil when the cgroup has none.
    public var swapMax: MemoryLimit?

    /// Makes a pair.
    public init(memoryMax: MemoryLimit, swapMax: MemoryLimit?) {
        self.memoryMax = memoryMax
        self.swapMax = swapMax
    }
}

/// An order to give page cache back after the last invocation, so that the next begin finds room for its limit.
///
/// It is done with `memory.reclaim`, which never kills, and off the path: reclaim takes its time.
public struct SettleRequest: Hashable, Sendable {
    /// What the container should come down to: what it cannot give back, and the allowance.
    public var target: Bytes
    /// How much cache it may keep.
    public var cacheAllowance: Bytes

    /// Makes an order.
    public init(target: Bytes, cacheAllowance: Bytes) {
        self.target = target
        self.cacheAllowance = cacheAllowance
    }

    /// How much to ask `memory.reclaim` for, from figures that the worker reads right before; nil when there is nothing
    /// to do.
    ///
    /// Only page cache above the allowance is asked for, so that no heap is pushed out to swap.
    public func reclaimAmount(current: Bytes, stat: MemoryStat) -> Bytes? {
        let excess = current - (stat.nonReclaimable + cacheAllowance)
        let cache = (stat.file ?? .zero) - (stat.shared ?? .zero)
        let amount = min(excess, cache - cacheAllowance)
        return amount > .zero ? amount : nil
    }
}

/// Why a container's limit is what it is during an invocation.
public enum LimitReason: String, Hashable, Sendable, CaseIterable {
    /// The policy's decision, or what the container holds above it.
    case policy
    /// The function's preset, because the formula could not decide; the decision has the reason.
    case preset
    /// The function has no policy.
    case noPolicy = "no_policy"
    /// The function is only observed.
    case observe
    /// The decision is only recorded.
    case shadow
    /// The call is not of the canary's share.
    case canaryRest = "canary_rest"
    /// Another invocation that runs in the container holds the limit where it is.
    case concurrent
    /// The peer named another function than its container's.
    case functionMismatch = "function_mismatch"
    /// The container is frozen.
    case frozen
    /// The container is not managed.
    case unmanaged
    /// More invocations at once than are followed.
    case tooManyInFlight = "too_many_in_flight"
    /// `memory.current` could not be read, so nothing was lowered.
    case useUnknown = "use_unknown"
}

/// What a begin led to: what to perform, and what to answer.
public struct BeginOutcome: Hashable, Sendable {
    /// Whether the invocation is followed.
    ///
    /// When not, its end is unknown to the ledger.
    public var isTracked: Bool
    /// The slot of the invocation's peak window, the lowest that was free.
    public var slot: UInt8
    /// The container's own limit, once the actions are performed.
    public var limit: MemoryLimit
    /// What the invocation really has: the least of its container's limit and those of the ancestors.
    public var effectiveLimit: MemoryLimit
    /// Whether the policy's decision is in force (it decided, and nothing but the warm rule or `held` changed it).
    public var isApplied: Bool
    /// Whether the container's use keeps the limit above what was decided.
    public var isHeld: Bool
    /// Why the limit is what it is.
    public var reason: LimitReason
    /// How many invocations the container had before this one.
    public var warmIndex: UInt64
    /// How many are in flight now, this one included.
    public var concurrency: Int
    /// What to perform before the answer goes out.
    public var actions: LimiterActions
}

/// What an end led to: what to record, what to perform, and what to answer.
public struct EndOutcome: Sendable {
    /// What was observed; exactly one per invocation that was begun and followed.
    public var observation: Observation
    /// The slot that is free again.
    public var slot: UInt8
    /// What to perform; the answer need not wait for it.
    public var actions: LimiterActions
}
