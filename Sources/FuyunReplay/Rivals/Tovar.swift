import MemoryUnits

/// The first allocation of least expected waste.
///
/// Tovar et al., "A job sizing strategy for high-throughput scientific workflows" (IEEE TPDS 2018), equation 1. Of all peaks seen it takes the a at which a·t̄ + aₘ·mean(t·[peak > a]) is least: what a first attempt with a costs, and what the
/// retries with the largest peak aₘ cost. Every run counts as equally long, since a strategy is not told how long runs take. A kill is
/// retried at the largest seen, then, as the whole node there, left to the engine. It prices memory and time, not failures.
struct Tovar: SizingStrategy {
    private var seen = OrderedNeeds()
    private var allocation: Double?

    func limit(for features: FeatureRow) -> Bytes? { allocation.flatMap { Bytes(roundingUp: $0) } }

    mutating func learn(_ outcome: RunOutcome) {
        guard case .finished(_, let need, _) = outcome else { return }
        seen.insert(Double(need.rawValue))
        allocation = leastWaste()
    }

    func limit(for features: FeatureRow, afterKillAt limit: Bytes, attempt: Int) -> Bytes? {
        seen.largest.flatMap { Bytes(roundingUp: $0) }.flatMap { $0 > limit ? $0 : nil }
    }

    /// From the largest down, so that of equally good ones the larger stays.
    private func leastWaste() -> Double? {
        guard let largest = seen.largest else { return nil }
        let total = seen.entries.reduce(0) { $0 + $1.weight }
        var best = (allocation: largest, cost: largest)
        var above = 0.0
        // The weight above the entries at hand, which counts only once the next smaller value is reached.
        var equal = 0.0
        var last = largest
        for entry in seen.entries.reversed() {
            if entry.value < last {
                above += equal
                equal = 0
                last = entry.value
            }
            equal += entry.weight
            let cost = entry.value + largest * above / total
            if cost < best.cost { best = (entry.value, cost) }
        }
        return best.allocation
    }
}
