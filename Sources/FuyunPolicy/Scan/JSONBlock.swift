/// Where the characters that matter lie in 64 bytes: bit n of a mask stands for byte n.
///
/// Bytes are compared 16 at a time in 64-bit lanes with plain integer arithmetic, which compiles to the vector unit of
/// every processor; the standard library's comparison of vectors does not.
struct JSONBlock {
    let quotes: UInt64
    let backslashes: UInt64
    /// `{` and `[`.
    let opens: UInt64
    /// `}` and `]`.
    let closes: UInt64
    private let bytes: Vectors

    private typealias Vector = SIMD2<UInt64>
    private typealias Vectors = (Vector, Vector, Vector, Vector)

    @inline(__always)
    init(_ start: UnsafeRawPointer) {
        let bytes = Self.load(start)
        // Brackets and braces differ in one bit: 0x5b, 0x5d and 0x7b, 0x7d.
        let bit = Vector(repeating: 0x2020_2020_2020_2020)
        let folded = (bytes.0 | bit, bytes.1 | bit, bytes.2 | bit, bytes.3 | bit)
        quotes = Self.mask(bytes, UInt8(ascii: "\""))
        backslashes = Self.mask(bytes, UInt8(ascii: "\\"))
        opens = Self.mask(folded, UInt8(ascii: "{"))
        closes = Self.mask(folded, UInt8(ascii: "}"))
        self.bytes = bytes
    }

    /// Where the commas are.
    var commas: UInt64 {
        @inline(__always) get { Self.mask(bytes, UInt8(ascii: ",")) }
    }

    /// Whether there is a quote or backslash among 64 bytes.
    @inline(__always)
    static func endsOrEscapesString(_ start: UnsafeRawPointer) -> Bool {
        let bytes = load(start)
        let any =
            (mayEqual(bytes.0) | mayEqual(bytes.1) | mayEqual(bytes.2) | mayEqual(bytes.3))
            & Vector(repeating: 0x8080_8080_8080_8080)
        return any[0] | any[1] != 0
    }

    /// Bit 7 of a byte is set where it is a quote or backslash, and maybe in bytes above such a byte.
    @inline(__always)
    private static func mayEqual(_ bytes: Vector) -> Vector {
        let ones = Vector(repeating: 0x0101_0101_0101_0101)
        let quote = bytes ^ Vector(repeating: 0x2222_2222_2222_2222)
        let backslash = bytes ^ Vector(repeating: 0x5c5c_5c5c_5c5c_5c5c)
        return ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
    }

    @inline(__always)
    private static func load(_ start: UnsafeRawPointer) -> Vectors {
        (
            start.loadUnaligned(as: Vector.self), start.loadUnaligned(fromByteOffset: 16, as: Vector.self),
            start.loadUnaligned(fromByteOffset: 32, as: Vector.self),
            start.loadUnaligned(fromByteOffset: 48, as: Vector.self)
        )
    }

    /// The bytes that equal a character.
    @inline(__always)
    private static func mask(_ bytes: Vectors, _ character: UInt8) -> UInt64 {
        let top = Vector(repeating: 0x8080_8080_8080_8080)
        let pattern = Vector(repeating: UInt64(character) * 0x0101_0101_0101_0101)
        // Two bits of each byte for each vector, the lanes' neighbours: the eight words become the eight bits.
        let differs =
            (differs(bytes.0, pattern) & top) &>> 6 | (differs(bytes.1, pattern) & top) &>> 4
            | (differs(bytes.2, pattern) & top) &>> 2 | (differs(bytes.3, pattern) & top)
        return transposed(~(differs[0] >> 1 | differs[1]))
    }

    /// Bit 7 of a byte is set where it differs from the pattern.
    @inline(__always)
    private static func differs(_ bytes: Vector, _ pattern: Vector) -> Vector {
        let low = Vector(repeating: 0x7f7f_7f7f_7f7f_7f7f)
        let difference = bytes ^ pattern
        return ((difference & low) &+ low) | difference
    }

    /// Swaps bit r of byte c with bit c of byte r: Hacker's Delight (Warren), 7-3.
    @inline(__always)
    private static func transposed(_ bits: UInt64) -> UInt64 {
        var bits = bits
        guard bits != 0 else { return 0 }
        var swapped = (bits ^ bits >> 7) & 0x00aa_00aa_00aa_00aa
        bits ^= swapped ^ swapped << 7
        swapped = (bits ^ bits >> 14) & 0x0000_cccc_0000_cccc
        bits ^= swapped ^ swapped << 14
        swapped = (bits ^ bits >> 28) & 0x0000_0000_f0f0_f0f0
        return bits ^ swapped ^ swapped << 28
    }
}
