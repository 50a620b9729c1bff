/// How observations lie in a segment of the spool: values ⇄ bytes, no I/O.
///
///     segment   magic (8)  epoch (8)  CRC-32C of both (4)  zero (4)   then records
///     record    length of the payload (4)  CRC-32C of sequence, length and payload (4)  sequence (8)  payload
///
/// Numbers have their lowest byte first. The payload is the observation's JSON. A segment belongs to one run of the
/// agent: the run's epoch names the sequence that its records count in.
enum SpoolFormat {
    /// The size of a segment's head.
    static let headSize = 24
    /// The size of a record before its payload.
    static let recordHeadSize = 16
    /// The largest payload; an observation has about 1,500 bytes.
    static let largestPayload = 1 << 20

    /// `FYSPOOL1`.
    private static let magic: UInt64 = 0x314C_4F4F_5053_5946

    /// What lies at a place of a segment.
    enum Place: Equatable {
        /// A whole record: its number, where its payload lies, and where the next one begins.
        case record(sequence: UInt64, payload: Range<Int>, end: Int)
        /// The beginning of a record that so many bytes from its start would complete.
        case unfinished(size: Int)
        /// No record.
        case bad
    }

    /// The head of a segment.
    static func head(epoch: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        append(magic, to: &bytes)
        append(epoch, to: &bytes)
        append(Checksum.crc32c(bytes), to: &bytes)
        append(UInt32(0), to: &bytes)
        return bytes
    }

    /// The epoch of a segment; nil when these bytes are no head.
    static func epoch(ofHead bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard bytes.count >= headSize, load(UInt64.self, bytes, 0) == magic,
            load(UInt32.self, bytes, 16) == Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<16]))
        else { return nil }
        return load(UInt64.self, bytes, 8)
    }

    /// Appends a record; the payload must not be longer than `largestPayload`.
    static func append(_ payload: UnsafeRawBufferPointer, sequence: UInt64, to bytes: inout [UInt8]) {
        let length = UInt32(payload.count)
        append(length, to: &bytes)
        append(checksum(sequence, length, payload), to: &bytes)
        append(sequence, to: &bytes)
        bytes.append(contentsOf: payload)
    }

    /// What lies at `offset`.
    static func place(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Place {
        let left = bytes.count - offset
        guard left >= recordHeadSize else { return .unfinished(size: recordHeadSize) }
        let length = Int(load(UInt32.self, bytes, offset))
        guard length > 0, length <= largestPayload else { return .bad }
        guard left >= recordHeadSize + length else { return .unfinished(size: recordHeadSize + length) }
        let sequence = load(UInt64.self, bytes, offset + 8)
        let start = offset + recordHeadSize
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        guard load(UInt32.self, bytes, offset + 4) == checksum(sequence, UInt32(length), payload) else { return .bad }
        return .record(sequence: sequence, payload: start..<start + length, end: start + length)
    }

    private static func checksum(_ sequence: UInt64, _ length: UInt32, _ payload: UnsafeRawBufferPointer) -> UInt32 {
        let head = withUnsafeBytes(of: sequence.littleEndian) { Checksum.crc32c($0) }
        let both = withUnsafeBytes(of: length.littleEndian) { Checksum.crc32c($0, seed: head) }
        return Checksum.crc32c(payload, seed: both)
    }

    private static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func load<Number: FixedWidthInteger>(
        _ type: Number.Type,
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int
    ) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }
}
