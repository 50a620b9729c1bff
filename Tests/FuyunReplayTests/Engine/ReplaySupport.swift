import FuyunPolicy
import Glibc
import MemoryUnits

@testable import FuyunReplay

/// Gives a fixed list of limits, one a call, and writes down what it is told.
struct Scripted: SizingStrategy {
    var limits: [Bytes?]
    var afterKill: [Bytes] = []
    var rescue: RescueRule?
    var told: [RunOutcome] = []
    private var next = 0

    init(_ limits: [Bytes?], afterKill: [Bytes] = [], rescue: RescueRule? = nil) {
        self.limits = limits
        self.afterKill = afterKill
        self.rescue = rescue
    }

    mutating func limit(for features: FeatureRow) -> Bytes? {
        defer { next += 1 }
        return limits[next]
    }

    mutating func learn(_ outcome: RunOutcome) { told.append(outcome) }

    mutating func limit(for features: FeatureRow, afterKillAt limit: Bytes, attempt: Int) -> Bytes? {
        afterKill.isEmpty ? nil : afterKill.removeFirst()
    }

}

/// A name for a strategy that is none of the catalog's.
func named(_ word: String = "scripted", _ make: @escaping @Sendable () -> any SizingStrategy) -> StrategyName {
    StrategyName(text: word, kind: StrategyKind(word, "") { _, _ in make() }, argument: 0)
}

/// Bounds without a tier, so that figures stay round: 1 to 10,000 bytes, preset 1,000.
let plainGrant = SafetyBounds(minimum: Bytes(1), maximum: Bytes(10_000), preset: Bytes(1_000), tier: .zero)

/// A trace of needs with one feature, which is the need itself.
func trace(_ needs: [UInt64], seconds: [Double]? = nil) -> Trace {
    Trace(
        layout: FeatureLayout([.init("x")]),
        rows: needs.enumerated().map { place, need in
            TraceRow(features: FeatureRow([Double(need)]), need: Bytes(need), seconds: seconds?[place] ?? 1)
        }
    )
}

/// A line with a little noise: 40 MB and 3,000 bytes an x, in two groups.
func noisyTrace(_ count: Int, seed: UInt64 = 1) -> Trace {
    var generator = SeededGenerator(seed: seed)
    let rows = (0..<count).map { place in
        let x = Double(1_000 + generator.index(below: 99_000))
        let noise = 1 + Double(generator.index(below: 1_000)) / 50_000
        return TraceRow(
            group: place % 2,
            features: FeatureRow([x, Double(place % 3)]),
            need: Bytes(roundingUp: (40e6 + 3_000 * x * Double(1 + place % 2)) * noise) ?? .zero,
            seconds: 2
        )
    }
    return Trace(
        layout: FeatureLayout([.init("x"), .init("kind", .category(["a", "b", "c"]))]),
        groups: ["one", "two"],
        rows: rows
    )
}

/// Writes a file that is gone after the test.
func withFile<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
    var name = Array("/tmp/fuyun-trace-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { break }
        bytes = bytes.dropFirst(count)
    }
    close(descriptor)
    return try body(path)
}
