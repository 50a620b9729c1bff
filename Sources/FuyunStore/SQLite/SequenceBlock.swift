/// Which of 1,024 consecutive sequence numbers of a spool have arrived, one bit each.
///
/// An eighth of a byte an observation, and it outlives the observation itself: what retention removed is still known to have
/// been stored, so that a batch sent again much later is not stored again.
struct SequenceBlock {
    /// How many numbers a block covers.
    static let size: UInt64 = 1024
    /// How many bytes it takes.
    static let byteCount = Int(size / 8)

    /// The bits, the lowest number first.
    private(set) var bytes: [UInt8]
    /// Whether a number was added since it was read.
    private(set) var isChanged = false

    /// A block without any.
    init() { bytes = [UInt8](repeating: 0, count: Self.byteCount) }

    /// A block that was kept; nil when it has another size.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The block that a number belongs to.
    static func index(of sequence: UInt64) -> Int64 { Int64(sequence / size) }

    /// Adds a number; false when it was there.
    mutating func insert(_ sequence: UInt64) -> Bool {
        let position = Int(sequence % Self.size)
        let bit = UInt8(1) << UInt8(position % 8)
        guard bytes[position / 8] & bit == 0 else { return false }
        bytes[position / 8] |= bit
        isChanged = true
        return true
    }
}
