/// `mantissa` × 2^`exponent` with the mantissa's top bit set: a number cut off to 128 significant bits.
struct Scaled {
    private(set) var mantissa: UInt128
    private(set) var exponent: Int

    /// A whole number that is not zero.
    init(_ value: UInt64) {
        let shift = value.leadingZeroBitCount
        mantissa = UInt128(value) << UInt128(64 + shift)
        exponent = -64 - shift
    }

    private init(_ high: UInt64, _ low: UInt64, _ exponent: Int) {
        mantissa = UInt128(high) << 64 | UInt128(low)
        self.exponent = exponent
    }

    /// The product with 5^n for |n| < 512, cut off.
    ///
    /// Each factor and each product lose less than 3 × 2^-127 of it.
    func timesPowerOfFive(_ n: Int) -> Scaled {
        var product = self
        var rest = n.magnitude
        var bit = 0
        while rest != 0 {
            if rest & 1 != 0 { product.multiply(by: Self.powerOfFive(bit, isInverse: n < 0)) }
            rest >>= 1
            bit += 1
        }
        return product
    }

    private mutating func multiply(by factor: Scaled) {
        let (high, low) = (UInt64(truncatingIfNeeded: mantissa >> 64), UInt64(truncatingIfNeeded: mantissa))
        let factorHigh = UInt64(truncatingIfNeeded: factor.mantissa >> 64)
        let factorLow = UInt64(truncatingIfNeeded: factor.mantissa)
        let lows = low.multipliedFullWidth(by: factorLow)
        let crossed = low.multipliedFullWidth(by: factorHigh)
        let crossedBack = high.multipliedFullWidth(by: factorLow)
        let highs = high.multipliedFullWidth(by: factorHigh)
        let middle = UInt128(lows.high) + UInt128(crossed.low) + UInt128(crossedBack.low)
        var product = UInt128(highs.high) << 64 | UInt128(highs.low)
        product += UInt128(crossed.high) + UInt128(crossedBack.high) + middle >> 64
        exponent += factor.exponent + 128
        if product >> 127 == 0 {
            product <<= 1
            exponent -= 1
        }
        mantissa = product
    }

    /// 5^(2^bit), or its inverse, cut off.
    private static func powerOfFive(_ bit: Int, isInverse: Bool) -> Scaled {
        switch (bit, isInverse) {
        case (0, false): Scaled(0xa000_0000_0000_0000, 0x0000_0000_0000_0000, -125)
        case (1, false): Scaled(0xc800_0000_0000_0000, 0x0000_0000_0000_0000, -123)
        case (2, false): Scaled(0x9c40_0000_0000_0000, 0x0000_0000_0000_0000, -118)
        case (3, false): Scaled(0xbebc_2000_0000_0000, 0x0000_0000_0000_0000, -109)
        case (4, false): Scaled(0x8e1b_c9bf_0400_0000, 0x0000_0000_0000_0000, -90)
        case (5, false): Scaled(0x9dc5_ada8_2b70_b59d, 0xf020_0000_0000_0000, -53)
        case (6, false): Scaled(0xc278_1f49_ffcf_a6d5, 0x3cbf_6b71_c76b_25fb, 21)
        case (7, false): Scaled(0x93ba_47c9_80e9_8cdf, 0xc66f_336c_36b1_0137, 170)
        case (_, false): Scaled(0xaa7e_ebfb_9df9_de8d, 0xddbb_901b_98fe_eab7, 467)
        case (0, true): Scaled(0xcccc_cccc_cccc_cccc, 0xcccc_cccc_cccc_cccc, -130)
        case (1, true): Scaled(0xa3d7_0a3d_70a3_d70a, 0x3d70_a3d7_0a3d_70a3, -132)
        case (2, true): Scaled(0xd1b7_1758_e219_652b, 0xd3c3_6113_404e_a4a8, -137)
        case (3, true): Scaled(0xabcc_7711_8461_cefc, 0xfdc2_0d2b_36ba_7c3d, -146)
        case (4, true): Scaled(0xe695_94be_c44d_e15b, 0x4c2e_be68_7989_a9b3, -165)
        case (5, true): Scaled(0xcfb1_1ead_4539_94ba, 0x67de_18ed_a581_4af2, -202)
        case (6, true): Scaled(0xa87f_ea27_a539_e9a5, 0x3f23_98d7_47b3_6224, -276)
        case (7, true): Scaled(0xddd0_467c_64bc_e4a0, 0xac7c_b3f6_d05d_dbde, -425)
        case (_, true): Scaled(0xc031_4325_637a_1939, 0xfa91_1155_fefb_5308, -722)
        }
    }
}
