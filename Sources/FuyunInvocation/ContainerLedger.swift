public import Cgroup
public import FuyunPolicy
public import MemoryUnits

/// What is known of a container when the agent first sees it.
public struct AdmissionFacts: Sendable {
    /// The container's cgroup id.
    public var id: CgroupID
    /// Its path from the mount point.
    public var path: String
    /// Whether its limit may be changed: it lies under a configured root, matches a container pattern, and is not ours.
    public var isManaged: Bool
    /// `memory.max` as found; nil when it could not be read, and then the container is not managed.
    public var limitFound: MemoryLimit?
    /// The ceiling that an earlier run of the agent left on the directory (`user.fuyun.ceiling`).
    public var storedCeiling: MemoryLimit?
    /// `memory.swap.max` as found; nil where the kernel has none.
    public var swapLimit: MemoryLimit?
    /// The least `memory.max` of all ancestors.
    public var ancestorLimit: MemoryLimit
    /// `memory.high` as found; nil where there is none.
    public var highFound: MemoryLimit?
    /// Whether calls are to be rescued where `memory.high` is free for it.
    public var isRescueOn: Bool
    /// What an earlier run of the agent noted that `memory.high` held before its tripwires (`user.fuyun.high`).
    public var storedHigh: MemoryLimit?
    /// Whether the container is frozen.
    public var isFrozen: Bool
    /// The first reading; with `stat` in it, a container that is warm already is known to be.
    public var reading: MeterReading

    /// Makes the facts of an admission.
    public init(
        id: CgroupID,
        path: String,
        isManaged: Bool = true,
        limitFound: MemoryLimit?,
        storedCeiling: MemoryLimit? = nil,
        swapLimit: MemoryLimit? = nil,
        ancestorLimit: MemoryLimit = .max,
        highFound: MemoryLimit? = nil,
        isRescueOn: Bool = true,
        storedHigh: MemoryLimit? = nil,
        isFrozen: Bool = false,
        reading: MeterReading = MeterReading()
    ) {
        self.id = id
        self.path = path
        self.isManaged = isManaged
        self.limitFound = limitFound
        self.storedCeiling = storedCeiling
        self.swapLimit = swapLimit
        self.ancestorLimit = ancestorLimit
        self.highFound = highFound
        self.isRescueOn = isRescueOn
        self.storedHigh = storedHigh
        self.isFrozen = isFrozen
        self.reading = reading
    }
}

/// The limiter's state of one container: events go in, actions come out, and the edge performs them.
///
/// ## How a limit moves
///
///         idle                in flight                       idle
///     ceiling ─┐                                          ┌─ ceiling      the platform's own memory.max
///              │  began: down to the decision             │
///              └──────────────────┐     ┌─────────────────┘  ended, the last one: back up, and give cache back
///                    100 MiB      └─────┘ began, a second one: up by its input-dependent part, never down
///
/// - **Idle containers sit at their ceiling**, so that an agent which is away, hung or killed limits nothing but the
///   calls in flight. The ceiling is remembered outside the agent (`storeCeiling`), lest a restarted one mistake
///   its own tight limit for the platform's.
/// - **No write below `memory.current` + slack** (`LimiterSettings.floor`), read right before. On cgroup v2 a lower
///   value makes the writer reclaim, and then the kernel kills. Where page cache is in the way, the limit is held above
///   the decision, and after the last end the worker gives cache back, so that the next begin finds room
///   (`scheduleSettle`). The one exception is a write of the ceiling itself, which is the platform's word.
/// - **Nothing is lowered while a call runs.** A second call raises; the end of one of two changes nothing. Only the
///   platform can lower, by giving the container a lower ceiling.
/// - **Warm containers** keep what earlier calls left: the limit is at least what is resident and cannot be given back,
///   plus the decision's input-dependent part. Several calls at once share the base and add their parts.
/// - **Observe and shadow write nothing**, except that such a call among limited ones takes all back to the ceiling; a
///   preset at or above the ceiling writes nothing either.
/// - **The ancestors' limits bound the decision**, which is never promised more than they allow.
/// - **A tripwire for calls in flight**: `memory.high` a little under the limit, so that one that needs more is slowed
///   down and raised, not killed. See `tripped(_:at:)`.
/// - **Others write too.** See `overwritten(with:current:at:)`.
///
/// The ledger is a value without clock or file, so that a replay of recorded events gives the very actions that the
/// agent performed.
public struct ContainerLedger: Sendable {
    /// The container's cgroup id.
    public let id: CgroupID
    /// Its path from the mount point.
    public let path: String
    /// The limiter's constants.
    public let settings: LimiterSettings

    /// The platform's own limit for the container.
    public internal(set) var ceiling: MemoryLimit
    /// What `memory.max` should hold now: the ceiling when idle.
    public internal(set) var appliedLimit: MemoryLimit
    /// `memory.swap.max` as the platform set it; nil where the kernel has none.
    public internal(set) var swapLimit: MemoryLimit?
    /// The least `memory.max` of all ancestors.
    public internal(set) var ancestorLimit: MemoryLimit
    /// Whether the container's limit may be changed.
    public internal(set) var isManaged: Bool
    /// Whether the container is frozen: then nothing is lowered and no cache is given back, as a frozen process cannot
    /// react.
    public internal(set) var isFrozen: Bool
    /// Whether the cgroup is gone: no action comes out any more, but open invocations still end.
    public internal(set) var isGone = false
    /// Which function the container runs.
    public internal(set) var binding = FunctionBinding()
    /// How many invocations have begun since the container was first seen.
    public internal(set) var invocationCount: UInt64 = 0
    /// How often someone else has changed the limit.
    public internal(set) var overwriteCount: UInt64 = 0
    /// How many invocations were not followed, for there were too many at once.
    public internal(set) var untrackedCount: UInt64 = 0
    /// The last reading of each file.
    public internal(set) var lastReading: MeterReading
    /// Non-reclaimable use when the container was last idle; nil when it was never read.
    public internal(set) var idleResident: Bytes?
    /// Whether `idleResident` is older than the last invocation.
    var idleResidentIsStale: Bool
    /// The invocations in flight, in no order.
    public internal(set) var inFlight: [InFlightInvocation] = []
    /// The slots of `inFlight` as bits.
    var slots: UInt64 = 0
    /// What someone else's write left in memory.max, while ours is not written again yet.
    var overwrittenWith: MemoryLimit?
    var lastReassert: MonotonicTime?
    /// What someone else's write left in memory.swap.max, while ours is not written again yet.
    var swapOverwrittenWith: MemoryLimit?
    /// Re-assertions of the swap limit in this idle or busy period.
    var swapReasserts = 0
    var lastSwapReassert: MonotonicTime?
    /// Whether the worker is at it, and how many invocations had begun when it was sent.
    var isSettling = false
    var settleBegan: UInt64 = 0
    var settleIsDue = false
    /// Whether a decision has ever been enforced here: only then is cache given back and swap kept.
    var hasEnforced = false
    /// Whether this container's calls can be rescued.
    public internal(set) var rescueSupport: RescueSupport
    /// What `memory.high` holds as far as is known.
    public internal(set) var tripwireLevel: MemoryLimit = .max
    /// The last look at the container while its tripwire is set.
    var tripwire: Tripwire?
    /// Whether the calls in flight are not rescued any more.
    var isGivenUp = false
    /// Whether the container is only observed because someone else keeps writing its limits, and what they wrote last.
    public internal(set) var yieldedTo: MemoryLimit?
    /// Until when the container stays at its ceiling, because invocations run that are not followed.
    var overflowEnds: MonotonicTime?

    /// Takes a container in, and says what to do first: raise a limit that an earlier run left behind, remember the
    /// ceiling, and tell systemd of it.
    ///
    /// A stored ceiling is believed unless the limit found is wider: we never write above the ceiling, so a wider limit
    /// is the platform's new one.
    public static func admit(
        _ facts: AdmissionFacts,
        settings: LimiterSettings = LimiterSettings()
    ) -> (ledger: ContainerLedger, actions: LimiterActions) {
        var ledger = ContainerLedger(facts, settings: settings)
        var actions = LimiterActions()
        ledger.takeBackTripwire(facts, &actions)
        guard ledger.isManaged, let found = facts.limitFound else { return (ledger, actions) }
        if found.ceiling < ledger.ceiling.ceiling {
            ledger.appliedLimit = ledger.ceiling
            actions.writeMax = ledger.ceiling
            actions.notes.insert(.leftoverRaised)
        }
        if facts.storedCeiling != ledger.ceiling { actions.storeCeiling = ledger.ceiling }
        actions.proposeUnitProperties = ledger.unitLimits
        return (ledger, actions)
    }

    private init(_ facts: AdmissionFacts, settings: LimiterSettings) {
        id = facts.id
        path = facts.path
        self.settings = settings
        let found = facts.limitFound ?? .max
        isManaged = facts.isManaged && facts.limitFound != nil
        if isManaged, let stored = facts.storedCeiling, stored.ceiling > found.ceiling {
            ceiling = stored
        } else {
            ceiling = found
        }
        appliedLimit = found
        swapLimit = facts.swapLimit
        ancestorLimit = facts.ancestorLimit
        isFrozen = facts.isFrozen
        rescueSupport = RescueSupport(facts)
        lastReading = facts.reading
        idleResident = facts.reading.stat?.nonReclaimable
        idleResidentIsStale = facts.reading.stat == nil
    }

    /// Whether no invocation is in flight.
    public var isIdle: Bool { inFlight.isEmpty }

    /// The function that the container is bound to.
    public var function: String? { binding.function }

    /// Whether the next begin should bring a fresh `memory.stat`.
    ///
    /// What the container holds since its last invocation is not known then, and without the file the begin takes the
    /// whole of `memory.current` for resident, which is safe but wide.
    public var needsStat: Bool { isIdle && idleResidentIsStale }

    /// What an invocation can really have now: the least of the container's limit and those of its ancestors.
    public var effectiveLimit: MemoryLimit {
        appliedLimit.ceiling <= ancestorLimit.ceiling ? appliedLimit : ancestorLimit
    }

    /// What `memory.max` holds as far as is known: someone else's value until ours is written again.
    var limitInForce: MemoryLimit { overwrittenWith ?? appliedLimit }

    var unitLimits: UnitLimits { UnitLimits(memoryMax: ceiling, swapMax: swapLimit) }

    /// An invocation in flight; nil when there is none of this name.
    public func invocation(_ id: InvocationID) -> InFlightInvocation? {
        index(of: id).map { inFlight[$0] }
    }

    /// The invocations that came by a connection, to be ended as abandoned when it closes.
    public func invocations(of connection: UInt64) -> [InvocationID] {
        inFlight.lazy.filter { $0.facts.connection == connection }.map(\.facts.id)
    }

    func index(of id: InvocationID) -> Int? { inFlight.firstIndex { $0.facts.id == id } }
}
