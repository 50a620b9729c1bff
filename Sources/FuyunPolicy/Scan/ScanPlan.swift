/// What to read from a JSON payload, compiled once: a tree of the places that the pointers name.
///
/// Pointers are RFC 6901: `""` is the whole document, `/frames/0/width` a member of an element. A scan walks only the
/// containers on the way to those places, skips everything else, allocates nothing, and stops when all entries are
/// decided. Of members with the same key the first one counts.
public struct ScanPlan: Sendable {
    /// The most entries a plan can have.
    public static let maximumEntries = 16
    /// The most tokens a pointer can have.
    public static let maximumTokens = 16
    /// The deepest nesting of arrays and objects that a scan follows, skipped parts included.
    public static let maximumDepth = 1000

    /// `places[0]` is the whole document; the children of a place lie next to each other.
    let places: [ScanPlace]
    let readings: [ScanReading]
    /// The category values of all entries, each entry's next to each other.
    let choices: [ScanText]
    /// The bytes of all keys and category values.
    let text: [UInt8]

    /// Compiles entries; two may name the same place.
    ///
    /// Throws `ScanPlanError` for what cannot be scanned.
    public init(_ entries: [(pointer: String, target: ScanTarget)]) throws(ScanPlanError) {
        guard entries.count <= Self.maximumEntries else { throw .tooManyEntries(entries.count) }
        var builder = ScanPlanBuilder()
        for (pointer, target) in entries { try builder.add(pointer, target) }
        builder.buildPlaces()
        places = builder.places
        readings = builder.readings
        choices = builder.choices
        text = builder.text
    }

    /// Reads the plan's entries from a body.
    ///
    /// - Parameters:
    ///   - body: The payload, or its first part.
    ///   - isCut: Whether the payload goes on behind the body. A number that touches the cut is not trusted.
    public func scan(_ body: UnsafeRawBufferPointer, isCut: Bool) -> ScanResult {
        places.withUnsafeBufferPointer { places in
            readings.withUnsafeBufferPointer { readings in
                choices.withUnsafeBufferPointer { choices in
                    text.withUnsafeBytes { text in
                        let view = ScanPlanView(places: places, readings: readings, choices: choices, text: text)
                        var scanner = Scanner(JSONBytes(body, isCut: isCut), view)
                        return scanner.run()
                    }
                }
            }
        }
    }
}

/// Why a plan cannot be made.
public enum ScanPlanError: Error, Hashable, Sendable, CustomStringConvertible {
    /// More entries than a plan can hold.
    case tooManyEntries(Int)
    /// Not an RFC 6901 pointer: the text, and what is wrong with it.
    case badPointer(String, String)
    /// The pointer has more tokens than `ScanPlan.maximumTokens`.
    case tooManyTokens(String)
    /// The category at this pointer has no values.
    case noValues(String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .tooManyEntries(let count):
            "\(count) places are read from the payload; use at most \(ScanPlan.maximumEntries)"
        case .badPointer(let pointer, let reason): "JSON pointer \"\(pointer)\": \(reason)"
        case .tooManyTokens(let pointer):
            "JSON pointer \"\(pointer)\" is too deep; use at most \(ScanPlan.maximumTokens) tokens"
        case .noValues(let pointer): "the category at \"\(pointer)\" has no values; give at least one"
        }
    }
}
