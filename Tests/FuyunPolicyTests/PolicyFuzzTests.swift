import FuyunPolicy
import MemoryUnits
import Testing

/// Mutated documents: nothing crashes, nothing unknown is let through, and what is let through can be written, read and used.
@Suite struct PolicyFuzzTests {
    private static let bounds = SafetyBounds(
        minimum: .mebibytes(1),
        maximum: .gibibytes(4),
        preset: .mebibytes(512),
        tier: .mebibytes(1)
    )
    private static let payloads = [
        "", "{}", #"{"x": 3, "y": 4}"#,
        #"{"object": {"width": 640, "height": 480, "fps": "25", "duration": 9}, "op": "gif"}"#,
    ]
    private static let pieces = PolicyTexts.all.flatMap { text in
        text.split(whereSeparator: { ",: \n".contains($0) }).map { Array($0.utf8) }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func mutatedBytes(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let texts = PolicyTexts.all.map { Array($0.utf8) }
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = texts[Int.random(in: 0..<texts.count, using: &random)]
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
            let compilation = PolicyCompiler.compile(bytes)
            #expect((compilation.policy == nil) == !compilation.errors.isEmpty)
            guard let policy = compilation.policy else { continue }
            accepted += 1
            let again = PolicyCompiler.compile(policy.document.encoded())
            #expect(again.document == policy.document, "seed \(seed)")
            for payload in Self.payloads {
                let decision = policy.decide(policy.extract(payload), within: Self.bounds)
                #expect(decision.limit >= Self.bounds.minimum && decision.limit <= Self.bounds.maximum)
            }
        }
        // Digits and words inside strings may well change to something else that is good.
        #expect(accepted > 100 && accepted < 4_000)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(Array("{}[]\",:0123456789.eE+-\\u ".utf8).randomElement(using: &random) ?? 0, at: place)
        case 4: bytes.removeSubrange(place..<min(place + Int.random(in: 1...20, using: &random), bytes.count))
        case 5: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: place)
        case 6...8:
            // Another digit keeps most documents well-formed, and tries the ranges.
            guard let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
            bytes[digit] = .random(in: 0x30...0x39, using: &random)
        default:
            let end = min(place + Int.random(in: 1...40, using: &random), bytes.count)
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0..<bytes.count, using: &random))
        }
    }

    @Test func unknownKeysAreNeverAccepted() throws {
        var random = SeededGenerator(seed: 5)
        let roots = try PolicyTexts.all.map { try JSONDocument.parse(Array($0.utf8)).root }
        for _ in 0..<2_000 {
            let root = roots[Int.random(in: 0..<roots.count, using: &random)]
            var objects = 0
            count(root, &objects)
            var target = Int.random(in: 0..<objects, using: &random)
            let changed = adding(root, &target, &random)
            let compilation = PolicyCompiler.compile(changed.encoded(pretty: false))
            #expect(compilation.policy == nil, "\(String(decoding: changed.encoded(), as: UTF8.self))")
            #expect(!compilation.errors.isEmpty)
        }
    }

    private func count(_ value: JSONValue, _ objects: inout Int) {
        switch value.content {
        case .object(let members):
            objects += 1
            for member in members { count(member.value, &objects) }
        case .array(let elements): for element in elements { count(element, &objects) }
        default: break
        }
    }

    /// The tree with a member more in one object, its key a slip of one that is there or something else altogether.
    private func adding(_ value: JSONValue, _ target: inout Int, _ random: inout SeededGenerator) -> JSONValue {
        switch value.content {
        case .object(var members):
            if target == 0 {
                let key = (members.randomElement(using: &random)?.key ?? "") + "_"
                let values: [JSONValue] = [.number(1), .string("x"), .array([]), .object([])]
                members.insert(
                    JSONMember(key: key, value: values.randomElement(using: &random) ?? .number(0)),
                    at: Int.random(in: 0...members.count, using: &random)
                )
                target = -1
                return JSONValue(.object(members))
            }
            target -= 1
            return JSONValue(
                .object(members.map { JSONMember(key: $0.key, value: adding($0.value, &target, &random)) })
            )
        case .array(let elements): return .array(elements.map { adding($0, &target, &random) })
        default: return value
        }
    }
}
