import RealModule

/// A histogram whose buckets grow exponentially and whose samples count the less the older they are.
///
/// As the vertical pod autoscaler of Kubernetes has it (kubernetes/autoscaler, `pkg/recommender/util`): bucket i begins at
/// `first` × (growthⁱ − 1) / (growth − 1), and a percentile is the *end* of the bucket in which it falls.
struct DecayingHistogram: Sendable {
    /// The first bucket's width.
    let first: Double
    /// How much wider each bucket is than the one before.
    let growth: Double
    /// In how many seconds a sample's weight halves.
    let halfLife: Double
    private(set) var weights: [Double]
    /// The moment at which a new sample weighs 1.
    private var reference = 0.0

    /// An empty histogram whose last bucket begins at or above `largest`.
    init(first: Double, growth: Double, largest: Double, halfLife: Double) {
        self.first = first
        self.growth = growth
        self.halfLife = halfLife
        let count = Double.log(largest * (growth - 1) / first + 1) / Double.log(growth)
        weights = Array(repeating: 0, count: Int(count.rounded(.up)) + 1)
    }

    /// Whether nothing was added.
    var isEmpty: Bool { !weights.contains { $0 > 0 } }

    /// Adds a value seen at a moment, in seconds.
    mutating func add(_ value: Double, at moment: Double) {
        weights[bucket(value)] += weight(at: moment)
    }

    /// Takes back a value added for that moment.
    mutating func remove(_ value: Double, at moment: Double) {
        let place = bucket(value)
        weights[place] = max(weights[place] - weight(at: moment), 0)
        if weights[place] < 1e-9 { weights[place] = 0 }
    }

    /// The end of the bucket in which a percentile falls; nil when empty.
    func percentile(_ share: Double) -> Double? {
        guard let last = weights.lastIndex(where: { $0 > 0 }) else { return nil }
        let threshold = share * weights.reduce(0, +)
        var sum = 0.0
        for place in 0..<last {
            sum += weights[place]
            if sum >= threshold { return start(of: place + 1) }
        }
        return start(of: min(last + 1, weights.count - 1))
    }

    private func bucket(_ value: Double) -> Int {
        guard value >= first else { return 0 }
        let place = Double.log(value * (growth - 1) / first + 1) / Double.log(growth)
        return min(Int(place.rounded(.down)), weights.count - 1)
    }

    private func start(of bucket: Int) -> Double { first * (Double.pow(growth, bucket) - 1) / (growth - 1) }

    /// Newer samples weigh more instead of older ones less; once in a hundred half-lives everything is scaled back.
    private mutating func weight(at moment: Double) -> Double {
        let age = (moment - reference) / halfLife
        guard age > 100 else { return Double.exp2(age) }
        let factor = Double.exp2(-age)
        for place in weights.indices { weights[place] *= factor }
        reference = moment
        return 1
    }
}
