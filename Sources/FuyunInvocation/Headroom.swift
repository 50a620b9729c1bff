public import MemoryUnits

/// How much memory the calls of one function were seen to need: counts in buckets that grow by a quarter, so that a
/// quantile is never more than a quarter too high, in 98 bytes.
public struct NeedSketch: Sendable {
    private static let buckets = 48
    private static let first = 1 << 20
    private static let growth = 1.25

    private var counts = InlineArray<48, UInt16>(repeating: 0)
    /// How many calls are in it; halved with the counts when one of them is full, so that old calls fade.
    public private(set) var count: UInt32 = 0

    /// Makes an empty sketch.
    public init() {}

    /// Adds a call.
    public mutating func add(_ need: Bytes) {
        let index = Self.bucket(of: need)
        if counts[index] == .max {
            count = 0
            for other in 0..<Self.buckets {
                counts[other] /= 2
                count += UInt32(counts[other])
            }
        }
        counts[index] += 1
        count += 1
    }

    /// The upper edge of the bucket in which a quantile lies; nil for an empty sketch.
    public func quantile(_ share: Double) -> Bytes? {
        guard count > 0 else { return nil }
        let rank = Swift.max(UInt32((Double(count) * share).rounded(.up)), 1)
        var seen: UInt32 = 0
        for index in 0..<Self.buckets {
            seen += UInt32(counts[index])
            if seen >= rank { return Self.edge(of: index) }
        }
        return nil
    }

    private static func bucket(of need: Bytes) -> Int {
        var edge = Double(first)
        let value = Double(need.rawValue)
        for index in 0..<(buckets - 1) {
            if value <= edge { return index }
            edge *= growth
        }
        return buckets - 1
    }

    private static func edge(of index: Int) -> Bytes {
        var edge = Double(first)
        for _ in 0..<index { edge *= growth }
        return index == buckets - 1 ? .max : Bytes(roundingUp: edge) ?? .max
    }
}

/// One container, as the head-room report looks at it.
public struct HeadroomContainer: Hashable, Sendable {
    /// What the platform's scheduler counts for it: its ceiling, ancestors included; nil for none.
    public var declared: Bytes?
    /// Its use now.
    public var current: Bytes
    /// What it cannot give back.
    public var resident: Bytes
    /// The limit that its calls in flight have; nil when idle.
    public var limitInFlight: Bytes?
    /// The 99th percentile of what calls of its function need; nil when it is not known.
    public var usual: Bytes?
    /// Of how many calls that is known.
    public var calls: UInt32

    /// Makes a container.
    public init(
        declared: Bytes?,
        current: Bytes,
        resident: Bytes,
        limitInFlight: Bytes?,
        usual: Bytes?,
        calls: UInt32
    ) {
        self.declared = declared
        self.current = current
        self.resident = resident
        self.limitInFlight = limitInFlight
        self.usual = usual
        self.calls = calls
    }
}

/// What a node could give back of what the platform has promised to its containers: for schedulers, which count declared
/// limits and not use.
///
/// Nothing here is done by anybody; it is a report.
public struct HeadroomReport: Hashable, Sendable {
    /// Containers in all, and those without a declared limit, which are not counted.
    public var containers = 0
    /// Those without a declared limit.
    public var undeclared = 0
    /// Those whose function is known well enough for a percentile.
    public var known = 0
    /// The sum of the declared limits.
    public var declared = Bytes.zero
    /// The sum of what is used now.
    public var used = Bytes.zero
    /// What could be given back this moment: declared, less the limits in flight, less what idle containers hold.
    public var now = Bytes.zero
    /// What could be given back even if every container ran a call at its function's 99th percentile at once.
    public var p99 = Bytes.zero
    /// How sure it is that no percentile behind `p99` is too low.
    ///
    /// 1 − 0.99ⁿ for the least n of calls that one rests on, as n calls all lie below the true percentile with the chance
    /// 0.99ⁿ; 0 when nothing is known.
    public var confidence = 0.0

    /// The fewest calls of which a percentile is taken.
    public static let fewestCalls: UInt32 = 100

    /// Adds up containers.
    public init(_ list: some Sequence<HeadroomContainer>) {
        var fewest: UInt32?
        for container in list {
            containers += 1
            used += container.current
            guard let declared = container.declared else {
                undeclared += 1
                continue
            }
            self.declared += declared
            now += declared - max(container.limitInFlight ?? .zero, container.current)
            guard let usual = container.usual, container.calls >= Self.fewestCalls else { continue }
            known += 1
            fewest = min(fewest ?? .max, container.calls)
            p99 += declared - max(usual, container.resident, container.limitInFlight ?? .zero)
        }
        if let fewest {
            var missed = 1.0
            for _ in 0..<min(fewest, 4_096) { missed *= 0.99 }
            confidence = 1 - missed
        }
    }
}
