/// What was seen of a quantity, in order of size: percentiles and the largest.
///
/// Bounded: when full, every second entry goes and its neighbour above takes over its weight, so that a trace of millions of rows
/// costs no more than one of thousands, percentiles move by 1/`capacity` at most, and the largest always stays.
struct OrderedNeeds: Sendable {
    /// Entries kept at most.
    static let capacity = 1 << 13

    /// One quantity, and how much it counts.
    struct Entry: Sendable {
        /// The quantity.
        var value: Double
        /// How much it counts.
        var weight: Double
    }

    /// Smallest first.
    private(set) var entries: [Entry] = []

    /// How many runs were added.
    private(set) var count = 0

    /// The largest ever added.
    var largest: Double? { entries.last?.value }

    /// Adds a run.
    mutating func insert(_ value: Double, weight: Double = 1) {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].value <= value { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(value: value, weight: weight), at: low)
        count += 1
        if entries.count > Self.capacity { thin() }
    }

    /// Scales all weights, so that ever growing ones never overflow.
    mutating func scaleWeights(by factor: Double) {
        for place in entries.indices { entries[place].weight *= factor }
    }

    /// The percentile of unweighted entries between two neighbours in proportion, as numpy's default and R's type 7 have it.
    func interpolated(_ share: Double) -> Double? {
        guard let last = entries.last else { return nil }
        let place = share * Double(entries.count - 1)
        let below = min(max(Int(place.rounded(.down)), 0), entries.count - 1)
        guard below + 1 < entries.count else { return last.value }
        return entries[below].value + (place - Double(below)) * (entries[below + 1].value - entries[below].value)
    }

    /// The smallest entry at or below which lies at least a share of the weight.
    func weighted(_ share: Double) -> Double? {
        let total = entries.reduce(0) { $0 + $1.weight }
        // From the top, for the shares asked for are large.
        var above = 0.0
        for place in entries.indices.reversed() {
            above += entries[place].weight
            if above > (1 - share) * total * (1 + 1e-12) { return entries[place].value }
        }
        return entries.first?.value
    }

    private mutating func thin() {
        var kept: [Entry] = []
        kept.reserveCapacity(Self.capacity)
        // The last pair ends at the largest.
        let start = entries.count % 2
        if start == 1 { kept.append(entries[0]) }
        for place in stride(from: start, to: entries.count, by: 2) {
            var upper = entries[place + 1]
            upper.weight += entries[place].weight
            kept.append(upper)
        }
        entries = kept
    }
}
