public import MemoryUnits

/// What one invocation says to the tuner.
public struct Sample: Hashable, Sendable {
    /// A feature's value: a number, or one of the values of a category.
    public enum Value: Hashable, Sendable {
        /// A number.
        case number(Double)
        /// A value of a category.
        case category(String)
    }

    /// The features by name.
    public var features: [String: Value]
    /// What is known of the need.
    public var need: Need
    /// How long ago it was, for weights; zero or more.
    public var age: Duration
    /// The limit that held during the run; nil when it is not known.
    ///
    /// An upper end that reaches it may be page cache up to the limit, so it says nothing of the need. Without it, the tuner
    /// compares with the limits that the documents it was given would have set.
    public var limit: Bytes?

    /// What is known of a need: never a point that is not one.
    public enum Need: Hashable, Sendable {
        /// Between two ends; a narrow interval is as good as a point.
        case between(Bytes, Bytes)
        /// More than this: the run was cut short.
        case above(Bytes)
    }

    /// Makes a sample.
    public init(features: [String: Value], need: Need, age: Duration = .zero, limit: Bytes? = nil) {
        self.features = features
        self.need = need
        self.age = age
        self.limit = limit
    }
}
