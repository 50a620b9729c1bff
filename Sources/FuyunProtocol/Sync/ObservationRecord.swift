public import FuyunPolicy
public import MemoryUnits

/// One invocation as an agent reports it: `fuyun.observation/v1`, read back.
///
/// Agents write it (to their log and to the coordinator), the coordinator and the replay read it. It holds what tuning
/// and operators need; counters that only serve to explain one call stay on the node.
public struct ObservationRecord: Hashable, Sendable {
    /// The schema's name.
    public static let schema = "fuyun.observation/v1"

    /// A feature's value.
    public enum FeatureValue: Hashable, Sendable {
        /// A number.
        case number(Double)
        /// One of the values that the policy declares; never a text of the payload that the policy does not name.
        case category(String)
    }

    /// A named feature.
    public struct Feature: Hashable, Sendable {
        /// The policy's variable.
        public var name: String
        /// Its value in this call.
        public var value: FeatureValue

        /// Makes a feature.
        public init(_ name: String, _ value: FeatureValue) {
            self.name = name
            self.value = value
        }
    }

    /// What a version of the policy decided for the call.
    public struct DecisionSummary: Hashable, Sendable {
        /// The version.
        public var version: Int
        /// Why the limit is what it is.
        public var reason: DecisionReason
        /// The formula's result; nil when it did not decide.
        public var predicted: Bytes?
        /// The result with its calibration, before headroom; nil when the formula did not decide.
        public var bound: Bytes?
        /// The limit that was decided.
        public var limit: Bytes

        /// Makes a summary.
        public init(version: Int, reason: DecisionReason, predicted: Bytes?, bound: Bytes?, limit: Bytes) {
            self.version = version
            self.reason = reason
            self.predicted = predicted
            self.bound = bound
            self.limit = limit
        }
    }

    /// How the call ended.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// The function answered.
        case success
        /// The function answered with an error.
        case error
        /// The platform gave up waiting.
        case timeout
        /// The function's process went away.
        case crashed
        /// Nobody reported an end.
        case abandoned
    }

    /// The invocation.
    public var id: InvocationID
    /// The function.
    public var function: String
    /// When it began, as milliseconds since 1970 on the node's clock.
    public var beganAt: Int64
    /// From begin to end.
    public var duration: Duration
    /// False when only the end is known; such a record says nothing about need.
    public var isKnown = true
    /// How far the decision reached.
    public var mode = Mode.observe
    /// Why the limit was what it was (`LimitReason` of the agent).
    public var reason = "no_policy"
    /// The decision, where there was a policy.
    public var decision: DecisionSummary?
    /// The decision of a second version that was only looked at.
    public var shadow: DecisionSummary?
    /// The features, in the policy's order.
    public var features: [Feature] = []
    /// The container's limit when the call was let go; nil for none.
    public var limit: Bytes?
    /// The platform's own limit for the container; nil for none.
    public var ceiling: Bytes?
    /// Whether use kept the limit above what was decided.
    public var isHeld = false
    /// The most that was used, page cache included; nil when not known.
    public var peak: Bytes?
    /// The need is at least this.
    public var needLower: Bytes
    /// The need is at most this; nil when nothing bounds it.
    public var needUpper: Bytes?
    /// Whether the run was cut short, so that only the lower end means anything.
    public var isCensored = false
    /// How often the call ran into its limit (growth of `max` in memory.events).
    public var limitHits: UInt64 = 0
    /// Whether it spent its time waiting for memory.
    public var isThrashing = false
    /// How it ended.
    public var outcome: Outcome
    /// What it ran out of, if it did.
    public var oomClass: EndAnswer.OutOfMemory.Class?
    /// Whether the container's own limit was what it ran out of: a miss of the decision.
    public var ownLimitExceeded = false
    /// How many calls the container had before.
    public var warmIndex: UInt64 = 0
    /// The most calls in flight in the container meanwhile; above 1 the figures are shared.
    public var concurrency = 1
    /// How often the limit was raised during the run to save it.
    public var rescues = 0

    /// Makes a record; everything that has a usual value starts with it.
    public init(
        id: InvocationID,
        function: String,
        beganAt: Int64,
        duration: Duration,
        needLower: Bytes,
        needUpper: Bytes?,
        outcome: Outcome
    ) {
        self.id = id
        self.function = function
        self.beganAt = beganAt
        self.duration = duration
        self.needLower = needLower
        self.needUpper = needUpper
        self.outcome = outcome
    }
}
