import FuyunProtocol
import FuyunStore
import MemoryUnits

/// What new observations say to the tuner, function by function.
enum ObservedNews {
    /// Sums batches up.
    static func summary(of batches: [ObservationBatch]) -> [ObservedFunction] {
        var functions: [String: ObservedFunction] = [:]
        for batch in batches {
            for (_, record) in batch.records {
                var function =
                    functions[record.function]
                    ?? ObservedFunction(
                        name: record.function,
                        calls: 0,
                        misses: 0,
                        worstFactor: 1
                    )
                function.calls += 1
                if record.isMiss { function.misses += 1 }
                function.worstFactor = max(function.worstFactor, record.factorOff)
                functions[record.function] = function
            }
        }
        return functions.values.sorted { $0.name < $1.name }
    }
}

extension ObservationRecord {
    /// Whether the decision gave too little.
    var isMiss: Bool { ownLimitExceeded || rescues > 0 || isThrashing }

    /// How far the decision's bound was from the need, as a factor; 1 when it was within what is known of it.
    var factorOff: Double {
        guard isKnown, let bound = (decision ?? shadow)?.bound, bound > .zero else { return 1 }
        let bytes = Double(bound.rawValue)
        var factor = max(Double(needLower.rawValue) / bytes, 1)
        if !isCensored, let needUpper, needUpper > .zero { factor = max(factor, bytes / Double(needUpper.rawValue)) }
        return factor
    }
}
