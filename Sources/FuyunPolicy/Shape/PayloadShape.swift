/// What payloads of a function look like: which leaves there are, of which types, and how large — never what they say.
///
/// Ranges are kept by power of two, so that no value of a caller can be read off them. Names of members that look like
/// values themselves (one a caller, one a file) stand as `*`.
public struct PayloadShape: Sendable, Hashable {
    /// The most leaves that are kept.
    public static let maximumLeaves = 64

    /// The leaves, by pointer.
    public var leaves: [PayloadLeaf]
    /// How many payloads were looked at.
    public var payloads: Int
    /// The length of a body in bytes.
    public var bodyBytes: MagnitudeRange?

    /// Makes a shape.
    public init(leaves: [PayloadLeaf] = [], payloads: Int = 0, bodyBytes: MagnitudeRange? = nil) {
        self.leaves = leaves
        self.payloads = payloads
        self.bodyBytes = bodyBytes
    }
}

/// One place in payloads where something was seen.
public struct PayloadLeaf: Sendable, Hashable {
    /// What stood there.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A number.
        case number
        /// A string that is a number.
        case numericText = "numeric_text"
        /// Any other string; the range is of its length in bytes.
        case text
        /// An array; the range is of its length.
        case array
        /// An object; the range is of the count of its members.
        case object
        /// True or false.
        case boolean
        /// Null.
        case null
    }

    /// The JSON pointer (RFC 6901); a member whose name is not kept is `*`, an element of an array is `*`.
    public var pointer: String
    /// What stood there.
    public var kind: Kind
    /// How large it was.
    public var range: MagnitudeRange?
    /// Whether every number seen was whole.
    public var isInteger: Bool
    /// In how many payloads it was.
    public var count: Int

    /// Makes a leaf.
    public init(pointer: String, kind: Kind, range: MagnitudeRange? = nil, isInteger: Bool = false, count: Int = 1) {
        self.pointer = pointer
        self.kind = kind
        self.range = range
        self.isInteger = isInteger
        self.count = count
    }
}

/// The least and greatest of numbers, each moved outward to a power of two (or zero), so that neither says a value.
public struct MagnitudeRange: Sendable, Hashable {
    /// No number was less.
    public var lower: Double
    /// No number was greater.
    public var upper: Double

    /// Takes the ends as they are; they must already be powers of two, their negatives or zero.
    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }
}
