import FuyunPolicy
import MemoryUnits

/// The runs, and how often one found something.
///
/// They stop at the tenth failure.
struct Fuzz {
    let seed: UInt64
    private(set) var failures = 0

    init(seed: UInt64) { self.seed = seed }

    private mutating func fail(_ message: String, _ text: [UInt8]) {
        failures += 1
        print("  \(message): \(String(decoding: text, as: UTF8.self).debugDescription)")
    }

    /// Whole documents: the same outcomes and numbers as Foundation's parser.
    mutating func compareWholeDocuments(_ count: UInt64) throws -> Int {
        var bytes = 0
        for number in 0..<count where failures < 10 {
            let fuzz = FuzzCase(seed: seed &+ number)
            bytes += fuzz.text.count
            if let difference = try fuzz.difference(in: fuzz.text) {
                fail("seed \(seed &+ number): \(difference)", fuzz.text)
            }
        }
        return bytes
    }

    /// Damaged or cut documents that end at a page which cannot be read.
    ///
    /// Of those that Foundation still reads, and that the
    /// scan calls sound, numbers must be the same, unless the damage made two keys equal or left a comma too many.
    mutating func scanDamagedDocuments(_ count: UInt64) throws -> (bytes: Int, sound: Int) {
        let page = GuardedPages(count: 16)
        var sound = 0
        var bytes = 0
        for number in 0..<count where failures < 10 {
            let fuzz = FuzzCase(seed: seed &+ number)
            guard fuzz.text.count <= page.bytes.count else { continue }
            var random = SplitMix(seed: number)
            var text = fuzz.text
            for _ in 0..<(1 + random.below(3)) { damage(&text, &random) }
            bytes += text.count
            let isCut = random.below(2) == 0
            let result = try ScanPlan(fuzz.entries).scan(page.place(text[...]), isCut: isCut)
            if result.offset > text.count { fail("seed \(seed &+ number): stopped behind the end", text) }
            guard result.end == .complete, let foundation = try? FoundationReading(text) else { continue }
            sound += 1
            for (index, entry) in fuzz.entries.enumerated() where entry.target == .number {
                let expected = foundation.read(entry.pointer, entry.target)
                if result.outcome(index) == .found, expected.0 == .found, result.value(index) != expected.1,
                    !isLenient(text)
                {
                    fail("seed \(seed &+ number): \(entry): \(result.value(index)), Foundation has \(expected.1)", text)
                }
            }
        }
        return (bytes, sound)
    }

    /// Damaged policies: the compiler answers, and a policy that it accepts decides within the bounds.
    mutating func compileDamagedPolicies(_ count: UInt64) -> Int {
        let sources = PolicyTexts.all.map { Array($0.utf8) }
        let bounds = SafetyBounds(
            minimum: .mebibytes(1),
            maximum: .gibibytes(4),
            preset: .mebibytes(512),
            tier: .mebibytes(1)
        )
        let payloads = [
            "", "{}", #"{"x":3,"y":4}"#, #"{"object":{"width":640,"height":480,"fps":"25","duration":9},"op":"gif"}"#,
        ]
        var random = SplitMix(seed: seed)
        var accepted = 0
        for _ in 0..<count where failures < 10 {
            var text = random.pick(sources)
            for _ in 0..<(1 + random.below(3)) { damage(&text, &random) }
            let compilation = PolicyCompiler.compile(text)
            guard let policy = compilation.policy else {
                if compilation.errors.isEmpty { fail("refused without an error", text) }
                continue
            }
            accepted += 1
            for payload in payloads {
                var payload = payload
                let decision = payload.withUTF8 { body in
                    let body = UnsafeRawBufferPointer(body)
                    let features = policy.extract(body: body, totalLength: UInt64(body.count), header: { _ in nil })
                    return policy.decide(features, within: bounds)
                }
                if decision.limit < bounds.minimum || decision.limit > bounds.maximum {
                    fail("limit \(decision.limit)", text)
                }
            }
        }
        return accepted
    }
}

/// Whether Foundation may read a text otherwise than the scan does: of equal keys it takes the last one.
private func isLenient(_ text: [UInt8]) -> Bool {
    let keys = String(decoding: text, as: UTF8.self).split(separator: "\"")
    return Set(keys).count < keys.count
}

private func damage(_ text: inout [UInt8], _ random: inout SplitMix) {
    guard !text.isEmpty else { return }
    let at = random.below(text.count)
    switch random.below(4) {
    case 0: text[at] = random.pick(Array("\"\\{}[]:,0123456789-+.eE \u{0}".utf8) + [0x80, 0xff])
    case 1: text[at] ^= 1 << UInt8(random.below(8))
    case 2: text.removeSubrange(at..<min(text.count, at + 1 + random.below(8)))
    default:
        if random.below(8) == 0 {
            text.removeSubrange(at...)
        } else {
            text.insert(text[random.below(text.count)], at: at)
        }
    }
}
