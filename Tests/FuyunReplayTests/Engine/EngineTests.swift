import FuyunPolicy
import MemoryUnits
import Testing

@testable import FuyunReplay

@Suite struct EngineTests {
    /// Every strategy that does not take long.
    static let quick = StrategyCatalog.kinds.map(\.word)

    private func replay(
        _ trace: Trace,
        _ words: [String],
        runs: Int? = nil,
        seed: UInt64 = 1
    ) async throws -> ReplayResult {
        var options = ReplayOptions(grant: ReplayOptions.defaultGrant)
        options.order = runs.map { .shuffled(runs: $0) } ?? .given
        options.seed = seed
        options.keepsCalls = true
        options.resamples = 50
        options.matchedFailures = 0.01
        let names = try words.map { try StrategyCatalog.strategy($0) }
        return try await ReplayEngine(strategies: names, options: options).replay([trace], title: "test")
    }

    /// The first limits of each group's calls.
    private func limits(_ result: ReplayResult) -> [[Bytes]] {
        result.strategies.flatMap { $0.firstRuns.map { $0.calls.map(\.limit) } }
    }

    /// Whatever comes later, what was predicted before is the same.
    @Test(arguments: quick) func noStrategySeesTheFuture(_ word: String) async throws {
        let whole = noisyTrace(60)
        var changed = whole
        for place in 40..<60 {
            changed.rows[place].need = changed.rows[place].need.scaled(by: 7)
            changed.rows[place].features.values[0] *= 3
        }
        let before = limits(try await replay(whole, [word]))
        let after = limits(try await replay(changed, [word]))
        for (one, other) in zip(before, after) where word != "oracle" {
            #expect(one.prefix(20) == other.prefix(20))
        }
    }

    @Test func theSameSeedGivesTheSameFigures() async throws {
        let words = ["vpa", "max-seen", "fuyun", "fuyun-tuner"]
        let first = try await replay(noisyTrace(40), words, runs: 3)
        let second = try await replay(noisyTrace(40), words, runs: 3)
        #expect(first.json().encoded() == second.json().encoded())
        let other = try await replay(noisyTrace(40), words, runs: 3, seed: 2)
        #expect(first.json().encoded() != other.json().encoded())
    }

    @Test func groupsHaveModelsOfTheirOwn() async throws {
        let result = try await replay(noisyTrace(40), ["max-seen:1"])
        #expect(result.groups.map(\.rows) == [20, 20])
        #expect(result.strategies[0].firstRuns.map(\.group) == ["one", "two"])
        // The first call of either has nothing to go by.
        #expect(result.strategies[0].firstRuns.allSatisfy { !$0.calls[0].isPredicted && $0.calls[1].isPredicted })
    }

    @Test func theOracleWastesOnlyTheTier() async throws {
        let result = try await replay(noisyTrace(40), ["oracle", "preset", "static:64GiB"])
        let oracle = result.strategies[0].windows[0]
        #expect(oracle.pooled.firstFailures == 0)
        #expect(try #require(oracle.meanWaste).value < 0.02)
        #expect(result.strategies[0].medianReliableAfter == 0)
        #expect(result.strategies[1].windows[0].pooled.presets == 40)
        #expect(try #require(result.strategies[2].windows[0].meanWaste).value > 0.99)
    }

    /// Chunk by chunk is the same as at once.
    @Test func streamingIsTheSame() async throws {
        let trace = noisyTrace(60)
        var options = ReplayOptions(grant: ReplayOptions.defaultGrant)
        options.resamples = 10
        let names = try ["vpa", "fuyun"].map { try StrategyCatalog.strategy($0) }
        let engine = ReplayEngine(strategies: names, options: options)
        var place = 0
        let streamed = try await engine.replay(
            streaming: trace.layout,
            groups: trace.groups,
            title: "x",
            rows: trace.rows.count
        ) {
            defer { place = min(place + 7, trace.rows.count) }
            return Array(trace.rows[place..<min(place + 7, trace.rows.count)])
        }
        let held = try await engine.replay([trace], title: "x")
        #expect(streamed.json().encoded() == held.json().encoded())
    }

    /// On a clean line Fuyun leaves the preset, misses nothing and wastes little.
    ///
    /// With the ladder the version that decides rests on fewer calls, as the one that would replace it has to be tried
    /// first, so its bound is wider.
    @Test(arguments: [("fuyun", 0.25), ("fuyun-tuner", 0.15)])
    func fuyunLearnsALine(_ word: String, wasteBelow: Double) async throws {
        let result = try await replay(noisyTrace(160), [word])
        let late = result.strategies[0].firstRuns.flatMap { $0.calls.suffix(20) }
        #expect(late.allSatisfy { $0.isPredicted })
        #expect(late.count { $0.failed } <= 1)
        let given = late.reduce(0.0) { $0 + Double($1.limit.rawValue) }
        let needed = late.reduce(0.0) { $0 + Double($1.need.rawValue) }
        #expect(1 - needed / given < wasteBelow)
        #expect(result.strategies[0].refitsPer100 > 0)
        #expect(!(try #require(result.strategies[0].firstRuns[0].fits.last).coefficients.isEmpty))
    }

    @Test(arguments: ["", "nothing", "vpa:3", "static:", "static:x", "static:-1", "percentile:nan"])
    func badNamesAreRefused(_ text: String) {
        #expect(throws: StrategyNameError.self) { try StrategyCatalog.strategy(text) }
    }

    @Test func namesWithArguments() throws {
        #expect(try StrategyCatalog.strategy("static:2GiB").argument == 0x1p31)
        #expect(try StrategyCatalog.strategy("percentile:0.9").argument == 0.9)
        #expect(Set(StrategyCatalog.kinds.map(\.word)).count == StrategyCatalog.kinds.count)
    }

    @Test(arguments: [("3-9", 3, 9), ("10-", 10, nil), ("5", 5, 5), ("0-", 0, nil)] as [(String, Int, Int?)])
    func windowsAreRead(_ text: String, _ first: Int, _ last: Int?) {
        #expect(CallWindow(text) == CallWindow(first: first, last: last))
    }

    @Test(arguments: ["", "-", "-1", "9-3", "a", "1-2-3"]) func badWindows(_ text: String) {
        #expect(CallWindow(text) == nil)
    }
}
