/// Percentiles of many measurements, as medians over rounds: a round that was disturbed does not count.
public struct Percentiles {
    /// Microseconds below which half of a round's measurements lie.
    public private(set) var half: [Double] = []
    /// The same for 99 of 100.
    public private(set) var most: [Double] = []

    /// No rounds yet.
    public init() {}

    /// Adds a round, in nanoseconds.
    public mutating func add(_ nanoseconds: [UInt64]) {
        let sorted = nanoseconds.sorted()
        half.append(Double(sorted[sorted.count / 2]) / 1000)
        most.append(Double(sorted[sorted.count * 99 / 100]) / 1000)
    }

    /// The median of the rounds' medians, in microseconds.
    public var p50: Double { median(half) }

    /// The median of the rounds' 99th percentiles, in microseconds.
    public var p99: Double { median(most) }
}

/// The value in the middle.
public func median(_ values: [Double]) -> Double { values.isEmpty ? .nan : values.sorted()[values.count / 2] }
