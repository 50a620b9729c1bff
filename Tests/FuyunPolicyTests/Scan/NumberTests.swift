import Foundation
import FuyunPolicy
import Testing

/// Numbers are what strtod makes of the same text.
@Suite struct NumberTests {
    private func expectAsStrtod(_ text: String, _ plan: ScanPlan) throws {
        let result = scan(Array(text.utf8), plan, 1)
        let expected = strtod(text, nil)
        if expected.isFinite {
            try #require(result.outcomes[0] == .found, "\(text)")
            try #require(
                result.values[0].bitPattern == expected.bitPattern,
                "\(text): \(result.values[0]), not \(expected)"
            )
        } else {
            try #require(result.outcomes[0] == .wrongType, "\(text)")
        }
        try #require(result.end == .complete, "\(text)")
    }

    @Test(arguments: [
        "0", "-0", "0.0", "-0.0e5", "0e999999999999999999999", "0e-999999999999999999999", "1", "-1",
        "123456789012345678",
        "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740995", "-9007199254740993",
        "9223372036854775807", "18446744073709551615", "18446744073709551616", "99999999999999999999999999999",
        "1e22", "1e23", "8.5e22", "123456789e22", "1e-22", "1e-23", "0.1", "0.2", "0.3", "0.30000000000000004",
        "2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072014e-308", "2.225073858507201e-308",
        "4.9e-324", "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.5e-324",
        "2.47032822920623272088284396434110686182e-324", "2.4703282292062327208828439643411e-324", "1e-324", "3e-324",
        "7.4e-324", "1e-323", "1.2e-320", "1e-400", "1e-99999999999999999999", "-1e-400",
        "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1.797693134862315807e308",
        "1.797693134862315808e308", "179769313486231580793728971405301e276", "1.8e308", "1e308", "1e309", "1e400",
        "-1e400",
        "1e99999999999999999999", "1E+2", "1e-0", "1e+00002", "3.14159265358979323846264338327950288419716939937510",
        "0.000000000000000000000000000000000000000001e42", "100000000000000000000000000000000000000000e-41",
        "6.02214076e23", "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "1.000000000000000333066907387546962127089500427246093750",
        "7.0420557077594588669468784357561207962098443483187940792729600000e+59",
    ])
    func readsAsStrtod(_ text: String) throws {
        try expectAsStrtod(text, ScanPlan([("", .number)]))
    }

    @Test func readsLongNumbersAsStrtod() throws {
        let plan = try ScanPlan([("", .number)])
        var random = SplitMix(seed: 1)
        for count in [20, 100, 400, 767, 768, 769, 770, 1000, 5000] {
            let digits = (0..<count).map { _ in "\(1 + random.below(9))" }.joined()
            for text in [
                digits, "0." + digits, digits + "." + digits, digits + "e-\(count)", digits + "e-\(count + 300)",
                "0." + String(repeating: "0", count: count) + digits + "e\(count)",
                "1" + String(repeating: "0", count: count), "1" + String(repeating: "0", count: count) + "e-\(count)",
                "9007199254740993." + String(repeating: "0", count: count) + "1",
                "9007199254740993." + String(repeating: "0", count: count),
                "9007199254740992." + String(repeating: "9", count: count),
                String(repeating: "9", count: count) + "e-\(count - 5)",
            ] {
                try expectAsStrtod(text, plan)
            }
        }
    }

    @Test func readsRandomNumbersAsStrtod() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("numbers: seed \(seed)")
        let plan = try ScanPlan([("", .number)])
        var random = SplitMix(seed: seed)
        for _ in 0..<20_000 {
            let double = Double(bitPattern: random.next())
            if double.isFinite {
                try expectAsStrtod(double.description, plan)
                try expectAsStrtod(String(format: "%.\(random.below(25))e", double), plan)
            }
            let digits = 1 + random.below(30)
            let text = "1" + (0..<digits).map { _ in "\(random.below(10))" }.joined()
            try expectAsStrtod("\(text)e\(random.below(700) - 360)", plan)
        }
    }

    /// The exact middle of two neighbouring Doubles, and texts right above and below it.
    @Test func roundsMiddlesAsStrtod() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("middles: seed \(seed)")
        let plan = try ScanPlan([("", .number)])
        var random = SplitMix(seed: seed)
        var doubles = [
            0, Double.leastNonzeroMagnitude, .leastNonzeroMagnitude.nextUp, .leastNormalMagnitude.nextDown,
            .leastNormalMagnitude, 1, 2, 1e22, 0.1,
        ]
        doubles += (0..<300).map { _ in
            Double(bitPattern: random.next() & ~(1 << 63)).magnitude
        }
        for double in doubles where double.isFinite && double.nextUp.isFinite {
            let middle = Self.middle(double, double.nextUp)
            try expectAsStrtod(middle, plan)
            try expectAsStrtod(middle + "0000000000000000000000001", plan)
            try expectAsStrtod(middle + String(repeating: "0", count: 900) + "1", plan)
            guard middle.last == "5" else { continue }
            try expectAsStrtod(middle.dropLast() + "4999999999999999999", plan)
            // "12." is no number in JSON.
            if !middle.hasSuffix(".5") { try expectAsStrtod(String(middle.dropLast()), plan) }
        }
    }

    /// Half the sum of two numbers, exactly: on their decimal digits, of which the C library prints all.
    private static func middle(_ low: Double, _ high: Double) -> String {
        let texts = [low, high].map { Array(String(format: "%.1100f", $0).utf8).filter { $0 != UInt8(ascii: ".") } }
        let length = max(texts[0].count, texts[1].count)
        var sum = [Int](repeating: 0, count: length + 1)
        for text in texts {
            for (index, digit) in text.reversed().enumerated() { sum[index] += Int(digit) - 48 }
        }
        for index in 0..<length where sum[index] > 9 {
            sum[index] -= 10
            sum[index + 1] += 1
        }
        var digits: [UInt8] = []
        var rest = 0
        for digit in sum.reversed() {
            digits.append(UInt8((rest * 10 + digit) / 2 + 48))
            rest = (rest * 10 + digit) % 2
        }
        digits.append(UInt8(rest * 5 + 48))
        let whole = digits.dropLast(1101).drop { $0 == 48 }
        var fraction = digits.suffix(1101)
        while fraction.last == 48 { fraction.removeLast() }
        let text = String(decoding: whole.isEmpty ? [48] : whole, as: UTF8.self)
        return fraction.isEmpty ? text + ".0" : text + "." + String(decoding: fraction, as: UTF8.self)
    }
}
