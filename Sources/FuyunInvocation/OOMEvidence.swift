public import Cgroup

/// What ended an invocation for want of memory, as far as the evidence tells.
///
/// The raw value is the name on the wire.
public enum OOMClass: String, Hashable, Sendable, CaseIterable {
    /// The container ran into its own limit, and the function died of it.
    case ownLimit = "own_limit"
    /// A limit further up the tree was hit; another limit for this container would not have helped.
    case ancestorLimit = "ancestor_limit"
    /// The node itself ran out of memory.
    case global
    /// A userspace killer such as systemd-oomd chose the container.
    case userspaceKiller = "userspace_killer"
    /// The container ran into its own limit, a child process was killed, and the function's server lives on.
    case childOnly = "child_only"
    /// The container ran into its own limit, and every process of it was killed (`memory.oom.group`).
    case group
    /// The language runtime gave up at its own heap limit; the kernel killed nothing.
    case runtimeHeap = "runtime_heap"
    /// Something outside killed the function; the kernel's memory counters did not move.
    case externalKill = "external_kill"
    /// The call ran out of its time and was killed for that.
    case timeoutKill = "timeout_kill"
    /// The function was killed, and what is left of the evidence fits more than one cause.
    case unknown
}

/// Everything that the classifier looks at.
///
/// All counters are growth during the invocation; nil: not known.
public struct OOMEvidence: Sendable {
    /// Growth of the container's `memory.events`.
    public var events: MemoryEvents?
    /// Growth of the container's `memory.events.local`.
    public var localEvents: MemoryEvents?
    /// The container's `memory.oom.group`.
    public var killsAsGroup: Bool?
    /// Growth of the ancestors' counters, nearest first, up to the root's children; nil when they could not be read.
    public var ancestors: [AncestorReading]?
    /// Growth of the count of processes that a userspace killer has killed.
    public var userspaceKills: UInt64?
    /// Whether systemd ended the container's unit with the result `oom-kill`.
    public var unitResultIsOOM: Bool?
    /// How the invocation ended.
    public var outcome: InvocationOutcome
    /// The exit status of the function's process, in a shell's form or negative for a signal.
    public var exitStatus: Int?
    /// The HTTP status of the function's answer.
    public var httpStatus: Int?
    /// Whether the call's deadline had passed.
    public var deadlinePassed: Bool
    /// Whether the container's cgroup is gone.
    public var cgroupVanished: Bool
    /// Whether the container still has a live process.
    public var populated: Bool?
    /// Whether the use came within a tenth of the limit; nil when there was no limit or no figure.
    public var nearLimit: Bool?

    /// Makes evidence; every part unknown unless given.
    public init(
        events: MemoryEvents? = nil,
        localEvents: MemoryEvents? = nil,
        killsAsGroup: Bool? = nil,
        ancestors: [AncestorReading]? = nil,
        userspaceKills: UInt64? = nil,
        unitResultIsOOM: Bool? = nil,
        outcome: InvocationOutcome,
        exitStatus: Int? = nil,
        httpStatus: Int? = nil,
        deadlinePassed: Bool = false,
        cgroupVanished: Bool = false,
        populated: Bool? = nil,
        nearLimit: Bool? = nil
    ) {
        self.events = events
        self.localEvents = localEvents
        self.killsAsGroup = killsAsGroup
        self.ancestors = ancestors
        self.userspaceKills = userspaceKills
        self.unitResultIsOOM = unitResultIsOOM
        self.outcome = outcome
        self.exitStatus = exitStatus
        self.httpStatus = httpStatus
        self.deadlinePassed = deadlinePassed
        self.cgroupVanished = cgroupVanished
        self.populated = populated
        self.nearLimit = nearLimit
    }
}

/// The classifier's answer: a class, or nil when the run did not end for want of memory, and what speaks for it.
public struct OOMVerdict: Hashable, Sendable {
    /// The most lines of evidence that are kept.
    public static let evidenceCapacity = 8

    /// The class; nil when nothing was killed and nothing ran out.
    public var oomClass: OOMClass?
    /// Whether the container's own limit was hit so hard that an allocation failed or a process died: then the run
    /// needs more than the limit it had, whatever the class.
    public var ownLimitExceeded: Bool
    /// What speaks for the class, in the words of the files it was read from; at most eight short lines.
    public var evidence: [String]

    /// Makes a verdict; evidence beyond the capacity is dropped.
    public init(_ oomClass: OOMClass?, ownLimitExceeded: Bool = false, evidence: [String] = []) {
        self.oomClass = oomClass
        self.ownLimitExceeded = ownLimitExceeded
        self.evidence = Array(evidence.prefix(OOMVerdict.evidenceCapacity))
    }

    /// The run was no matter of memory.
    public static let none = OOMVerdict(nil)
}
