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
/// Allocates nothing but the buffer's own growth (and the digits of a fraction longer than 15 characters).
public struct JSONWriter: ~Copyable {
    private var buffer: ByteBuffer
    private var needsComma = false

    fileprivate init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

    fileprivate consuming func finish() -> ByteBuffer { buffer }

    /// Opens an object.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Closes an object.
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Opens an array.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Closes an array.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a key; its value is due next.
    public mutating func key(_ name: String) {
        separate()
        writeString(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string.
    public mutating func value(_ text: String) {
        separate()
        writeString(text)
        needsComma = true
    }

    /// Writes a whole number.
    public mutating func value(_ number: some FixedWidthInteger) {
        separate()
        writeDecimal(UInt64(number.magnitude), isNegative: number < 0)
        needsComma = true
    }

    /// Writes a quantity of memory in bytes.
    public mutating func value(_ quantity: Bytes) { value(quantity.rawValue) }

    /// Writes a number so that it reads back the same; whole numbers below 2^53 without a fraction, and `null` for what
    /// JSON cannot say (not a number, infinite).
    public mutating func value(_ number: Double) {
        separate()
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53, whole != 0 || number.sign == .plus {
            writeDecimal(whole.magnitude, isNegative: whole < 0)
        } else if number.isFinite {
            buffer.writeString(number.description)
        } else {
            buffer.writeStaticString("null")
        }
        needsComma = true
    }

    /// Writes `true` or `false`.
    public mutating func value(_ flag: Bool) {
        separate()
        buffer.writeStaticString(flag ? "true" : "false")
        needsComma = true
    }

    /// Writes an invocation's id as a string.
    public mutating func value(_ id: InvocationID) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        id.write(into: &buffer)
        buffer.writeInteger(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        buffer.writeStaticString("null")
        needsComma = true
    }

    /// Writes a key and a string, or `null`.
    public mutating func field(_ name: String, _ text: String?) {
        key(name)
        if let text { value(text) } else { null() }
    }

    /// Writes a key and a whole number, or `null`.
    public mutating func field<Number: FixedWidthInteger>(_ name: String, _ number: Number?) {
        key(name)
        if let number { value(number) } else { null() }
    }

    /// Writes a key and a quantity of memory in bytes, or `null`.
    public mutating func field(_ name: String, _ quantity: Bytes?) { field(name, quantity?.rawValue) }

    /// Writes a key and a number, or `null`.
    public mutating func field(_ name: String, _ number: Double?) {
        key(name)
        if let number { value(number) } else { null() }
    }

    /// Writes a key and a flag.
    public mutating func field(_ name: String, _ flag: Bool) {
        key(name)
        value(flag)
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        buffer.writeInteger(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        buffer.writeInteger(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
    }

    private mutating func writeString(_ text: String) {
        buffer.writeInteger(UInt8(ascii: "\""))
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            buffer.writeString(text)
        } else {
            for character in text.utf8 { writeEscaped(character) }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ character: UInt8) {
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            buffer.writeInteger(UInt8(ascii: "\\"))
            buffer.writeInteger(character)
        case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
        case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
        case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
        case 0..<0x20:
            buffer.writeStaticString("\\u00")
            buffer.writeInteger((character >> 4).hexadecimalCharacter)
            buffer.writeInteger((character & 15).hexadecimalCharacter)
        default: buffer.writeInteger(character)
        }
    }

    private mutating func writeDecimal(_ magnitude: UInt64, isNegative: Bool) {
        if isNegative { buffer.writeInteger(UInt8(ascii: "-")) }
        // 20 digits hold 2^64 - 1; filled from the end.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = magnitude
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
        }
    }
}

extension ByteBuffer {
    /// Appends a JSON document that `body` writes.
    public mutating func writeJSON<Failure: Error>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        // The writer owns the storage for the while, so that nothing is copied on write.
        var writer = JSONWriter(self)
        self = ByteBuffer()
        do throws(Failure) {
            try body(&writer)
        } catch {
            self = writer.finish()
            throw error
        }
        self = writer.finish()
    }
}
