/// What is read at a place in a payload.
public enum ScanTarget: Sendable, Hashable {
    /// A JSON number, as the nearest Double.
    case number
    /// A string that holds a number (`"1280"`) or a ratio of two (`"30000/1001"`): at most 64 bytes once its escapes
    /// are decoded, spaces around it trimmed. A plain JSON number is taken too.
    case numericString
    /// Elements of an array, members of an object as written (a repeated key counts each time), or Unicode scalars of a
    /// string after its escapes are decoded.
    case length
    /// A string that equals one of the values, byte for byte once its escapes are decoded; the scan's value is the
    /// index of the first that does.
    case category([String])
}

/// What became of one entry of a plan.
public enum ScanOutcome: UInt8, Sendable {
    /// Nothing at that place, or JSON `null`, or not reached before the body ended.
    case absent
    /// A value is there.
    case found
    /// The place holds another kind of value than asked for, or a number beyond a Double's range.
    case wrongType
    /// The place holds a string that is none of the category's values.
    case unknownCategory
}

/// How a scan ended.
public enum ScanEnd: UInt8, Sendable {
    /// The document was read to its end.
    case complete
    /// Everything asked for was decided before the document's end; what follows was not looked at.
    case stoppedEarly
    /// The body ends inside the document, and the caller said that it is cut.
    case cut
    /// The body is not JSON where it was looked at, or ends early without being cut. Inside what is skipped, only
    /// strings and brackets are looked at.
    case malformed
    /// Arrays and objects are nested deeper than `ScanPlan.maximumDepth`.
    case tooDeep
    /// There is nothing but whitespace.
    case empty
}

/// The outcome of a scan, one value for each entry of the plan, in the plan's order.
///
/// It holds no memory of its own.
public struct ScanResult: Sendable {
    /// How the scan ended.
    public internal(set) var end: ScanEnd = .empty
    /// The offset of the byte at which the scan stopped.
    public internal(set) var offset = 0
    private var values = InlineArray<16, Double>(repeating: 0)
    private var outcomes = InlineArray<16, ScanOutcome>(repeating: .absent)

    init() {}

    /// The number, length or category index of an entry; 0 unless its outcome is `.found`.
    public func value(_ entry: Int) -> Double { values[entry] }

    /// What became of an entry.
    public func outcome(_ entry: Int) -> ScanOutcome { outcomes[entry] }

    mutating func set(_ entry: Int, _ outcome: ScanOutcome, _ value: Double = 0) {
        outcomes[entry] = outcome
        values[entry] = value
    }
}
