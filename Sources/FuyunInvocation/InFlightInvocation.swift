public import Cgroup
public import MemoryUnits

/// What an invocation asks of its container's limit.
enum LimitClaim: Hashable, Sendable {
    /// Leave the limit at the ceiling.
    case untouched
    /// The function's preset, a figure for the whole container however many calls it has.
    case preset(Bytes)
    /// A decision: what the function needs for any input, counted once, and what this input adds.
    case decided(base: Bytes, inputPart: Bytes)
}

/// An invocation between its begin and its end.
public struct InFlightInvocation: Sendable {
    /// What was known at the begin; its reading is completed from the container's last one.
    public let facts: BeginFacts
    /// The slot of its peak window.
    public let slot: UInt8
    /// Where it is in its life.
    public internal(set) var machine: InvocationMachine
    /// Why the limit is what it is.
    public let reason: LimitReason
    /// Whether the container's use kept the limit above what was decided.
    public let isHeld: Bool
    /// How many invocations the container had before.
    public let warmIndex: UInt64
    /// The container's own limit when the call was let go.
    public internal(set) var limit: MemoryLimit
    /// The tightest effective limit so far.
    public internal(set) var lowestLimit: Bytes
    /// The widest effective limit so far.
    public internal(set) var highestLimit: Bytes
    /// The most invocations in flight so far.
    public internal(set) var concurrency: Int
    /// The highest non-reclaimable use so far.
    public internal(set) var highestResident: Bytes?
    /// The highest `memory.current` so far.
    public internal(set) var highestCurrent: Bytes?
    /// How often someone else changed the limit.
    public internal(set) var overwrites = 0
    /// How often it was written again.
    public internal(set) var reasserts = 0
    /// How often the limit was raised to save it.
    public internal(set) var raises = 0
    /// Whether a raise was for thrashing.
    var wasThrashing = false
    let claim: LimitClaim
    /// Counters seen since the begin, in case the cgroup is gone at the end.
    var latestEvents: MemoryEvents?
    var latestLocalEvents: MemoryEvents?

    mutating func note(effective limit: Bytes) {
        lowestLimit = min(lowestLimit, limit)
        highestLimit = max(highestLimit, limit)
    }

    mutating func note(_ reading: MeterReading) {
        if let resident = reading.stat?.nonReclaimable { highestResident = max(highestResident ?? .zero, resident) }
        if let current = reading.current { highestCurrent = max(highestCurrent ?? .zero, current) }
        latestEvents = reading.events ?? latestEvents
        latestLocalEvents = reading.localEvents ?? latestLocalEvents
    }
}
