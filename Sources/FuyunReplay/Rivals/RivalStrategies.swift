/// What others do, as they published it, each in a file of its own with its source.
///
/// All learn from runs that finished; a killed attempt teaches only those of them whose authors said what it should teach (the
/// vertical pod autoscaler) or to whom a limit that did not suffice says something by itself (the largest seen). The engine's
/// retry then finishes and shows the need.
enum RivalStrategies {
    static let kinds = [
        StrategyKind("vpa", "Kubernetes' vertical pod autoscaler: decaying p90 + 15 %, its floor") { _, _ in
            VerticalPodAutoscaler()
        },
        StrategyKind("max-seen", "the largest need seen, times a factor", argument: 1.1) { _, factor in
            LargestSeen(factor: factor)
        },
        StrategyKind("percentile", "a percentile of all needs seen", argument: 0.95) { _, share in
            Percentile(share: min(share, 1))
        },
        StrategyKind("autopilot", "Autopilot: a decayed percentile + 12.5 %", argument: 0.98) { _, share in
            MovingWindow(share: min(share, 1))
        },
        StrategyKind("tovar", "Tovar et al.: the first allocation of least expected waste") { _, _ in Tovar() },
        StrategyKind("witt-lr", "Witt et al.: a line through the input, and the spread of its errors") { context, _ in
            WittRegression(layout: context.layout)
        },
        StrategyKind("ponder", "Ponder: an asymmetric line, and the spread near the input") { context, _ in
            Ponder(layout: context.layout)
        },
        StrategyKind("quantile", "linear quantile regression + 5 %", argument: 0.99) { context, share in
            QuantileRegression(layout: context.layout, share: min(share, 0.9999))
        },
        StrategyKind("gp", "the paper's rival, a Gaussian process: mean + k sigma", argument: 2) { context, sigmas in
            GaussianRegression(layout: context.layout, sigmas: sigmas)
        },
    ]
}
