import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

@Suite struct LadderTests {
    let rules = RolloutRules()

    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var versions: [RolloutVersion]
        var calls: [Call]
        var limits: [Int: UInt64]
        var memory: FitMemory?
        var now = 100
        var wanted: String
        var testDescription: String { name }
    }

    static let six = Array(repeating: Call.used(90), count: 6)
    static let activeAndBefore = [version(1, .retired, since: 10), version(2, .active, supersedes: 1, created: 10)]
    static let activeAndCanary = [version(1, .active), version(2, .canary, created: 10)]

    static let rows = [
        Row(name: "nothing there", versions: [], calls: six, limits: [:], wanted: "keep"),
        Row(name: "a draft is not in use", versions: [version(1, .draft)], calls: six, limits: [:], wanted: "keep"),
        Row(
            name: "too few calls",
            versions: [version(1, .shadow)],
            calls: Array(six.prefix(5)),
            limits: [1: 30],
            wanted: "keep"
        ),
        Row(name: "first fit", versions: [version(1, .shadow)], calls: six, limits: [1: 30], wanted: "refit first_fit"),
        Row(
            name: "a miss, and the version before would have been enough",
            versions: activeAndBefore,
            calls: six + [.ranOut(100, under: 2, at: 20)],
            limits: [1: 200, 2: 100],
            memory: memory(of: 6),
            wanted: "roll_back 2→retired 1→active"
        ),
        Row(
            name: "the same miss was looked at before",
            versions: activeAndBefore,
            calls: six + [.ranOut(100, under: 2, at: 20)],
            limits: [1: 200, 2: 100],
            memory: memory(of: 7),
            wanted: "keep"
        ),
        Row(
            name: "a miss, and the version before would have missed it too",
            versions: activeAndBefore,
            calls: six + [.ranOut(100, under: 2, at: 20)],
            limits: [1: 95, 2: 100],
            memory: memory(of: 6),
            wanted: "refit miss"
        ),
        Row(
            name: "a miss, and the version before would have missed another one since",
            versions: activeAndBefore,
            calls: six + [.used(300, at: 15), .ranOut(100, under: 2, at: 20)],
            limits: [1: 200, 2: 100],
            memory: memory(of: 6),
            wanted: "refit miss"
        ),
        Row(
            name: "a miss, and nothing was before",
            versions: [version(1, .active)],
            calls: six + [.ranOut(100, under: 1, at: 20)],
            limits: [1: 100],
            memory: memory(of: 6),
            wanted: "refit miss"
        ),
        Row(
            name: "a miss of an older version that came late",
            versions: activeAndBefore,
            calls: six + [.ranOut(80, under: 1, at: 20)],
            limits: [1: 80, 2: 100],
            memory: memory(of: 6),
            wanted: "keep"
        ),
        Row(
            name: "a canary is taken back with the active version",
            versions: activeAndBefore + [version(3, .canary, created: 15)],
            calls: six + [.ranOut(100, under: 2, at: 20)],
            limits: [1: 200, 2: 100, 3: 80],
            memory: memory(of: 6),
            wanted: "roll_back 2→retired 3→retired 1→active"
        ),
        Row(
            name: "an operator went back to a bad version: the one that it displaced returns",
            versions: [version(1, .active, since: 50), version(2, .retired, supersedes: 1, created: 10, since: 50)],
            calls: six + [.ranOut(30, under: 1, at: 60)],
            limits: [1: 30, 2: 100],
            memory: memory(of: 6),
            wanted: "roll_back 1→retired 2→active"
        ),
        Row(
            name: "a canary missed: the active version was enough",
            versions: activeAndCanary,
            calls: six + [.ranOut(80, under: 2, at: 20)],
            limits: [1: 100, 2: 80],
            memory: memory(of: 6),
            wanted: "withdrawal 2→retired"
        ),
        Row(
            name: "a canary missed: the active version would have missed too",
            versions: activeAndCanary,
            calls: six + [.ranOut(110, under: 2, at: 20)],
            limits: [1: 100, 2: 110],
            memory: memory(of: 6),
            wanted: "refit miss"
        ),
        Row(
            name: "…and no fit helped: it goes all the same",
            versions: activeAndCanary,
            calls: six + [.ranOut(110, under: 2, at: 20)],
            limits: [1: 100, 2: 110],
            memory: memory(of: 7),
            wanted: "withdrawal 2→retired"
        ),
        Row(
            name: "a canary would have missed a call",
            versions: activeAndCanary,
            calls: six + [.used(95, under: 1, at: 20)],
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            wanted: "refit canary_miss"
        ),
        Row(
            name: "…and no fit was better: it goes",
            versions: activeAndCanary,
            calls: six + [.used(95, under: 1, at: 20)],
            limits: [1: 100, 2: 92],
            memory: memory(of: 7),
            wanted: "withdrawal 2→retired"
        ),
        Row(
            name: "a new draft next to an active version is fitted at once",
            versions: [version(1, .active), version(2, .shadow, created: 10)],
            calls: six,
            limits: [1: 100, 2: 30],
            memory: memory(of: 6),
            wanted: "refit first_fit"
        ),
        Row(
            name: "…but only once",
            versions: [version(1, .active), version(2, .shadow, created: 10)],
            calls: six,
            limits: [1: 100, 2: 30],
            memory: memory(of: 6, at: 11),
            wanted: "keep"
        ),
        Row(
            name: "nine calls under a canary",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 2, at: 20), count: 9),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            wanted: "keep"
        ),
        Row(
            name: "ten calls under a canary",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 2, at: 20), count: 10),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            wanted: "promotion 1→retired 2→active"
        ),
        Row(
            name: "ten calls before it was a canary",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 2, at: 5), count: 10),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            wanted: "keep"
        ),
        Row(
            name: "thirty others within a minute",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 1, at: 20), count: 30),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            now: 69,
            wanted: "keep"
        ),
        Row(
            name: "thirty others, a minute later",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 1, at: 20), count: 30),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            now: 70,
            wanted: "promotion 1→retired 2→active"
        ),
        Row(
            name: "five under the canary and fifteen others, a minute later",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 2, at: 20), count: 5)
                + Array(repeating: .used(90, under: 1, at: 20), count: 15),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            now: 70,
            wanted: "promotion 1→retired 2→active"
        ),
        Row(
            name: "five under the canary and fourteen others",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 2, at: 20), count: 5)
                + Array(repeating: .used(90, under: 1, at: 20), count: 14),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            now: 70,
            wanted: "keep"
        ),
        Row(
            name: "successes do not start a fit while a canary is on trial",
            versions: activeAndCanary,
            calls: six + Array(repeating: .used(90, under: 1, at: 20), count: 20),
            limits: [1: 100, 2: 92],
            memory: memory(of: 6),
            wanted: "keep"
        ),
        Row(
            name: "a shadow behind the active version is not looked at",
            versions: [version(1, .shadow), version(2, .active)],
            calls: six,
            limits: [1: 30, 2: 100],
            memory: memory(of: 6),
            wanted: "keep"
        ),
    ]

    @Test(arguments: rows)
    func next(row: Row) {
        let state = RolloutState(versions: row.versions)
        let decision = rules.next(state, evidence(row.calls, row.limits), row.memory, at: at(row.now))
        #expect(decision.outline == row.wanted)
    }

    @Test(arguments: rows)
    func aPinOrAnExclusionMeansThatNothingMoves(row: Row) {
        var pinned = RolloutState(versions: row.versions)
        pinned.switches.pinnedVersion = 1
        var excluded = RolloutState(versions: row.versions)
        excluded.switches.isExcluded = true
        for state in [pinned, excluded] {
            let evidence = evidence(row.calls, row.limits)
            #expect(rules.next(state, evidence, row.memory, at: at(row.now)).outline == "keep")
            #expect(rules.withoutFit(state, evidence) == nil)
            let verdict = rules.publishing(
                proposal(500, for: evidence),
                state,
                evidence,
                because: .request,
                at: at(row.now)
            )
            #expect(verdict.outline == "refuse switches")
        }
    }

    @Test(arguments: rows)
    func withTuningOffOnlyWhatMissedIsTakenBack(row: Row) {
        var state = RolloutState(versions: row.versions)
        state.switches.isTuningEnabled = false
        let decision = rules.next(state, evidence(row.calls, row.limits), row.memory, at: at(row.now)).outline
        let missed = row.calls.contains { $0.isMiss }
        let isTakenBack = missed && (row.wanted.hasPrefix("roll_back") || row.wanted.hasPrefix("withdrawal"))
        #expect(decision == (isTakenBack ? row.wanted : "keep"))
    }

    @Test(arguments: rows, 0..<5)
    func theOrderOfCallsMeansNothing(row: Row, seed: Int) {
        var generator = RolloutGenerator(seed: UInt64(seed))
        let state = RolloutState(versions: row.versions.shuffled(using: &generator))
        let straight = evidence(row.calls, row.limits)
        var shuffled = straight
        let order = Array(straight.calls.indices).shuffled(using: &generator)
        shuffled.calls = order.map { straight.calls[$0] }
        shuffled.limits = straight.limits.mapValues { limits in order.map { limits[$0] } }
        #expect(
            rules.next(state, shuffled, row.memory, at: at(row.now))
                == rules.next(state, straight, row.memory, at: at(row.now))
        )
        let offered = proposal(120, for: straight)
        #expect(
            rules.publishing(offered, state, shuffled, because: .request, at: at(row.now))
                == rules.publishing(offered, state, straight, because: .request, at: at(row.now))
        )
    }

    @Test func withoutAFitAnActiveVersionThatMissesGoesBackIntoShadow() {
        let state = RolloutState(versions: [version(1, .active)])
        let bad = evidence([.used(20), .ranOut(30, under: 1, at: 5)], [1: 30])
        #expect(rules.withoutFit(state, bad)?.outline == "suspension 1→shadow")
        #expect(rules.withoutFit(state, evidence([.used(20, under: 1)], [1: 30])) == nil)
        #expect(rules.withoutFit(RolloutState(versions: []), bad) == nil)
    }

    @Test func aCanaryThatHasTheCallsWaitsForItsMinute() {
        let state = RolloutState(versions: Self.activeAndCanary)
        let calls = Self.six + Array(repeating: .used(90, under: 1, at: 20), count: 30)
        let decision = rules.next(state, evidence(calls, [1: 100, 2: 92]), memory(of: 6), at: at(40))
        guard case .keep(_, let lookAgain) = decision else { return #expect(Bool(false), "\(decision)") }
        #expect(lookAgain == at(70))
    }

    /// A coordinator need not look again before so many calls: each counts for three at most.
    @Test(arguments: [(0, 0, 10), (5, 0, 5), (0, 15, 5), (0, 29, 1), (9, 9, 1), (0, 30, 1), (2, 22, 1)])
    func callsUntilPromotion(applied: Int, recorded: Int, wanted: Int) {
        let calls =
            Array(repeating: Call.used(90, under: 2, at: 20), count: applied)
            + Array(repeating: Call.used(90, under: 1, at: 20), count: recorded)
        let trial = evidence(calls, [1: 100, 2: 92]).trial(of: Self.activeAndCanary[1])
        #expect(rules.callsUntilPromotion(trial) == wanted)
    }
}
