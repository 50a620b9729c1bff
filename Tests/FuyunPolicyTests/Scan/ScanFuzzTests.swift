import FuyunPolicy
import Testing

@Suite struct ScanFuzzTests {
    @Test func readsWhatFoundationReads() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("scan fuzz: seed \(seed)")
        for number in 0..<50_000 as Range<UInt64> {
            let fuzz = FuzzCase(seed: seed &+ number)
            let difference = try fuzz.difference(in: fuzz.text)
            try #require(
                difference == nil,
                "seed \(seed &+ number): \(String(decoding: fuzz.text, as: UTF8.self))"
            )
        }
    }

    /// Cut documents next to a page that must not be touched: nothing wrong is read, and nothing behind the end.
    @Test func readsNothingWrongFromCutDocuments() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("cut fuzz: seed \(seed)")
        let page = GuardedPages(count: 8)
        for number in 0..<5_000 as Range<UInt64> {
            let fuzz = FuzzCase(seed: seed &+ number)
            guard fuzz.text.count <= page.bytes.count else { continue }
            let plan = try ScanPlan(fuzz.entries)
            let whole = scan(fuzz.text, plan, fuzz.entries.count)
            var random = SplitMix(seed: number)
            for _ in 0..<8 {
                let body = page.place(fuzz.text.prefix(random.below(fuzz.text.count)))
                let result = plan.scan(body, isCut: true)
                for index in fuzz.entries.indices where result.outcome(index) != .absent {
                    try #require(result.outcome(index) == whole.outcomes[index], "seed \(seed &+ number)")
                    try #require(result.value(index) == whole.values[index], "seed \(seed &+ number)")
                }
                try #require(result.end != .malformed && result.end != .empty, "seed \(seed &+ number)")
            }
        }
    }

    /// Damaged documents: any outcome will do, but no crash and no byte from behind the end.
    @Test func survivesDamagedDocuments() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("damage fuzz: seed \(seed)")
        let page = GuardedPages(count: 8)
        for number in 0..<20_000 as Range<UInt64> {
            let fuzz = FuzzCase(seed: seed &+ number)
            guard fuzz.text.count <= page.bytes.count else { continue }
            var random = SplitMix(seed: number)
            var text = fuzz.text
            for _ in 0..<(1 + random.below(4)) {
                text[random.below(text.count)] = random.pick(Array("\"\\{}[]:,0-.eu\u{0} ".utf8) + [0xff, 0x80])
            }
            let result = try ScanPlan(fuzz.entries).scan(page.place(text[...]), isCut: random.below(2) == 0)
            try #require(result.offset <= text.count)
        }
    }
}
