import FuyunPolicy
import MemoryUnits

extension JSONValue {
    /// The string; nil for anything else.
    var text: String? { if case .string(let text) = content { text } else { nil } }

    /// The number; nil for anything else.
    ///
    /// Never inlined: Swift 6.3.1's optimiser (CopyPropagation) fails an assertion when it is, in `CallReport`.
    @inline(never)
    var number: Double? { if case .number(let number) = content { number } else { nil } }

    /// The number as a quantity of memory; nil for anything else.
    var bytes: Bytes? { number.flatMap { Bytes(roundingUp: $0) } }

    /// The boolean; nil for anything else.
    var flag: Bool? { if case .bool(let flag) = content { flag } else { nil } }

    /// The elements of an array; none for anything else.
    var elements: [JSONValue] { if case .array(let elements) = content { elements } else { [] } }

    /// The members of an object; none for anything else.
    var members: [JSONMember] { if case .object(let members) = content { members } else { [] } }

    /// Whether this is `null`.
    var isNull: Bool { if case .null = content { true } else { false } }

    /// A number in the form that people write, `-` where there is none.
    var figure: String { number.map(plain) ?? "-" }

    /// Makes a boolean.
    static func bool(_ value: Bool) -> JSONValue { JSONValue(.bool(value)) }

    /// Makes a number of a whole one.
    static func integer(_ value: some BinaryInteger) -> JSONValue { .number(Double(value)) }

    /// Makes a number of bytes; nil for no limit.
    static func bytes(_ quantity: Bytes) -> JSONValue? { quantity == .max ? .null : .number(Double(quantity.rawValue)) }

    /// `null`.
    static let null = JSONValue(.null)
}

/// A number as people write it: whole numbers without a fraction.
func plain(_ number: Double) -> String {
    if let whole = Int64(exactly: number), whole.magnitude <= 1 << 53 { return String(whole) }
    return number.description
}

/// A number with at most so many decimals.
func rounded(_ number: Double, decimals: Int) -> String {
    guard number.isFinite, abs(number) < 1e12 else { return plain(number) }
    var factor = 1.0
    for _ in 0..<decimals { factor *= 10 }
    return plain((number * factor).rounded() / factor)
}
