import MemoryUnits

/// The strategies that learn nothing.
enum FixedStrategies {
    static let kinds = [
        StrategyKind("preset", "the limit that the user set, or --preset") { _, _ in Preset() },
        StrategyKind("static", "one limit for every call: static:2GiB", argument: 0x1p31) { _, bytes in
            Static(limit: Bytes(roundingUp: bytes) ?? .max)
        },
        // The engine gives the need itself; without it, this is the preset.
        StrategyKind(StrategyCatalog.oracle, "the need itself: what nothing can beat") { _, _ in Preset() },
    ]

    /// Never has anything to go by.
    private struct Preset: SizingStrategy {
        func limit(for features: FeatureRow) -> Bytes? { nil }
        func learn(_ outcome: RunOutcome) {}
    }

    /// One limit for all.
    private struct Static: SizingStrategy {
        var limit: Bytes

        func limit(for features: FeatureRow) -> Bytes? { limit }
        func learn(_ outcome: RunOutcome) {}
    }
}
