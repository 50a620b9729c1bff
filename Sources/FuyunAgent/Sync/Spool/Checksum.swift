/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), eight bytes a step by tables ("slicing by 8").
enum Checksum {
    /// The reflected polynomial.
    private static let polynomial: UInt32 = 0x82F6_3B78

    /// `tables[k][b]`: the effect of byte `b` with `k` bytes after it.
    private static let tables: [[UInt32]] = {
        var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
            tables[0][byte] = value
        }
        for distance in 1..<8 {
            for byte in 0..<256 {
                let value = tables[distance - 1][byte]
                tables[distance][byte] = tables[0][Int(value & 0xFF)] ^ value >> 8
            }
        }
        return tables
    }()

    /// The checksum of bytes; `seed` is the checksum of what came before them.
    static func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        var value = ~seed
        var index = 0
        while index + 8 <= bytes.count {
            let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)) ^ value
            let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
            value = 0
            for step in 0..<4 {
                value ^= tables[7 - step][Int(low >> UInt32(8 * step) & 0xFF)]
                value ^= tables[3 - step][Int(high >> UInt32(8 * step) & 0xFF)]
            }
            index += 8
        }
        while index < bytes.count {
            value = tables[0][Int((value ^ UInt32(bytes[index])) & 0xFF)] ^ value >> 8
            index += 1
        }
        return ~value
    }

    /// The checksum of an array.
    static func crc32c(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { crc32c($0) } }
}
