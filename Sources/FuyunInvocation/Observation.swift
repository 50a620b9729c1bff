public import Cgroup
public import FuyunPolicy
public import MemoryUnits

/// What was seen of one invocation: the meter's whole answer, as the tuner and the operator get it.
///
/// It holds no payload, only numbers, names and the words that a policy declares. `appendJSONLine(to:)` writes it as one line of JSON.
public struct Observation: Sendable {
    /// The schema's name in the JSON form.
    public static let schema = "fuyun.observation/v1"

    /// The invocation's name.
    public var id: InvocationID
    /// The platform's name for the call.
    public var activation: String?
    /// The function.
    public var function: String
    /// The container's cgroup id.
    public var container: CgroupID
    /// The container's cgroup path from the mount point.
    public var path: String
    /// When the begin was received, as milliseconds since 1970.
    public var beganAt: Int64
    /// When the end was received, as milliseconds since 1970.
    public var endedAt: Int64
    /// From begin to end, on the agent's clock.
    public var duration: Duration
    /// How long the function took, as its caller reported.
    public var reportedDuration: Duration?

    /// The decision, where there was a policy.
    public var decision: DecisionRecord?
    /// The decision of a policy that was only looked at.
    public var shadow: DecisionRecord?
    /// How far the decision reached.
    public var mode: Mode
    /// Why the limit was what it was.
    public var reason: LimitReason
    /// The features.
    public var features: RecordedFeatures

    /// The container's own limit when the call was let go.
    public var limit: MemoryLimit
    /// The tightest effective limit during the run, ancestors included; `Bytes.max` for none.
    public var lowestLimit: Bytes
    /// The widest effective limit during the run, ancestors included; `Bytes.max` for none.
    public var highestLimit: Bytes
    /// The platform's own limit for the container.
    public var ceiling: MemoryLimit
    /// Whether the container's use kept the limit above what was decided.
    public var isHeld: Bool

    /// The peak, where one was had.
    public var peak: PeakReading?
    /// Non-reclaimable use when the call began; nil when it was not read.
    public var residentAtStart: Bytes?
    /// Non-reclaimable use when the call ended; nil when it was not read.
    public var residentAtEnd: Bytes?
    /// The highest non-reclaimable use of start, samples and end; nil when none was read.
    public var highestResident: Bytes?
    /// What the run says about its need.
    public var need: NeedInterval

    /// Growth of memory.events.
    public var events: MemoryEvents?
    /// Growth of memory.events.local.
    public var localEvents: MemoryEvents?
    /// Growth of the memory stall totals.
    public var stall: PressureStall?
    /// Whether the run waited for its own pages, and the figures that say so.
    public var thrash: ThrashDetector.Verdict

    /// How the invocation ended.
    public var outcome: InvocationOutcome
    /// The exit status of the function's process, when it was reported.
    public var exitStatus: Int?
    /// The HTTP status of the function's answer, when it was reported.
    public var httpStatus: Int?
    /// What the invocation ran out of, if it did.
    public var verdict: OOMVerdict

    /// How many invocations the container had before.
    public var warmIndex: UInt64
    /// The most invocations that were in flight in the container while this one was; above 1 the figures are shared.
    public var concurrency: Int
    /// How often someone else changed the limit during the run.
    public var overwrites: Int
    /// How often the limit was written again for that.
    public var reasserts: Int
    /// How often the limit was raised during the run to save it.
    public var rescues: Int
    /// False for a call that an earlier run of the agent began: only its end is known.
    public var isKnown: Bool

    /// Whether other invocations ran in the container at the same time, so that peak and counters are not this one's
    /// alone.
    public var isShared: Bool { concurrency > 1 }

    /// What can be said of a call whose begin is not known, because another run of the agent saw it or because it was
    /// refused: that it ended.
    public static func unknown(
        _ end: EndFacts,
        function: String,
        activation: String?,
        container: CgroupID,
        path: String,
        ceiling: MemoryLimit
    ) -> Observation {
        let resident = end.reading.stat?.nonReclaimable
        return Observation(
            id: end.id,
            activation: activation,
            function: function,
            container: container,
            path: path,
            beganAt: end.epochMilliseconds,
            endedAt: end.epochMilliseconds,
            duration: end.reportedDuration ?? .zero,
            reportedDuration: end.reportedDuration,
            decision: nil,
            shadow: nil,
            mode: .observe,
            reason: .unmanaged,
            features: .none,
            limit: ceiling,
            lowestLimit: ceiling.ceiling,
            highestLimit: ceiling.ceiling,
            ceiling: ceiling,
            isHeld: false,
            peak: nil,
            residentAtStart: nil,
            residentAtEnd: resident,
            highestResident: resident,
            need: NeedInterval(lower: resident ?? .zero, upper: nil),
            events: nil,
            localEvents: nil,
            stall: nil,
            thrash: ThrashDetector.Verdict(isThrashing: false),
            outcome: end.outcome,
            exitStatus: end.exitStatus,
            httpStatus: end.httpStatus,
            verdict: .none,
            warmIndex: 0,
            concurrency: 1,
            overwrites: 0,
            reasserts: 0,
            rescues: 0,
            isKnown: false
        )
    }
}
