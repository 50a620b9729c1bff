import Cgroup
public import FuyunPolicy
public import MemoryUnits

/// What a node does by itself when a call ran out of the limit that a policy's version decided: it raises what that
/// version decides, at once, without waiting for the coordinator.
///
/// Three steps. The first is the greater of 1.3 times the limit that failed and 1.1 times the most that the function was
/// seen to need (of the rules compared on real traces, the one that fails least often again; the figures are in the
/// project's sizing notes); the second doubles that; the third is the ceiling. The raise is a factor, so that it holds
/// for other inputs too. It ends with the version, or after twenty calls that succeeded with it.
public struct LocalBump: Hashable, Sendable {
    /// A call that ran out of its own limit.
    public struct Miss: Hashable, Sendable {
        /// The limit that it had.
        public var limit: Bytes
        /// What the policy decided for it, a raise that was in force included.
        public var decided: Bytes
        /// The step of the raise in force when it began; 0 for none.
        public var step: UInt8
        /// The most non-reclaimable memory that a call of the function was seen to use on this node.
        public var mostSeen: Bytes

        /// Makes a miss.
        public init(limit: Bytes, decided: Bytes, step: UInt8 = 0, mostSeen: Bytes = .zero) {
            self.limit = limit
            self.decided = decided
            self.step = step
            self.mostSeen = mostSeen
        }

        /// The limit that should do for the same call.
        public var target: Bytes {
            max(limit.scaled(by: LocalBump.firstFactor), mostSeen.scaled(by: LocalBump.seenFactor))
        }
    }

    /// What a limit that failed is multiplied by.
    public static let firstFactor = 1.3
    /// What the most that was seen is multiplied by.
    public static let seenFactor = 1.1
    /// What the second try multiplies the first one's limit by.
    public static let secondFactor = 2.0
    /// The step that gives the ceiling.
    public static let lastStep: UInt8 = 3
    /// The calls that have to succeed with a raise to end it.
    public static let successesToEnd = 20

    /// The version whose limits are raised.
    public let version: Int
    /// How often limits of that version were missed, one miss after the other: 1…3.
    public private(set) var step: UInt8 = 1
    /// What limits are multiplied by, below the last step.
    public private(set) var factor: Double
    /// Calls that succeeded with it since the last miss.
    public private(set) var successes = 0

    /// The raise after a first miss.
    public init(version: Int, after miss: Miss) {
        self.version = version
        factor = Self.factor(for: miss)
    }

    private static func factor(for miss: Miss) -> Double {
        max(Double(miss.target.rawValue) / Double(max(miss.decided.rawValue, 1)), firstFactor)
    }

    /// Another call of the version ran out.
    ///
    /// One that began under an earlier step says nothing about this one: calls that run side by side fail together, and
    /// count as one miss.
    public mutating func add(_ miss: Miss) {
        successes = 0
        if miss.step >= step {
            step = min(step + 1, Self.lastStep)
            factor *= Self.secondFactor
        } else if step == 1 {
            factor = max(factor, Self.factor(for: miss))
        }
    }

    /// A call succeeded under the raise; true when that was the last one it needed.
    public mutating func addSuccess() -> Bool {
        successes += 1
        return successes >= Self.successesToEnd
    }

    /// The record of a decision of the version, raised; as it is when the formula did not decide.
    ///
    /// The policy's own bounds do not bind here, as the miss has shown them wrong; the operator's maximum and the
    /// container's ceiling do.
    public func raised(_ record: DecisionRecord, within bounds: SafetyBounds) -> DecisionRecord {
        guard record.policyVersion == version, record.decision.reason == .policy else { return record }
        let wanted = record.decision.limit.scaled(by: factor).roundedUp(toMultipleOf: bounds.tier)
        var raised = record
        raised.raise(to: step >= Self.lastStep ? bounds.maximum : min(wanted, bounds.maximum))
        raised.step = step
        return raised
    }
}

extension DecisionRecord {
    /// Raises the limit, and the part of it that depends on the input in proportion; a limit that is not above the
    /// decided one changes nothing.
    public mutating func raise(to limit: Bytes) {
        guard limit > decision.limit else { return }
        let growth = Double(limit.rawValue) / Double(max(decision.limit.rawValue, 1))
        decision.inputPart = min(decision.inputPart.scaled(by: growth), limit)
        decision.limit = limit
        decision.adjustments.insert(.raisedAfterMiss)
    }
}

/// The raises in force on a node, by function; bounded.
public struct LocalBumps: Sendable {
    /// The most functions that have one at once.
    public static let capacity = 1024

    private var byFunction: [String: LocalBump] = [:]
    /// Functions in the order of their first miss, so that the oldest one makes room.
    private var order: [String] = []

    /// No raises.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { byFunction.isEmpty }

    /// How many functions have one.
    public var count: Int { byFunction.count }

    /// The raise of a function.
    public subscript(function: String) -> LocalBump? { byFunction[function] }

    /// Takes in a call that ended.
    ///
    /// Only calls under a limit that a policy decided count: an OOM at the ceiling, or of a call that the policy did
    /// not decide about, is nothing that a raise could help.
    ///
    /// - Returns: Whether it began or widened a raise.
    @discardableResult
    public mutating func add(_ observation: Observation, mostSeen: Bytes) -> Bool {
        guard observation.isKnown, observation.reason == .policy, let record = observation.decision,
            let version = record.policyVersion
        else { return false }
        let function = observation.function
        if observation.verdict.ownLimitExceeded {
            let miss = LocalBump.Miss(
                limit: observation.limit.ceiling,
                decided: record.decision.limit,
                step: record.step,
                mostSeen: mostSeen
            )
            if byFunction[function]?.version == version {
                byFunction[function]?.add(miss)
            } else {
                insert(LocalBump(version: version, after: miss), for: function)
            }
            return true
        }
        if observation.outcome == .success, record.step > 0, byFunction[function]?.version == version,
            byFunction[function]?.addSuccess() == true
        {
            remove(function)
        }
        return false
    }

    /// Keeps the raises whose version is still in use.
    public mutating func retain(where isInUse: (_ function: String, _ version: Int) -> Bool) {
        guard !isEmpty else { return }
        for (function, bump) in byFunction where !isInUse(function, bump.version) { remove(function) }
    }

    private mutating func insert(_ bump: LocalBump, for function: String) {
        if byFunction[function] == nil {
            if order.count >= Self.capacity, let oldest = order.first { remove(oldest) }
            order.append(function)
        }
        byFunction[function] = bump
    }

    private mutating func remove(_ function: String) {
        byFunction[function] = nil
        order.removeAll { $0 == function }
    }
}
