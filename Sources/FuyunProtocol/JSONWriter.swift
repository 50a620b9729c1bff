public import FuyunPolicy
public import MemoryUnits
public import NIOCore

/// Writes one JSON document into a buffer, as it is told: commas and escapes are its business, the nesting the caller's.
///
///     buffer.writeJSON { json in
///         json.beginObject()
///         json.field("limit_bytes", limit)
///         json.endObject()
///     }
///
/// The document is put together in memory of the writer's own, each key and value in one go, its comma included, and
/// goes into the buffer as a whole: a buffer's own bookkeeping at every token would cost more than the tokens.
public struct JSONWriter: ~Copyable {
    /// Most documents fit; a longer one doubles it.
    private static let firstCapacity = 512

    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0
    private var needsComma = false

    fileprivate init() {
        capacity = Self.firstCapacity
        storage = .allocate(capacity: capacity)
    }

    deinit { storage.deallocate() }

    fileprivate borrowing func write(into buffer: inout ByteBuffer) {
        buffer.writeBytes(UnsafeRawBufferPointer(start: storage, count: count))
    }

    /// Opens an object.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Closes an object.
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Opens an array.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Closes an array.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a key without characters that need an escape; its value is due next.
    public mutating func key(_ name: StaticString) {
        let count = name.utf8CodeUnitCount
        append(atMost: count + 3) { target in
            target[0] = UInt8(ascii: "\"")
            (target + 1).update(from: name.utf8Start, count: count)
            target[count + 1] = UInt8(ascii: "\"")
            target[count + 2] = UInt8(ascii: ":")
            return count + 3
        }
        needsComma = false
    }

    /// Writes a key that is not known when compiling; its value is due next.
    public mutating func key(named name: String) {
        writeString(name)
        // No comma: it belongs to the name.
        needsComma = false
        append(atMost: 1) { target in
            target[0] = UInt8(ascii: ":")
            return 1
        }
    }

    /// Writes a string.
    public mutating func value(_ text: String) {
        writeString(text)
        needsComma = true
    }

    /// Writes a whole number.
    public mutating func value(_ number: some FixedWidthInteger) {
        writeDecimal(UInt64(number.magnitude), isNegative: number < 0)
    }

    /// Writes a quantity of memory in bytes.
    public mutating func value(_ quantity: Bytes) { value(quantity.rawValue) }

    /// Writes a number so that it reads back the same; whole numbers below 2^53 without a fraction, and `null` for what
    /// JSON cannot say (not a number, infinite).
    public mutating func value(_ number: Double) {
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53, whole != 0 || number.sign == .plus {
            writeDecimal(whole.magnitude, isNegative: whole < 0)
        } else if number.isFinite {
            var digits = number.description
            digits.withUTF8 { digits in
                guard let start = digits.baseAddress else { return }
                writePlain(start, digits.count)
            }
        } else {
            null()
        }
    }

    /// Writes `true` or `false`.
    public mutating func value(_ flag: Bool) {
        writePlain(flag ? "true" : "false")
    }

    /// Writes an invocation's id as a string.
    public mutating func value(_ id: InvocationID) {
        append(atMost: InvocationID.maximumLength + 2) { target in
            target[0] = UInt8(ascii: "\"")
            let count = id.write(to: target + 1)
            target[count + 1] = UInt8(ascii: "\"")
            return count + 2
        }
        needsComma = true
    }

    /// Writes a value that is JSON text already; nothing is checked.
    public mutating func raw(_ bytes: some Collection<UInt8>) {
        let count = bytes.count
        append(atMost: count) { target in
            UnsafeMutableBufferPointer(start: target, count: count).update(fromContentsOf: bytes)
        }
        needsComma = true
    }

    /// Writes `null`.
    public mutating func null() { writePlain("null") }

    /// Writes a key and a string, or `null`.
    public mutating func field(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { value(text) } else { null() }
    }

    /// Writes a key and a whole number, or `null`.
    public mutating func field<Number: FixedWidthInteger>(_ name: StaticString, _ number: Number?) {
        key(name)
        if let number { value(number) } else { null() }
    }

    /// Writes a key and a quantity of memory in bytes, or `null`.
    public mutating func field(_ name: StaticString, _ quantity: Bytes?) { field(name, quantity?.rawValue) }

    /// Writes a key and a number, or `null`.
    public mutating func field(_ name: StaticString, _ number: Double?) {
        key(name)
        if let number { value(number) } else { null() }
    }

    /// Writes a key and a flag.
    public mutating func field(_ name: StaticString, _ flag: Bool) {
        key(name)
        value(flag)
    }

    private mutating func open(_ bracket: UInt8) {
        append(atMost: 1) { target in
            target[0] = bracket
            return 1
        }
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        needsComma = false
        append(atMost: 1) { target in
            target[0] = bracket
            return 1
        }
        needsComma = true
    }

    /// Appends the comma that is due and what `fill` writes: at most `count` bytes, as many as it returns.
    @inline(__always)
    private mutating func append(atMost most: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Int) {
        if capacity - count <= most { grow(by: most + 1) }
        // Overwritten when no comma is due.
        storage[count] = UInt8(ascii: ",")
        if needsComma { count += 1 }
        count += fill(storage + count)
    }

    private mutating func grow(by room: Int) {
        capacity = max(2 * capacity, count + room)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.moveInitialize(from: storage, count: count)
        storage.deallocate()
        storage = larger
    }

    private mutating func writePlain(_ word: StaticString) { writePlain(word.utf8Start, word.utf8CodeUnitCount) }

    private mutating func writePlain(_ start: UnsafePointer<UInt8>, _ count: Int) {
        append(atMost: count) { target in
            target.update(from: start, count: count)
            return count
        }
        needsComma = true
    }

    private mutating func writeString(_ text: String) {
        // A copy of the reference: the text is contiguous already.
        var text = text
        text.withUTF8 { text in
            var escapes = 0
            for character in text where character.needsEscape { escapes += 1 }
            // The longest escape has six characters.
            append(atMost: text.count + 2 + 5 * escapes) { target in
                target[0] = UInt8(ascii: "\"")
                var end = 1
                if escapes > 0 {
                    for character in text { end += character.escape(to: target + end) }
                } else if let start = text.baseAddress {
                    (target + 1).update(from: start, count: text.count)
                    end += text.count
                }
                target[end] = UInt8(ascii: "\"")
                return end + 1
            }
        }
    }

    private mutating func writeDecimal(_ magnitude: UInt64, isNegative: Bool) {
        let sign = isNegative ? 1 : 0
        // 20 digits hold 2^64 - 1.
        append(atMost: 21) { target in
            target[0] = UInt8(ascii: "-")
            var count = 1
            var bound: UInt64 = 10
            while count < 20, magnitude >= bound {
                count += 1
                bound &*= 10
            }
            var rest = magnitude
            for position in stride(from: sign + count - 1, through: sign, by: -1) {
                target[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return sign + count
        }
        needsComma = true
    }
}

extension UInt8 {
    /// Whether the character must not stand in a JSON string as it is.
    fileprivate var needsEscape: Bool { self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\") }

    /// Writes the character as it must stand in a JSON string; returns its length, at most 6.
    fileprivate func escape(to target: UnsafeMutablePointer<UInt8>) -> Int {
        guard needsEscape else {
            target[0] = self
            return 1
        }
        target[0] = UInt8(ascii: "\\")
        switch self {
        case UInt8(ascii: "\n"): target[1] = UInt8(ascii: "n")
        case UInt8(ascii: "\r"): target[1] = UInt8(ascii: "r")
        case UInt8(ascii: "\t"): target[1] = UInt8(ascii: "t")
        case 0..<0x20:
            target[1] = UInt8(ascii: "u")
            target[2] = UInt8(ascii: "0")
            target[3] = UInt8(ascii: "0")
            target[4] = (self >> 4).hexadecimalCharacter
            target[5] = (self & 15).hexadecimalCharacter
            return 6
        default: target[1] = self
        }
        return 2
    }
}

extension ByteBuffer {
    /// Appends a JSON document that `body` writes.
    public mutating func writeJSON<Failure: Error>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        var writer = JSONWriter()
        try body(&writer)
        writer.write(into: &self)
    }
}
