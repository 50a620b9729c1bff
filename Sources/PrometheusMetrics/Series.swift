import CoreMetrics
import Synchronization

/// A count that only grows.
final class CounterSeries: CounterHandler, Sendable {
    let key: PrometheusRegistry.SeriesKey
    private let count = Atomic<Int64>(0)

    init(key: PrometheusRegistry.SeriesKey) { self.key = key }

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// A value that goes up and down, kept as the bits of a `Double`.
final class GaugeSeries: MeterHandler, RecorderHandler, Sendable {
    let key: PrometheusRegistry.SeriesKey
    private let bits = Atomic<UInt64>(0)

    init(key: PrometheusRegistry.SeriesKey) { self.key = key }

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func record(_ value: Int64) { set(Double(value)) }

    func record(_ value: Double) { set(value) }

    func increment(by amount: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let wanted = (Double(bitPattern: seen) + amount).bitPattern
            let (done, now) = bits.weakCompareExchange(expected: seen, desired: wanted, ordering: .relaxed)
            if done { return }
            seen = now
        }
    }

    func decrement(by amount: Double) { increment(by: -amount) }
}

/// Observations counted in fixed buckets, with their number and sum.
final class HistogramSeries: TimerHandler, RecorderHandler, Sendable {
    struct Counts: Sendable {
        /// Observations per bucket, not cumulative; one more than there are bounds.
        var buckets: [UInt64]
        /// The sum of all observations.
        var sum: Double = 0
    }

    let key: PrometheusRegistry.SeriesKey
    let bounds: [Double]
    private let counts: Mutex<Counts>

    init(key: PrometheusRegistry.SeriesKey, bounds: [Double]) {
        self.key = key
        self.bounds = bounds
        self.counts = Mutex(Counts(buckets: Array(repeating: 0, count: bounds.count + 1)))
    }

    var snapshot: Counts { counts.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts.withLock {
            $0.buckets[bucket] += 1
            $0.sum += value
        }
    }
}
