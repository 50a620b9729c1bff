public import FuyunPolicy
import MemoryUnits

/// Makes numbers of samples: features in the order of a policy, and what a need says when its limit is looked at.
struct SampleReader {
    /// An interval whose ends are no further apart than this is as good as a point, its upper end.
    static let narrow = 1.1
    /// A peak of this share of the limit has been stopped by it.
    static let saturation = 0.98

    let policy: CompiledPolicy
    /// Policies whose limits a sample may have run under, for samples that do not say theirs.
    let others: [CompiledPolicy]
    let grant: SafetyBounds
    private let variables: [PolicyVariable]

    init(policy: CompiledPolicy, others: [CompiledPolicy], grant: SafetyBounds) {
        self.policy = policy
        self.others = others
        self.grant = grant
        variables = policy.document.inputs.variables
    }

    /// A need beyond this (1 PiB) is no machine's: whoever reports one is mistaken or lies.
    private static let largest = Bytes(1 << 50)

    /// A sample's features as the policy reads them from a payload.
    func features(_ sample: Sample) -> FeatureVector { policy.features(of: sample) }

    /// What is known of a need in bytes, as the kind of row and its two ends; nil when it says nothing.
    func need(_ sample: Sample, _ features: FeatureVector) -> (kind: Needs.Kind, lower: Double, upper: Double)? {
        switch sample.need {
        case .above(let bytes):
            guard bytes > .zero, bytes <= Self.largest else { return nil }
            return (.above, Double(bytes.rawValue), .infinity)
        case .between(let least, let most):
            guard most > .zero, most <= Self.largest else { return nil }
            let upper = Double(most.rawValue)
            let lower = min(Double(least.rawValue), upper)
            guard upper > lower * Self.narrow, isSaturated(upper, sample, features) else {
                return (.point, upper, upper)
            }
            // Page cache grows up to the limit, so the peak says nothing but that this was enough. Half way back to what was
            // surely needed, on a scale of factors, and never less than half at once: a limit that comes of that can
            // only shrink towards the need, and a run that did need it all is not far off.
            return (.interval, lower, max((lower * upper).squareRoot(), upper / 2))
        }
    }

    private func isSaturated(_ upper: Double, _ sample: Sample, _ features: FeatureVector) -> Bool {
        func reaches(_ limit: Bytes) -> Bool { upper >= Double(limit.rawValue) * Self.saturation }
        if let limit = sample.limit { return reaches(limit) }
        // Only limits that the peak can have run under: one that it exceeds was not in force.
        let limits = [grant.preset] + ([policy] + others).map { $0.decide(features, within: grant).limit }
        return limits.contains { reaches($0) && Double($0.rawValue) >= upper * Self.saturation }
    }
}

extension CompiledPolicy {
    /// A sample's features in the order of the policy's variables, checked as those of a payload are.
    public func features(of sample: Sample) -> FeatureVector {
        let variables = document.inputs.variables
        var features = FeatureVector(count: variables.count)
        for (place, variable) in variables.enumerated() {
            switch sample.features[variable.name] {
            case nil:
                if let value = variable.defaultValue { features.set(place, to: value, .defaulted) }
            case .number(let value):
                guard variable.categoryValues == nil, value.isFinite else {
                    features.set(place, to: 0, .wrongType)
                    continue
                }
                let isWhole = variable.kind != .integer || value == value.rounded(.towardZero)
                let isInRange = variable.range?.contains(value) ?? true
                features.set(place, to: value, !isWhole ? .wrongType : isInRange ? .value : .outOfRange)
            case .category(let word):
                if let index = variable.categoryValues?.firstIndex(of: word) {
                    features.set(place, to: Double(index))
                } else {
                    features.set(place, to: 0, variable.categoryValues == nil ? .wrongType : .unknownCategory)
                }
            }
        }
        return features
    }
}
