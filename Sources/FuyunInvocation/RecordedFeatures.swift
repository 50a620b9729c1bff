/// The features a decision was made from, as they go into an observation: at most sixteen numbers and their names.
///
/// The names are the policy's own array, shared by reference, and the numbers lie in place, so that recording a call's
/// features allocates nothing. A category is recorded as the index of its value; the payload itself never gets here.
public struct RecordedFeatures: Sendable {
    /// The most features that are recorded; a policy has no more variables.
    public static let capacity = 16

    /// The policy's names, in the policy's order.
    public let names: [String]
    /// How many features there are.
    public let count: Int
    private var values: InlineArray<16, Double>

    /// No features.
    public static let none = RecordedFeatures(names: []) { _ in nil }

    /// Records the value of each name by its index; nil for a feature that the payload did not have.
    public init(names: [String], value: (Int) -> Double?) {
        self.names = names
        self.count = Swift.min(names.count, RecordedFeatures.capacity)
        self.values = InlineArray(repeating: .nan)
        for index in 0..<count { values[index] = value(index) ?? .nan }
    }

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// The value of the feature at `index`; nil where the payload did not have it or it is not a finite number.
    public subscript(index: Int) -> Double? {
        guard index >= 0, index < count, values[index].isFinite else { return nil }
        return values[index]
    }
}

extension RecordedFeatures: Equatable {
    /// Whether names and values are the same.
    public static func == (left: RecordedFeatures, right: RecordedFeatures) -> Bool {
        guard left.count == right.count, left.names == right.names else { return false }
        return (0..<left.count).allSatisfy { left[$0] == right[$0] }
    }
}
