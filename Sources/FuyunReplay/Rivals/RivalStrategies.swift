/// What others do.
enum RivalStrategies {
    static let kinds: [StrategyKind] = []
}
