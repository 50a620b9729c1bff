import MemoryUnits

/// Writes numbers and texts in as few bytes as they need.
struct CompactWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Starts over, in the same memory.
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// A byte as it is.
    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Four bytes, least first.
    mutating func fixed(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// Eight bytes, least first.
    mutating func fixed(_ value: UInt64) {
        fixed(UInt32(truncatingIfNeeded: value))
        fixed(UInt32(truncatingIfNeeded: value >> 32))
    }

    /// Seven bits a byte, least first; the top bit says that more follow.
    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A number with its sign in the lowest bit, so that small ones stay short on either side of zero.
    mutating func signed(_ value: Int64) { number(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    /// A quantity of memory: in pages where it is whole pages, as the kernel's always are.
    mutating func quantity(_ value: Bytes) {
        let count = value.rawValue
        if count & 0xFFF == 0 {
            number((count >> 12) << 1 | 1)
        } else if count >> 63 == 0 {
            number(count << 1)
        } else {
            // Too large for the form above, and no number of pages has this one: the most is 2^52 - 1.
            number(Self.wholeQuantity)
            fixed(count)
        }
    }

    /// The mark of a quantity that follows in full.
    static let wholeQuantity: UInt64 = 1 << 53 | 1

    /// A text with its length.
    mutating func text(_ value: String) {
        number(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }
}

/// Bytes that `CompactWriter` cannot have written.
struct CompactBytesError: Error {}

/// Reads what `CompactWriter` wrote; never beyond the end, whatever the bytes are.
struct CompactReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether everything was read.
    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(CompactBytesError) -> UInt8 {
        guard position < bytes.count else { throw CompactBytesError() }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func fixed32() throws(CompactBytesError) -> UInt32 {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 32, by: 8) { value |= UInt32(try byte()) << shift }
        return value
    }

    mutating func fixed64() throws(CompactBytesError) -> UInt64 {
        let low = try fixed32()
        return UInt64(try fixed32()) << 32 | UInt64(low)
    }

    mutating func number() throws(CompactBytesError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw CompactBytesError() }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        throw CompactBytesError()
    }

    mutating func signed() throws(CompactBytesError) -> Int64 {
        let value = try number()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number that a Swift integer can hold.
    mutating func integer<Integer: FixedWidthInteger>() throws(CompactBytesError) -> Integer {
        guard let value = Integer(exactly: try signed()) else { throw CompactBytesError() }
        return value
    }

    mutating func quantity() throws(CompactBytesError) -> Bytes {
        let code = try number()
        if code == CompactWriter.wholeQuantity { return Bytes(try fixed64()) }
        guard code & 1 == 1 else { return Bytes(code >> 1) }
        guard code >> 1 < 1 << 52 else { throw CompactBytesError() }
        return Bytes((code >> 1) << 12)
    }

    mutating func text() throws(CompactBytesError) -> String {
        let count = try number()
        guard count <= UInt64(bytes.count - position) else { throw CompactBytesError() }
        let end = position + Int(count)
        defer { position = end }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }
}
