public import FuyunPolicy
public import MemoryUnits

/// A moment, as milliseconds since 1970 (UTC).
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970.
    public var milliseconds: Int64

    /// Wraps milliseconds since 1970.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Earlier is less.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

/// What is said of a function when it is registered; nil keeps the agents' own defaults.
public struct FunctionRegistration: Hashable, Sendable {
    /// The function's name, as the platform calls it.
    public var name: String
    /// The runtime, such as `python:3.11`.
    public var runtime: String?
    /// Digest of the source, `sha256:…`.
    public var sourceDigest: String?
    /// The platform's declared limit.
    public var preset: Bytes?
    /// The least limit that a decision may set.
    public var minimum: Bytes?
    /// The greatest limit that a decision may set.
    public var maximum: Bytes?
    /// Limits are rounded up to a multiple of this.
    public var tier: Bytes?

    /// Registers a name.
    public init(name: String) { self.name = name }
}

/// What an operator decided about a function, whatever the tuner thinks.
public struct FunctionSwitches: Hashable, Sendable {
    /// The version that stays active; the tuner changes nothing.
    public var pinnedVersion: Int?
    /// New versions may ask for more than the active one, never for less.
    public var neverLower = false
    /// Fuyun leaves this function's limits alone: agents observe it only.
    public var isExcluded = false

    /// Nothing is decided.
    public init() {}
}

/// What holds for every function at once.
public struct GlobalSwitches: Hashable, Sendable {
    /// The kill switch: the furthest that any policy may reach on any node.
    public var modeCap = Mode.enforce
    /// Whether the tuner publishes new versions by itself.
    public var isTuningEnabled = true

    /// Everything is on.
    public init() {}
}

/// A function as the store knows it.
public struct StoredFunction: Hashable, Sendable {
    /// What was registered.
    public var registration: FunctionRegistration
    /// What an operator decided.
    public var switches: FunctionSwitches
    /// When it was first heard of.
    public var createdAt: Timestamp
    /// When its registration or switches last changed.
    public var updatedAt: Timestamp
    /// The active version.
    public var activeVersion: Int?
    /// The version in shadow or canary.
    public var candidateVersion: Int?
    /// The newest version; 0 when there is none.
    public var newestVersion: Int
    /// Observations stored and kept.
    public var observationCount: Int
    /// When the latest observation arrived.
    public var lastObservedAt: Timestamp?

    /// Makes a function.
    public init(
        registration: FunctionRegistration,
        switches: FunctionSwitches,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        activeVersion: Int?,
        candidateVersion: Int?,
        newestVersion: Int,
        observationCount: Int,
        lastObservedAt: Timestamp?
    ) {
        self.registration = registration
        self.switches = switches
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.activeVersion = activeVersion
        self.candidateVersion = candidateVersion
        self.newestVersion = newestVersion
        self.observationCount = observationCount
        self.lastObservedAt = lastObservedAt
    }
}
