public import FuyunPolicy

/// What a strategy is made for: one group of a trace, in one run.
public struct StrategyContext: Sendable {
    /// The group's name; empty when the trace is not grouped.
    public var group: String
    /// The columns of the trace.
    public var layout: FeatureLayout
    /// The limits that may be set, and the tier.
    ///
    /// The preset of a call can differ: that is the trace's to say.
    public var grant: SafetyBounds
    /// The policy documents that the operator gave for this group, the first one first.
    public var policies: [PolicyDocument]

    /// Makes a context.
    public init(group: String = "", layout: FeatureLayout, grant: SafetyBounds, policies: [PolicyDocument] = []) {
        self.group = group
        self.layout = layout
        self.grant = grant
        self.policies = policies
    }
}

/// A kind of strategy: how it is called on the command line, and how one is made.
public struct StrategyKind: Sendable {
    /// What stands before the colon of a strategy's name: `static` of `static:2GiB`.
    public var word: String
    /// One line for `--help`.
    public var summary: String
    /// The argument that it takes when none is written; nil: it takes none.
    ///
    /// A number, or a size in bytes.
    public var argument: Double?
    /// Makes one; the number is the argument.
    public var make: @Sendable (StrategyContext, Double) -> any SizingStrategy

    /// Makes a kind.
    public init(
        _ word: String,
        _ summary: String,
        argument: Double? = nil,
        make: @escaping @Sendable (StrategyContext, Double) -> any SizingStrategy
    ) {
        self.word = word
        self.summary = summary
        self.argument = argument
        self.make = make
    }
}

/// A strategy that was asked for: its kind and its argument.
public struct StrategyName: Sendable {
    /// The name as it was written.
    public var text: String
    /// The kind.
    public var kind: StrategyKind
    /// The argument.
    public var argument: Double

    /// Makes a strategy for a group.
    public func make(_ context: StrategyContext) -> any SizingStrategy { kind.make(context, argument) }
}

/// Every kind of strategy that there is.
public enum StrategyCatalog {
    /// The kinds, in the order in which tables show them.
    public static let kinds: [StrategyKind] =
        FixedStrategies.kinds + RivalStrategies.kinds + FuyunStrategies.kinds + FuyunStrategies.ablations

    /// The word of the strategy that knows the need beforehand: not a strategy at all, but the least that any could give.
    static let oracle = "oracle"

    /// Finds a strategy by its name: `vpa`, `static:2GiB`, `percentile:0.95`.
    public static func strategy(_ text: String) throws(StrategyNameError) -> StrategyName {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = kinds.first(where: { $0.word == parts[0] }) else {
            throw StrategyNameError(text: text, problem: "there is none of that name; there are \(words)")
        }
        guard parts.count == 2 else { return StrategyName(text: text, kind: kind, argument: kind.argument ?? 0) }
        guard kind.argument != nil else {
            throw StrategyNameError(text: text, problem: "\(kind.word) takes nothing after a colon")
        }
        guard let argument = number(parts[1]) else {
            throw StrategyNameError(
                text: text,
                problem: "\"\(parts[1])\" is neither a number nor a size such as 512MiB"
            )
        }
        return StrategyName(text: text, kind: kind, argument: argument)
    }

    /// The names of the kinds, for messages.
    public static var words: String { kinds.map(\.word).joined(separator: ", ") }

    /// A number with an optional binary unit; nil for anything else, and for what is not positive.
    static func number(_ text: String) -> Double? {
        let units = [("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40), ("", 1)]
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
        let digits = text.dropLast(unit.count)
        guard let first = digits.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { return nil }
        guard let value = Double(digits), value.isFinite, value > 0 else { return nil }
        return value * factor
    }
}

/// A strategy's name that cannot be used.
public struct StrategyNameError: Error, Hashable, CustomStringConvertible {
    /// The name as it was written.
    public var text: String
    /// What is wrong.
    public var problem: String

    /// The whole sentence.
    public var description: String { "strategy \"\(text)\": \(problem)" }
}
