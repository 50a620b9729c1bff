import Cgroup
import FuyunInvocation
import Testing

@Suite("Thrashing")
struct ThrashDetectorTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var full: Int64?
        var some: Int64?
        var hits: UInt64?
        var killed = false
        var duration: Int64 = 1_000
        var expected: Bool
    }

    @Test(
        "table",
        arguments: [
            Row(testDescription: "all stood still a fifth of the run", full: 200, some: 300, hits: 50, expected: true),
            Row(testDescription: "one task stood still a third of it", full: 0, some: 333, hits: 1, expected: true),
            Row(testDescription: "little stall", full: 50, some: 100, hits: 5_000, expected: false),
            Row(
                testDescription: "stall from elsewhere: the limit was not hit",
                full: 500,
                some: 500,
                hits: 0,
                expected: false
            ),
            Row(testDescription: "something was killed", full: 500, some: 500, hits: 90, killed: true, expected: false),
            Row(testDescription: "too short", full: 15, some: 15, hits: 90, duration: 15, expected: false),
            Row(testDescription: "no PSI, many hits", full: nil, some: nil, hits: 2_000, expected: true),
            Row(testDescription: "no PSI, some hits", full: nil, some: nil, hits: 500, expected: false),
            Row(testDescription: "no counters", full: 500, some: 500, hits: nil, expected: false),
            Row(testDescription: "no time", full: 500, some: 500, hits: 9, duration: 0, expected: false),
        ]
    )
    func table(row: Row) {
        var stall: PressureStall?
        if let some = row.some, let full = row.full {
            stall = PressureStall(some: .milliseconds(some), full: .milliseconds(full))
        }
        let verdict = ThrashDetector().judge(
            stall: stall,
            limitHits: row.hits,
            killed: row.killed,
            duration: .milliseconds(row.duration)
        )
        #expect(verdict.isThrashing == row.expected)
    }

    @Test("figures are shares of the run, and thresholds can be set")
    func figures() {
        let strict = ThrashDetector(fullShare: 0.01)
        let verdict = strict.judge(
            stall: PressureStall(some: .milliseconds(50), full: .milliseconds(25)),
            limitHits: 10,
            killed: false,
            duration: .milliseconds(500)
        )
        #expect(
            verdict
                == ThrashDetector.Verdict(isThrashing: true, fullShare: 0.05, someShare: 0.1, hitsPerSecond: 20)
        )
    }
}
