/// What became of a variable when a payload was read.
public enum FeatureState: UInt8, Sendable, Hashable {
    /// The value was read and is good.
    case value
    /// There was none, and the policy's default took its place.
    case defaulted
    /// There was none, and the policy has no default; or it may lie where the payload could not be read.
    case missing
    /// There was something else than the declared type.
    case wrongType
    /// The value is outside the declared range.
    case outOfRange
    /// The category is none of the declared values.
    case unknownCategory

    /// Whether a formula may use the value.
    public var isUsable: Bool { self == .value || self == .defaulted }

    /// The state as a word for logs and tables.
    public var word: String {
        switch self {
        case .value: "value"
        case .defaulted: "defaulted"
        case .missing: "missing"
        case .wrongType: "wrong_type"
        case .outOfRange: "out_of_range"
        case .unknownCategory: "unknown_category"
        }
    }
}

/// The variables of one invocation, in the order of its policy: numbers, and categories as the index of their value.
///
/// It holds no memory of its own, and of the payload nothing but these numbers.
public struct FeatureVector: Sendable {
    /// How many variables there are, at most sixteen.
    public let count: Int
    /// How the reading of the payload ended.
    public var scanEnd: ScanEnd
    private(set) var values = FeatureValues(repeating: 0)
    private var states = InlineArray<16, FeatureState>(repeating: .missing)

    /// Makes a vector of so many missing variables.
    public init(count: Int, scanEnd: ScanEnd = .complete) {
        self.count = min(max(count, 0), PolicyDocument.maximumVariables)
        self.scanEnd = scanEnd
    }

    /// The value of a variable; a category's is the index among its values.
    ///
    /// Only meaningful where the state is usable, or out of range.
    public func value(_ variable: Int) -> Double { values[variable] }

    /// What became of a variable.
    public func state(_ variable: Int) -> FeatureState { states[variable] }

    /// Sets a variable.
    public mutating func set(_ variable: Int, to value: Double, _ state: FeatureState = .value) {
        values[variable] = value
        states[variable] = state
    }
}
