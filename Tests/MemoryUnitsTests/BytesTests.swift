import MemoryUnits
import Testing

@Suite("Bytes")
struct BytesTests {
    @Test(
        "is written for people",
        arguments: [
            (Bytes(0), "0 B"), (Bytes(1023), "1023 B"), (.kibibytes(1), "1 KiB"), (.mebibytes(64), "64 MiB"),
            (Bytes(1_610_612_736), "1.5 GiB"), (.max, "15.9 EiB"),
        ]
    )
    func description(quantity: Bytes, text: String) {
        #expect(quantity.description == text)
    }

    @Test("saturates instead of trapping")
    func saturation() {
        #expect(Bytes.max + Bytes(1) == .max)
        #expect(Bytes(1) - Bytes(2) == .zero)
        #expect(Bytes.max.multiplied(by: 2) == .max)
        #expect(Bytes.max.scaled(by: 1.5) == .max)
        #expect(Bytes(10).scaled(by: -1) == .zero)
        #expect(Bytes.max.roundedUp(toMultipleOf: .mebibytes(1)) == .max)
    }

    @Test(
        "rounds to steps",
        arguments: [
            (UInt64(0), UInt64(0), UInt64(0)), (1, 4096, 0), (4096, 4096, 4096), (4097, 8192, 4096),
        ]
    )
    func steps(quantity: UInt64, up: UInt64, down: UInt64) {
        #expect(Bytes(quantity).roundedUp(toMultipleOf: Bytes(4096)) == Bytes(up))
        #expect(Bytes(quantity).roundedDown(toMultipleOf: Bytes(4096)) == Bytes(down))
    }

    @Test("refuses results of a formula that are no quantity", arguments: [Double.nan, .infinity, -1, 1e30])
    func refused(value: Double) {
        #expect(Bytes(roundingUp: value) == nil)
    }
}
