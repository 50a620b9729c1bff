public import MemoryUnits

/// A way to size invocations: it gives a limit before a run and learns what the run shows.
///
/// A value type. The engine makes one for each group of a trace and each run, asks it once for every call, in order, and then
/// tells it what an operator could have seen, nothing else. So a strategy cannot see the future, and groups and runs can be
/// replayed side by side.
public protocol SizingStrategy: Sendable {
    /// The limit for the next call; nil as long as there is nothing to go by: then the call's preset applies.
    ///
    /// Any positive number will do: the engine clips it to the grant and rounds it up to a tier.
    mutating func limit(for features: FeatureRow) -> Bytes?

    /// What an attempt showed. A call that was killed is told as `killed` first, then once more for each retry.
    mutating func learn(_ outcome: RunOutcome)

    /// The limit for the next attempt after a kill; nil leaves it to the engine, which doubles.
    ///
    /// Whatever is answered, the engine sees to it that the limit grows. `attempt` counts from 2. `learn` has been told of
    /// the kill before this is asked.
    mutating func limit(for features: FeatureRow, afterKillAt limit: Bytes, attempt: Int) -> Bytes?

    /// How a call that reaches its limit is raised in flight; nil: it is killed.
    var rescue: RescueRule? { get }

    /// How often the strategy has been fitted so far; zero for one that has nothing to fit.
    var refits: Int { get }

    /// The numbers of the formula in force, for plots of how they settle; empty for a strategy without any.
    var coefficients: [NamedNumber] { get }
}

extension SizingStrategy {
    /// Doubling.
    public mutating func limit(for features: FeatureRow, afterKillAt limit: Bytes, attempt: Int) -> Bytes? { nil }
    /// A call that reaches its limit is killed.
    public var rescue: RescueRule? { nil }
    /// Nothing to fit.
    public var refits: Int { 0 }
    /// No formula.
    public var coefficients: [NamedNumber] { [] }
}

/// What one attempt at a call showed.
public enum RunOutcome: Hashable, Sendable {
    /// It finished within the limit, and its need was seen.
    case finished(FeatureRow, need: Bytes, limit: Bytes)
    /// It was killed at the limit: its need is more than that, and nobody knows by how much.
    case killed(FeatureRow, limit: Bytes)
}

/// The features of one call: a number for each column of the layout, in its order.
///
/// A category is the index of its value in the column's list.
public struct FeatureRow: Hashable, Sendable {
    /// One number a column.
    public var values: [Double]

    /// Makes a row.
    public init(_ values: [Double]) { self.values = values }

    /// The number of a column.
    public subscript(column: Int) -> Double { values[column] }
}

/// The columns of a trace that strategies may look at.
public struct FeatureLayout: Hashable, Sendable {
    /// What a column holds.
    public enum Kind: Hashable, Sendable {
        /// Numbers.
        case number
        /// Indexes into these values, in the order in which they were first seen.
        case category([String])
    }

    /// A column.
    public struct Column: Hashable, Sendable {
        /// Its name in the trace.
        public var name: String
        /// What it holds.
        public var kind: Kind

        /// Makes a column.
        public init(_ name: String, _ kind: Kind = .number) {
            self.name = name
            self.kind = kind
        }

        /// Whether it holds indexes of categories.
        public var isCategory: Bool { if case .category = kind { true } else { false } }
    }

    /// The columns, in the order of `FeatureRow.values`.
    public var columns: [Column]

    /// Makes a layout.
    public init(_ columns: [Column]) { self.columns = columns }

    /// The places of the columns that hold numbers.
    public var numbers: [Int] { columns.indices.filter { !columns[$0].isCategory } }
}

/// How a call that reaches its limit is raised while it runs.
public struct RescueRule: Hashable, Sendable {
    /// A call is noticed when its use comes this close to the limit, as a share of the limit: `memory.high` lies below
    /// `memory.max` by this.
    public var marginShare: Double
    /// The least such distance, but never more than a quarter of the limit.
    public var marginAtLeast: Bytes
    /// The greatest such distance.
    public var marginAtMost: Bytes
    /// The least by which the limit is raised.
    public var leastRaise: Bytes
    /// What the limit is multiplied by, each time.
    public var factor: Double
    /// How far the limit may be raised; nil: to the greatest limit granted.
    public var ceiling: Bytes?
    /// The time that a call stands still for each raise, in seconds; its memory is held for so much longer.
    public var stallSeconds: Double

    /// Makes a rule.
    public init(
        marginShare: Double = 0,
        marginAtLeast: Bytes = .zero,
        marginAtMost: Bytes = .max,
        leastRaise: Bytes = .zero,
        factor: Double = 1.12,
        ceiling: Bytes? = nil,
        stallSeconds: Double = 0
    ) {
        self.marginShare = marginShare
        self.marginAtLeast = marginAtLeast
        self.marginAtMost = marginAtMost
        self.leastRaise = leastRaise
        self.factor = factor
        self.ceiling = ceiling
        self.stallSeconds = stallSeconds
    }

    /// The use from which on a call with this limit is noticed.
    public func tripwire(below limit: Bytes) -> Bytes {
        let margin = min(max(limit.scaled(by: marginShare), marginAtLeast), marginAtMost)
        return limit - min(margin, Bytes(limit.rawValue / 4))
    }

    /// The limit after a raise, before it is rounded up to a tier and cut to the ceiling.
    public func raised(_ limit: Bytes) -> Bytes { max(limit.scaled(by: factor), limit + leastRaise) }
}

/// A number with a name.
public struct NamedNumber: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The number.
    public var value: Double

    /// Names a number.
    public init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }
}
