import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits

extension ObservationRecord {
    /// The version whose limit held; nil when it was the preset, another rule, or nobody's.
    ///
    /// A miss under a limit that was raised above the decision is a miss of the version all the more; a success under one
    /// is no merit of it.
    var appliedVersion: Int? {
        guard isKnown, mode == .canary || mode == .enforce, let decision, decision.reason == .policy else { return nil }
        return reason == "policy" || isMiss ? decision.version : nil
    }

    /// What the call says about its need; nil when it says nothing that is this call's alone and was seen to the end.
    ///
    /// Left out are calls of which only the end is known; that shared the container with others; that failed, were
    /// abandoned, timed out or were killed by anything but their own limit; and successes without a bound from above.
    var cleanNeed: Sample.Need? {
        guard isKnown, concurrency <= 1 else { return nil }
        if ownLimitExceeded { return .above(needLower) }
        guard outcome == .success, oomClass == nil, !isCensored else { return nil }
        if isThrashing { return .above(max(needLower, limit ?? .zero)) }
        guard let needUpper else { return nil }
        guard rescues > 0, let decided = decision?.limit else { return .between(min(needLower, needUpper), needUpper) }
        // What had to be rescued needed more than was decided.
        return .between(max(needLower, min(decided + Bytes(1), needUpper)), max(needLower, needUpper))
    }

    /// The features by name.
    var featureValues: [String: Sample.Value] {
        var values: [String: Sample.Value] = [:]
        values.reserveCapacity(features.count)
        for feature in features {
            switch feature.value {
            case .number(let number): values[feature.name] = .number(number)
            case .category(let word): values[feature.name] = .category(word)
            }
        }
        return values
    }
}

/// A function's latest observations as the ladder and the tuner read them.
struct ReadObservations: Sendable {
    /// The calls, newest first.
    var evidence: RolloutEvidence
    /// The features of each.
    var features: [[String: Sample.Value]]
    /// The clean ones as samples, newest first.
    var samples: [Sample]
    /// The call that each of these is of.
    var sampleCalls: [Int]

    init(_ observations: [StoredObservation], at now: Timestamp) {
        var calls: [RolloutCall] = []
        calls.reserveCapacity(observations.count)
        features = []
        features.reserveCapacity(observations.count)
        samples = []
        sampleCalls = []
        for observation in observations {
            let record = observation.record
            let need = record.cleanNeed
            let values = record.featureValues
            let received = Duration.milliseconds(observation.receivedAt.milliseconds)
            calls.append(
                RolloutCall(
                    id: observation.id,
                    receivedAt: received,
                    appliedVersion: record.appliedVersion,
                    isMiss: record.ownLimitExceeded || record.isThrashing && record.rescues == 0,
                    isRescued: record.rescues > 0 && !record.ownLimitExceeded,
                    need: need
                )
            )
            features.append(values)
            guard let need else { continue }
            let age = max(now.sinceEpoch - received, .zero)
            sampleCalls.append(calls.count - 1)
            samples.append(Sample(features: values, need: need, age: age, limit: record.limit))
        }
        evidence = RolloutEvidence(calls: calls)
    }
}

extension Timestamp {
    /// The moment as a duration since 1970.
    var sinceEpoch: Duration { .milliseconds(milliseconds) }
}

extension FunctionRegistration {
    /// What the operator grants, as far as the coordinator knows; agents know their own defaults.
    var bounds: SafetyBounds {
        SafetyBounds(
            minimum: minimum ?? .zero,
            maximum: maximum ?? .max,
            preset: preset ?? maximum ?? .max,
            tier: tier ?? .zero
        )
    }
}
