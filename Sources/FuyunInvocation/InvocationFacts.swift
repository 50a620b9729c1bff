public import Cgroup
public import FuyunPolicy

/// A decision and the policy that made it.
public struct DecisionRecord: Hashable, Sendable {
    /// The decision.
    public var decision: Decision
    /// The version of the policy that made it; nil for a preset without a policy.
    public var policyVersion: Int?
    /// The step of the node's own raise that the limit holds (`LocalBump`); 0 for none.
    public var step: UInt8

    /// Makes a record.
    public init(_ decision: Decision, policyVersion: Int?, step: UInt8 = 0) {
        self.decision = decision
        self.policyVersion = policyVersion
        self.step = step
    }
}

/// What the edge knows when an invocation begins: everything that the limiter needs to place the limit.
public struct BeginFacts: Sendable {
    /// The invocation's name.
    public var id: InvocationID
    /// The platform's name for the call, when it was given.
    public var activation: String?
    /// The function that the caller names.
    public var function: String
    /// Who says so: a peer inside the container, or the platform.
    public var claimant: FunctionClaimant
    /// The connection that the call came by, so that its end can be told; any number that is not used twice at a time.
    public var connection: UInt64
    /// The decision of the function's policy; nil when it has none.
    public var decision: DecisionRecord?
    /// How far that decision reaches.
    public var mode: Mode
    /// In canary mode, whether this call belongs to the share that is enforced; without meaning in the other modes.
    public var isInCanaryShare: Bool
    /// The decision of a second policy of the function that is only looked at, where there is one.
    public var shadow: DecisionRecord?
    /// The features that the decision was made from.
    public var features: RecordedFeatures
    /// When the begin was received.
    public var time: MonotonicTime
    /// The same moment as milliseconds since 1970.
    public var epochMilliseconds: Int64
    /// `memory.max` as read just now; nil when it was not read.
    ///
    /// A value that is not ours was written by someone else, and the notice of it may still be on its way; it is taken
    /// as `ContainerLedger.overwritten(with:current:at:)` takes it.
    public var limitFound: MemoryLimit?
    /// What was read just now.
    ///
    /// Without `current` nothing is lowered.
    public var reading: MeterReading

    /// Makes the facts of a begin.
    public init(
        id: InvocationID,
        activation: String? = nil,
        function: String,
        claimant: FunctionClaimant,
        connection: UInt64 = 0,
        decision: DecisionRecord? = nil,
        mode: Mode = .observe,
        isInCanaryShare: Bool = false,
        shadow: DecisionRecord? = nil,
        features: RecordedFeatures = .none,
        time: MonotonicTime,
        epochMilliseconds: Int64,
        limitFound: MemoryLimit? = nil,
        reading: MeterReading
    ) {
        self.id = id
        self.activation = activation
        self.function = function
        self.claimant = claimant
        self.connection = connection
        self.decision = decision
        self.mode = mode
        self.isInCanaryShare = isInCanaryShare
        self.shadow = shadow
        self.features = features
        self.time = time
        self.epochMilliseconds = epochMilliseconds
        self.limitFound = limitFound
        self.reading = reading
    }
}

/// What the edge knows when an invocation ends, reported or not.
public struct EndFacts: Sendable {
    /// The invocation's name.
    public var id: InvocationID
    /// How it ended; `abandoned` when nobody reported.
    public var outcome: InvocationOutcome
    /// The exit status of the function's process in a shell's form (128 + signal), when it ended and was reported.
    public var exitStatus: Int?
    /// The HTTP status of the function's answer, when it was reported.
    public var httpStatus: Int?
    /// How long the function took, as reported.
    public var reportedDuration: Duration?
    /// Whether the call's deadline has passed.
    public var deadlinePassed: Bool
    /// When the end was received.
    public var time: MonotonicTime
    /// The same moment as milliseconds since 1970.
    public var epochMilliseconds: Int64
    /// `memory.max` as read just now; nil when it was not read.
    ///
    /// A value that is not ours is a new ceiling, and must not be undone by going back to the old one.
    public var limitFound: MemoryLimit?
    /// The peak over the invocation, from its slot's window where the kernel has windows.
    public var peak: PeakReading?
    /// What was read just now, or last before the cgroup went away.
    public var reading: MeterReading
    /// Whether the container's cgroup is gone.
    public var cgroupVanished: Bool
    /// Whether the container still has a live process; nil when that is not known.
    public var populated: Bool?
    /// The container's `memory.oom.group`; nil when it was not read.
    public var killsAsGroup: Bool?
    /// Whether systemd says that the container's unit ended with the result `oom-kill`; nil when it was not asked.
    public var unitResultIsOOM: Bool?

    /// Makes the facts of an end.
    public init(
        id: InvocationID,
        outcome: InvocationOutcome,
        exitStatus: Int? = nil,
        httpStatus: Int? = nil,
        reportedDuration: Duration? = nil,
        deadlinePassed: Bool = false,
        time: MonotonicTime,
        epochMilliseconds: Int64,
        limitFound: MemoryLimit? = nil,
        peak: PeakReading? = nil,
        reading: MeterReading = MeterReading(),
        cgroupVanished: Bool = false,
        populated: Bool? = nil,
        killsAsGroup: Bool? = nil,
        unitResultIsOOM: Bool? = nil
    ) {
        self.id = id
        self.outcome = outcome
        self.exitStatus = exitStatus
        self.httpStatus = httpStatus
        self.reportedDuration = reportedDuration
        self.deadlinePassed = deadlinePassed
        self.time = time
        self.epochMilliseconds = epochMilliseconds
        self.limitFound = limitFound
        self.peak = peak
        self.reading = reading
        self.cgroupVanished = cgroupVanished
        self.populated = populated
        self.killsAsGroup = killsAsGroup
        self.unitResultIsOOM = unitResultIsOOM
    }
}
