import FuyunTuning
import MemoryUnits

/// Fuyun in its several settings.
enum FuyunStrategies {
    /// How a call is raised in flight where the strategy says so.
    static let rescue = RescueRule(factor: 1.25)

    static let kinds: [StrategyKind] = [
        StrategyKind("fuyun", "Fuyun as agent and coordinator run it") { context, _ in
            FuyunStrategy(context, settings: settings(), rules: RolloutRules(), rescue: nil)
        },
        StrategyKind("fuyun-rescue", "the same with the tight bound, raised in flight") { context, _ in
            FuyunStrategy(context, settings: settings(), rules: RolloutRules(), rescue: rescue)
        },
        StrategyKind("fuyun-tuner", "the tuner alone: it fits after every call, and each fit decides") { context, _ in
            TunerStrategy(context, settings: settings())
        },
        StrategyKind("fuyun-tuner-rescue", "the same with the tight bound, raised in flight") { context, _ in
            TunerStrategy(context, settings: settings(), rescue: rescue)
        },
        StrategyKind("fuyun-paper", "the paper's tuner: least squares and a headroom of 20 %") { context, _ in
            TunerStrategy(context, settings: TuningSettings(mode: .paper))
        },
    ]

    /// The tuner alone with one ingredient missing, for each ingredient.
    static let ablations: [StrategyKind] = Ingredient.allCases.map { ingredient in
        StrategyKind("without-\(ingredient.rawValue)", "fuyun-tuner without its \(ingredient.rawValue)") { context, _ in
            TunerStrategy(context, settings: settings(), without: ingredient)
        }
    }

    static func settings() -> TuningSettings { TuningSettings() }
}
