import FuyunPolicy
import MemoryUnits
import Testing

@testable import FuyunReplay

/// What a lane makes of calls, reckoned by hand.
@Suite struct LaneTests {
    private func run(
        _ strategy: Scripted,
        _ trace: Trace,
        _ change: (inout ReplayOptions) -> Void = { _ in }
    ) -> LaneRecord {
        var options = ReplayOptions(grant: plainGrant)
        options.keepsCalls = true
        change(&options)
        let context = StrategyContext(layout: trace.layout, grant: options.grant)
        var lane = Lane(named { strategy }, context, options, keepsCalls: true)
        for row in trace.rows { lane.take(row) }
        return lane.record
    }

    /// Three calls: the preset, one that fits, one that is killed at 300 and finishes at 600.
    @Test func sumsByHand() {
        let strategy = Scripted([nil, Bytes(250), Bytes(300)])
        let record = run(strategy, trace([400, 200, 500], seconds: [1, 2, 4])) { $0.timeToFailure = 0.5 }
        let score = record.scores[0]
        #expect(score.calls == 3)
        #expect(score.presets == 1)
        #expect(score.firstFailures == 1)
        #expect(score.finalFailures == 0)
        #expect(score.retries == 1)
        #expect(score.exactOrOver == 2)
        // First attempts that finished: 1,000 for 400 and 250 for 200.
        #expect(score.waste == 1 - 600.0 / 1250)
        // 400·1 + 200·2 + 500·4 used; 1,000·1 + 250·2 + 300·4·0.5 + 600·4 reserved.
        #expect(score.used == 2_800)
        #expect(score.lost == 600)
        #expect(score.reserved == 4_500)
        #expect(score.wasteOverUse == 1_700.0 / 2_800)
        #expect(score.allocationQuality == 2_800.0 / 4_500)
        #expect(score.gigabyteSeconds == 4_500 / 1e9)
        #expect(record.lastFailure == 3)
        #expect(record.kept.map(\.finalLimit) == [Bytes(1_000), Bytes(250), Bytes(600)])
    }

    @Test func retriesGrowToTheGreatestLimitAndNoFurther() {
        let record = run(Scripted([Bytes(3_000)]), trace([20_000]))
        // 3,000, 6,000, 10,000 (the greatest), and then there is nothing left to try.
        #expect(record.scores[0].retries == 2)
        #expect(record.scores[0].finalFailures == 1)
        #expect(record.scores[0].lost == 19_000)
        #expect(record.scores[0].waste == nil)
    }

    @Test(arguments: [(0, 1, 0), (1, 1, 1), (3, 0, 2)]) func retriesAreBounded(_ most: Int, _ finals: Int, _ made: Int)
    {
        let record = run(Scripted([Bytes(100)]), trace([350])) { $0.retries = most }
        #expect(record.scores[0].finalFailures == finals)
        #expect(record.scores[0].retries == made)
    }

    /// A strategy may say what comes next, but not less than what failed.
    @Test func aRetryHasMoreThanWhatFailed() {
        let record = run(Scripted([Bytes(100)], afterKill: [Bytes(150), Bytes(10)]), trace([280]))
        // 100, 150, then twice 150.
        #expect(record.scores[0].reserved == 550)
        #expect(record.kept[0].finalLimit == Bytes(300))
    }

    @Test func limitsAreClippedAndRoundedUpToTiers() {
        let strategy = Scripted([Bytes(130), Bytes(1), Bytes(99_999)])
        let record = run(strategy, trace([10, 10, 10])) {
            $0.grant = SafetyBounds(minimum: Bytes(64), maximum: Bytes(1_000), preset: Bytes(500), tier: Bytes(64))
        }
        #expect(record.kept.map(\.limit) == [Bytes(192), Bytes(64), Bytes(1_000)])
    }

    /// Raised by a quarter as often as it takes; a rescued call is no failure, and its last limit counts.
    @Test func aCallIsRaisedInFlight() {
        let rule = RescueRule(factor: 1.25, ceiling: Bytes(500), stallSeconds: 0.01)
        let record = run(Scripted([Bytes(160), Bytes(160), Bytes(400)], rescue: rule), trace([230, 160, 600]))
        let score = record.scores[0]
        // 160 → 200 → 250; 160 is enough; 400 → 500 is the end, and 600 is killed, then doubled.
        #expect(score.rescued == 1)
        #expect(score.raises == 3)
        #expect(score.firstFailures == 1)
        #expect(score.given == 410)
        #expect(score.needed == 390)
        #expect(score.exactOrOver == 1)
        #expect((score.stalled - 0.03).magnitude < 1e-12)
        #expect(record.kept.map(\.finalLimit) == [Bytes(250), Bytes(160), Bytes(1_000)])
    }

    /// With a margin between `memory.high` and `memory.max`, a call is raised before it reaches its limit.
    @Test func theTripwireLiesBelowTheLimit() {
        let rule = RescueRule(marginShare: 0.1, marginAtLeast: Bytes(5), factor: 2)
        #expect(rule.tripwire(below: Bytes(200)) == Bytes(180))
        #expect(rule.tripwire(below: Bytes(40)) == Bytes(35))
        #expect(rule.tripwire(below: Bytes(16)) == Bytes(12))
        let record = run(Scripted([Bytes(200), Bytes(200), Bytes(200)], rescue: rule), trace([180, 181, 201]))
        #expect(record.kept.map(\.finalLimit) == [Bytes(200), Bytes(400), Bytes(400)])
        // The second was raised for nothing: it would have fitted.
        #expect(record.scores[0].raises == 2)
        #expect(record.scores[0].rescued == 1)
    }

    @Test func windowsCountTheirOwnCalls() {
        let record = run(Scripted([Bytes(9), Bytes(9), Bytes(9), Bytes(9)]), trace([5, 20, 5, 5])) {
            $0.windows = [CallWindow(first: 0, last: 1), CallWindow(first: 2)]
        }
        #expect(record.scores.map(\.calls) == [2, 2])
        #expect(record.scores.map(\.firstFailures) == [1, 0])
        #expect(record.lastFailure == 2)
    }

    /// `3-9` are the calls with three to nine before them: the fourth to the tenth, as the sizing benchmark counts.
    @Test func windowsCountTheCallsBefore() {
        let early = run(
            Scripted(Array(repeating: Bytes(9), count: 12)),
            trace([5, 5, 20, 5, 5, 5, 5, 5, 5, 20, 20, 5])
        ) {
            $0.windows = [CallWindow(first: 3, last: 9), CallWindow(first: 10), .all]
        }
        #expect(early.scores.map(\.calls) == [7, 2, 12])
        #expect(early.scores.map(\.firstFailures) == [1, 1, 3])
    }

    /// What was reserved counts every attempt: 100 B for 2 s that failed, then 200 B for 2 s; by hand 600 B·s, 200 of them lost.
    @Test func byteSecondsAddUpOverAttempts() {
        let rows = [
            TraceRow(features: FeatureRow([1]), need: Bytes(150), seconds: 2),
            TraceRow(features: FeatureRow([1]), need: Bytes(50), seconds: 3),
        ]
        let limits = [Bytes(100), Bytes(60)]
        let record = run(Scripted(limits), Trace(layout: trace([]).layout, groups: [""], rows: rows))
        #expect(record.scores[0].reserved == 600 + 180)
        #expect(record.scores[0].lost == 200)
        #expect(record.scores[0].used == 300 + 150)
        #expect(record.scores[0].gigabyteSeconds == 780e-9)
        let sum = record.scores[0] + record.scores[0]
        #expect((sum.reserved, sum.lost, sum.used) == (1_560, 400, 900))
    }

    /// What is learnt from the first calls is all that counts for the others.
    @Test func theOthersAreScoredOnly() throws {
        var options = ReplayOptions(grant: plainGrant)
        options.learnsFirst = 2
        let name = try StrategyCatalog.strategy("max-seen:1")
        var lane = Lane(name, StrategyContext(layout: trace([]).layout, grant: plainGrant), options)
        for row in trace([100, 300, 500, 301, 200]).rows { lane.take(row) }
        // The 500 that failed taught nothing: 301 fails too.
        #expect(lane.record.scores[0].calls == 3)
        #expect(lane.record.scores[0].firstFailures == 2)
        #expect(lane.record.scores[0].given == 300)
    }

    /// A killed call says its limit only, then the retry says the need.
    @Test func aKillShowsTheLimitOnly() {
        let spy = Spy()
        let row = FeatureRow([350])
        var lane = Lane(
            named { spy },
            StrategyContext(layout: trace([]).layout, grant: plainGrant),
            ReplayOptions(grant: plainGrant)
        )
        lane.take(TraceRow(features: row, need: Bytes(350)))
        #expect(
            spy.told.all == [
                .killed(row, limit: Bytes(100)), .killed(row, limit: Bytes(200)),
                .finished(row, need: Bytes(350), limit: Bytes(400)),
            ]
        )
    }
}
