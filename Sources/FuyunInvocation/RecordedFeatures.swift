/// The features a decision was made from, as they go into an observation: at most sixteen numbers and what they mean.
///
/// Names and category words are the policy's own array, shared by reference, and the numbers lie in place, so that
/// recording a call's features allocates nothing. A category is kept as the index of its word, and written as the word;
/// the payload itself never gets here.
public struct RecordedFeatures: Sendable {
    /// A variable of the policy, as observations name it.
    public struct Variable: Hashable, Sendable {
        /// The variable's name.
        public var name: String
        /// The words of a category, whose values are indexes among them; nil for a number.
        public var words: [String]?

        /// Makes a variable.
        public init(_ name: String, words: [String]? = nil) {
            self.name = name
            self.words = words
        }
    }

    /// What a recorded variable was.
    public enum Value: Hashable, Sendable {
        /// A number.
        case number(Double)
        /// One of the words that the policy declares.
        case word(String)
    }

    /// The most features that are recorded; a policy has no more variables.
    public static let capacity = 16

    /// The policy's variables, in the policy's order.
    public let variables: [Variable]
    /// How many features there are.
    public let count: Int
    private var values: InlineArray<16, Double>

    /// No features.
    public static let none = RecordedFeatures([]) { _ in nil }

    /// Records the value of each variable by its index: a number, or the index of a category's word; nil for a feature
    /// that the payload did not have.
    public init(_ variables: [Variable], value: (Int) -> Double?) {
        self.variables = variables
        self.count = Swift.min(variables.count, RecordedFeatures.capacity)
        self.values = InlineArray(repeating: .nan)
        for index in 0..<count { values[index] = value(index) ?? .nan }
    }

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// The value of the feature at `index`; nil where the payload did not have it, it is not a finite number, or the
    /// category has no such word.
    public subscript(index: Int) -> Value? {
        guard index >= 0, index < count, values[index].isFinite else { return nil }
        guard let words = variables[index].words else { return .number(values[index]) }
        guard let place = Int(exactly: values[index]), words.indices.contains(place) else { return nil }
        return .word(words[place])
    }
}

extension RecordedFeatures: Equatable {
    /// Whether variables and values are the same.
    public static func == (left: RecordedFeatures, right: RecordedFeatures) -> Bool {
        guard left.count == right.count, left.variables == right.variables else { return false }
        return (0..<left.count).allSatisfy { left[$0] == right[$0] }
    }
}
