public import FuyunPolicy
import MemoryUnits

extension CompiledPolicy {
    /// What this policy would give to calls with these features; nil where its formula does not decide.
    ///
    /// The very same `decide` as on a node, on an idle container: what a warm container holds comes on top there.
    ///
    /// - Parameters:
    ///   - features: The features of each call, as they were recorded.
    ///   - bounds: What the operator grants the function.
    public func replay(
        _ features: some Sequence<[String: Sample.Value]>,
        within bounds: SafetyBounds
    ) -> [ReplayedLimit?] {
        let variables = document.inputs.variables
        return features.map { features in
            var vector = FeatureVector(count: variables.count)
            for (index, variable) in variables.enumerated() {
                if let value = features[variable.name] { vector.set(index, to: value, of: variable) }
            }
            let decision = decide(vector, within: bounds)
            guard decision.reason == .policy else { return nil }
            return ReplayedLimit(
                limit: decision.limit,
                bound: decision.bound,
                isGreatest: decision.adjustments.contains(.cutToMaximum)
            )
        }
    }
}

extension FeatureVector {
    /// Sets a variable as reading it from a payload would have.
    fileprivate mutating func set(_ index: Int, to value: Sample.Value, of variable: PolicyVariable) {
        switch (value, variable.categoryValues) {
        case (.category(let word), let words?):
            guard let position = words.firstIndex(of: word) else { return set(index, to: 0, .unknownCategory) }
            set(index, to: Double(position))
        case (.number(let number), nil):
            let isIn = variable.range?.contains(number) ?? true
            set(index, to: number, isIn ? .value : .outOfRange)
        case (.category, nil), (.number, _?): set(index, to: 0, .wrongType)
        }
    }
}
