/// A hash that is the same in every process, on every machine and in every version, for choosing who is a canary.
///
/// FNV-1a with 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/), then the finaliser of MurmurHash3, because FNV alone
/// spreads short texts badly over the high bits.
public enum StableHash {
    /// The hash of a text's UTF-8.
    public static func hash(_ text: some StringProtocol) -> UInt64 { hash(text.utf8) }

    /// The hash of a text's UTF-8.
    ///
    /// The same as of any other text and sequence; callers in other modules get these two without generic code.
    public static func hash(_ text: String) -> UInt64 { hash(text.utf8) }

    /// The hash of a number's eight bytes, the lowest first.
    public static func hash(_ number: UInt64) -> UInt64 { withUnsafeBytes(of: number.littleEndian) { hash($0) } }

    /// The hash of bytes.
    public static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 33
    }

    /// Where a hash lies between 0 (included) and 1 (excluded).
    public static func fraction(_ hash: UInt64) -> Double { Double(hash >> 11) * 0x1p-53 }
}
