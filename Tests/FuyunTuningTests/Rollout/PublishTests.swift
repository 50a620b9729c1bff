import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

@Suite struct PublishTests {
    let rules = RolloutRules()

    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var versions: [RolloutVersion] = [version(1, .active)]
        var calls: [Call] = Array(repeating: .used(90), count: 60)
        var limits: [Int: UInt64] = [1: 120]
        var proposed: UInt64
        var neverLower = false
        var now = 100
        var wanted: String
        var lift: Double?
        var testDescription: String { name }
    }

    static let many = Array(repeating: Call.used(90), count: 60)
    static let rolledBack = [
        version(1, .active, since: 50), version(2, .retired, supersedes: 1, created: 10, since: 50),
    ]

    static let rows = [
        Row(name: "the first is active at once", versions: [], limits: [:], proposed: 100, wanted: "active retiring"),
        Row(
            name: "the first after a shadow",
            versions: [version(1, .shadow)],
            proposed: 100,
            wanted: "active retiring 1"
        ),
        Row(name: "what raises is active at once", proposed: 130, wanted: "active retiring 1"),
        Row(name: "what lowers is a canary", proposed: 100, wanted: "canary retiring"),
        Row(name: "less than 2 % more", proposed: 122, wanted: "refuse no_difference"),
        Row(name: "less than 2 % less", proposed: 118, wanted: "refuse no_difference"),
        Row(name: "it would have missed", proposed: 80, wanted: "refuse not_verified", lift: 1.125),
        Row(name: "it would have missed by far", proposed: 30, wanted: "refuse not_verified"),
        Row(name: "never lower", proposed: 100, neverLower: true, wanted: "refuse never_lower"),
        Row(name: "never lower, and it raises", proposed: 130, neverLower: true, wanted: "active retiring 1"),
        Row(
            name: "a difference of 1 % that cures a miss",
            calls: many + [.ranOut(120, under: 1)],
            proposed: 121,
            wanted: "active retiring 1"
        ),
        Row(
            name: "a canary gives way to another one",
            versions: [version(1, .active), version(2, .canary, created: 5)],
            limits: [1: 120, 2: 110],
            proposed: 100,
            wanted: "canary retiring 2"
        ),
        Row(
            name: "a canary that is as good stays",
            versions: [version(1, .active), version(2, .canary, created: 5)],
            limits: [1: 120, 2: 101],
            proposed: 100,
            wanted: "refuse no_difference"
        ),
        Row(
            name: "a raise takes the canary with it",
            versions: [version(1, .active), version(2, .canary, created: 5)],
            limits: [1: 120, 2: 101],
            proposed: 130,
            wanted: "active retiring 2 1"
        ),
        Row(
            name: "after a roll-back nothing is lowered",
            versions: rolledBack,
            proposed: 100,
            wanted: "refuse cooling_down"
        ),
        Row(name: "after a roll-back raises go on", versions: rolledBack, proposed: 130, wanted: "active retiring 1"),
        Row(
            name: "until the cool-down is over",
            versions: rolledBack,
            proposed: 100,
            now: 651,
            wanted: "canary retiring"
        ),
    ]

    @Test(arguments: rows)
    func publishing(row: Row) {
        var state = RolloutState(versions: row.versions)
        state.switches.neverLower = row.neverLower
        let evidence = evidence(row.calls, row.limits)
        let offered = proposal(row.proposed, for: evidence)
        let decision = rules.publishing(offered, state, evidence, because: .successes(10), at: at(row.now))
        #expect(decision.outline == row.wanted)
        #expect(!decision.reason.isEmpty)
        #expect(rules.lift(offered, state, evidence) == row.lift)
    }

    @Test func aCureThatLowersOthersIsScaledUp() throws {
        let calls = Array(repeating: Call.used(40), count: 20) + [.ranOut(100, under: 1)]
        var evidence = evidence(calls, [1: 100])
        evidence.limits[1] = calls.map { $0.isMiss ? fixed(100) : fixed(60) }
        let state = RolloutState(versions: [version(1, .active)])
        let fitted = RolloutProposal(limits: calls.map { $0.isMiss ? fixed(160) : fixed(50) })
        #expect(rules.lift(fitted, state, evidence) == 1.2)
        let urgent = rules.publishing(fitted, state, evidence, because: .miss(calls: 1), at: at(0))
        #expect(urgent.outline == "canary retiring")
        if case .publish(let plan) = urgent { #expect(plan.canaryShare == 0.5) }
        let lifted = RolloutProposal(limits: calls.map { $0.isMiss ? fixed(192) : fixed(60) })
        #expect(rules.lift(lifted, state, evidence) == nil)
        let decision = rules.publishing(lifted, state, evidence, because: .miss(calls: 1), at: at(0))
        #expect(decision.outline == "active retiring 1")
        #expect(decision.reason == "fitted because a call needed more than its limit; nothing is lowered")
    }

    @Test func missesBehindTheWindowCount() {
        // The miss is older than the last fifty calls, but since the version is active.
        let calls = [Call.ranOut(150, under: 1)] + Self.many
        let evidence = evidence(calls, [1: 120])
        let state = RolloutState(versions: [version(1, .active)])
        let decision = rules.publishing(
            proposal(140, for: evidence),
            state,
            evidence,
            because: .successes(10),
            at: at(0)
        )
        #expect(decision.outline == "refuse not_verified")
    }

    @Test func theGreatestLimitIsNoMiss() {
        let evidence = evidence(Self.many + [.ranOut(200, under: 1)], [1: 120])
        let greatest = ReplayedLimit(limit: .mebibytes(200), bound: .mebibytes(300), isGreatest: true)
        let offered = RolloutProposal(limits: evidence.calls.map { _ in greatest })
        let state = RolloutState(versions: [version(1, .active)])
        let decision = rules.publishing(offered, state, evidence, because: .miss(calls: 1), at: at(0))
        #expect(decision.outline == "active retiring 1")
    }

    @Test func aDefectOrACopyIsRefused() {
        let evidence = evidence(Self.many, [1: 120])
        let state = RolloutState(versions: [version(1, .active)])
        var offered = proposal(100, for: evidence)
        offered.defect = "its coefficient of frames is negative"
        #expect(
            rules.publishing(offered, state, evidence, because: .request, at: at(0)).outline == "refuse not_verified"
        )
        offered.defect = nil
        offered.sameAs = 1
        #expect(
            rules.publishing(offered, state, evidence, because: .request, at: at(0)).outline == "refuse no_difference"
        )
    }

    @Test func coolDownsDoubleAndEnd() {
        // One version after the other is taken back, each a minute after the last cool-down.
        var versions: [RolloutVersion] = [version(0, .active)]
        var (lengths, counts): ([Int], [Int]) = ([], [])
        var now = 0
        for number in 1...12 {
            versions.append(version(number, .retired, created: now, since: now + 30))
            let coolDown = RolloutState(versions: versions.shuffled()).coolDown(rules)
            lengths.append(Int(coolDown?.length.components.seconds ?? 0) / 60)
            counts.append(coolDown?.rollBacks ?? 0)
            now += 30 + lengths[number - 1] * 60 + 60
        }
        #expect(lengths == [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440, 1440])
        #expect(counts == Array(1...12))
        // A day of peace after the end, and it starts from the beginning.
        now += 86_400
        versions.append(version(13, .retired, created: now, since: now + 30))
        let coolDown = RolloutState(versions: versions).coolDown(rules)
        #expect(coolDown?.length == .seconds(600))
        #expect(coolDown?.rollBacks == 1)
    }

    @Test func makingRoomIsNoRollBack() {
        let versions = [
            version(1, .retired, created: 0, since: 10), version(2, .retired, created: 10, since: 30),
            version(3, .retired, created: 20, since: 30), version(4, .active, created: 30),
        ]
        #expect(RolloutState(versions: versions).coolDown(rules) == nil)
    }
}
