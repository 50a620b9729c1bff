import FuyunInvocation
import FuyunTuning
import MemoryUnits

/// Fuyun in its several settings.
enum FuyunStrategies {
    /// The time that a raise makes a call stand still, in seconds: the median of a hundred patterns of growth on the kernel
    /// suite's emulated machine, raised by 12 % (docs/safety.md).
    static let stallSeconds = 0.012

    /// How the agent raises a call in flight, with its margin times a factor.
    static func rescue(margin: Double) -> RescueRule {
        let settings = RescueSettings()
        return RescueRule(
            marginShare: margin / Double(settings.marginDivisor),
            marginAtLeast: settings.minimumMargin.scaled(by: margin),
            marginAtMost: settings.maximumMargin.scaled(by: margin),
            leastRaise: settings.minimumMargin.scaled(by: margin),
            factor: settings.growth,
            stallSeconds: stallSeconds
        )
    }

    static let kinds: [StrategyKind] = [
        StrategyKind("fuyun", "Fuyun as agent and coordinator run it") { context, _ in
            FuyunStrategy(context, settings: settings(), rules: RolloutRules(), rescue: nil)
        },
        StrategyKind("fuyun-rescue", "fuyun with the tight bound, raised in flight; the margin × 1", argument: 1) {
            context,
            margin in
            FuyunStrategy(context, settings: settings(), rules: RolloutRules(), rescue: rescue(margin: margin))
        },
        StrategyKind("fuyun-tuner", "the tuner alone: it fits after every call, and each fit decides") { context, _ in
            TunerStrategy(context, settings: settings())
        },
        StrategyKind("fuyun-tuner-rescue", "fuyun-tuner with the tight bound, raised in flight", argument: 1) {
            context,
            margin in
            TunerStrategy(context, settings: settings(), rescue: rescue(margin: margin))
        },
        StrategyKind("fuyun-paper", "the paper's tuner: least squares and a headroom of 20 %") { context, _ in
            TunerStrategy(context, settings: TuningSettings(mode: .paper))
        },
    ]

    /// The tuner alone with one ingredient missing, for each ingredient, without rescue and with it.
    static let ablations: [StrategyKind] =
        Ingredient.allCases.map { ingredient in
            let summary = "fuyun-tuner without its \(ingredient.rawValue)"
            return StrategyKind("without-\(ingredient.rawValue)", summary) { context, _ in
                TunerStrategy(context, settings: settings(), without: ingredient)
            }
        }
        + Ingredient.allCases.map { ingredient in
            let summary = "fuyun-tuner-rescue without its \(ingredient.rawValue)"
            return StrategyKind("without-\(ingredient.rawValue)-rescue", summary) { context, _ in
                TunerStrategy(context, settings: settings(), rescue: rescue(margin: 1), without: ingredient)
            }
        }

    static func settings() -> TuningSettings { TuningSettings() }
}
