import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

@Suite struct TriggerTests {
    let rules = RolloutRules()

    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var calls: [Call]
        var memory: FitMemory?
        var limit: UInt64 = 100
        var isConstant = false
        var now = 10
        var wanted: String?
        var testDescription: String { name }
    }

    static let good = Array(repeating: Call.used(90), count: 20)

    static let rows = [
        Row(name: "no calls", calls: [], wanted: nil),
        Row(name: "five calls are too few", calls: Array(good.prefix(5)), wanted: nil),
        Row(name: "six are enough", calls: Array(good.prefix(6)), wanted: "first_fit"),
        Row(name: "two for a constant are too few", calls: Array(good.prefix(2)), isConstant: true, wanted: nil),
        Row(name: "three for a constant", calls: Array(good.prefix(3)), isConstant: true, wanted: "first_fit"),
        Row(
            name: "calls that say nothing do not count",
            calls: Array(good.prefix(5)) + [Call(need: nil, seconds: 0)],
            wanted: nil
        ),
        Row(name: "nothing new", calls: good, memory: memory(of: 20), wanted: nil),
        Row(name: "nine successes", calls: good, memory: memory(of: 11), wanted: nil),
        Row(name: "ten successes", calls: good, memory: memory(of: 10), wanted: "successes"),
        Row(name: "ten are not enough any more", calls: good, memory: memory(of: 10, wanting: 15), wanted: nil),
        Row(name: "a miss", calls: good + [.ranOut(100, under: 1)], memory: memory(of: 20), wanted: "miss"),
        Row(name: "a rescue", calls: good + [.rescued(95, under: 1)], memory: memory(of: 20), wanted: "rescue"),
        Row(
            name: "a miss that a newer version cures already",
            calls: good + [.ranOut(80, under: 1)],
            memory: memory(of: 20),
            wanted: nil
        ),
        Row(
            name: "a call under the preset that the active version would have missed",
            calls: good + [.used(120)],
            memory: memory(of: 20),
            wanted: "miss"
        ),
        Row(name: "far too much", calls: good + [.used(49)], memory: memory(of: 20), wanted: "error"),
        Row(name: "twice is not more than twice", calls: good + [.used(50)], memory: memory(of: 20), wanted: nil),
        Row(
            name: "as bad as before the last fit",
            calls: good + [.used(30)],
            memory: memory(of: 20, tolerating: 3.2),
            wanted: nil
        ),
        Row(
            name: "worse than before the last fit",
            calls: good + [.used(20)],
            memory: memory(of: 20, tolerating: 3.2),
            wanted: "error"
        ),
        Row(name: "an hour, one call", calls: good, memory: memory(of: 19, at: -3600), now: 0, wanted: "period"),
        Row(name: "an hour, no call", calls: good, memory: memory(of: 20, at: -3600), now: 0, wanted: nil),
    ]

    @Test(arguments: rows)
    func trigger(row: Row) {
        let state = RolloutState(versions: [version(1, .active)])
        let evidence = evidence(row.calls, [1: row.limit])
        let trigger = rules.trigger(state, evidence, row.memory, isConstant: row.isConstant, at: at(row.now))
        #expect(trigger?.word == row.wanted)
        if let trigger {
            #expect(RefitTrigger.words.contains(trigger.word))
            #expect(!trigger.sentence.isEmpty)
        }
    }

    @Test func pageCacheIsNoError() {
        // At least 30, at most 100: a bound of 100 may be just right.
        let call = Call(need: .between(.mebibytes(30), .mebibytes(100)), seconds: 0)
        let state = RolloutState(versions: [version(1, .active)])
        let evidence = evidence(Self.good + [call], [1: 100])
        #expect(rules.trigger(state, evidence, memory(of: 20), isConstant: false, at: at(1)) == nil)
    }

    @Test func successesWantedGrowAndStop() {
        let evidence = evidence(Self.good, [1: 100])
        var last: FitMemory?
        var wanted: [Int] = []
        for _ in 0..<12 {
            last = FitMemory(rules, after: last, evidence, limits: evidence.limits[1], hasChanged: false, at: at(0))
            wanted.append(last?.successesWanted ?? 0)
        }
        #expect(wanted == [10, 15, 23, 35, 53, 80, 120, 180, 200, 200, 200, 200])
        let changed = FitMemory(rules, after: last, evidence, limits: nil, hasChanged: true, at: at(0))
        #expect(changed.successesWanted == 10)
        #expect(changed.newestID == 20)
    }

    @Test func theWorstFactorIsRemembered() {
        let evidence = evidence([.used(25), .used(50), .ranOut(100)], [1: 100])
        let memory = FitMemory(rules, after: nil, evidence, limits: evidence.limits[1], hasChanged: false, at: at(0))
        #expect(memory.toleratedFactor == 4)
    }
}
