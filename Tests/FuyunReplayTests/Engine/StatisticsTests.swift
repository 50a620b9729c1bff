import MemoryUnits
import Testing

@testable import FuyunReplay

@Suite struct StatisticsTests {
    private func isNear(_ left: Double, _ right: Double, _ tolerance: Double = 1e-4) -> Bool {
        (left - right).magnitude < tolerance
    }

    /// Wilson's interval for 5 of 100, reckoned with a pocket calculator: 0.0215 to 0.1118.
    @Test func wilson() {
        let share = Statistics.share(failures: 5, of: 100)
        #expect(share.value == 0.05)
        #expect(isNear(share.lower, 0.02154))
        #expect(isNear(share.upper, 0.11175))
    }

    /// No failure in 36 inputs still means success of at least 0.917.
    @Test func theRuleOfThree() {
        let share = Statistics.share(failures: 0, of: 36)
        #expect(share.value == 0 && share.lower == 0)
        #expect(isNear(1 - share.upper, 0.9167))
        #expect(Statistics.share(failures: 0, of: 2).upper == 1)
        #expect(Statistics.share(failures: 4, of: 4).lower == 0.25)
        #expect(Statistics.share(failures: 0, of: 0).upper == 1)
    }

    @Test func theMeanOverGroupsWeighsGroupsAlike() throws {
        // 1/2 of many and 0/1 of few, one group without calls: the mean is 1/4, the ratio of sums 100/201.
        let groups = [[(50.0, 100.0), (50, 100)], [(0, 1)], [(0, 0)]]
        let mean = try #require(
            Statistics.meanOverGroups(groups.map { $0.map { ($0.0, $0.1) } }, resamples: 200, seed: 1)
        )
        #expect(mean.value == 0.25)
        #expect(mean.lower == 0 && mean.upper == 0.5)
        let ratio = try #require(Statistics.ratioOfSums(groups.map { $0.map { ($0.0, $0.1) } }, resamples: 0, seed: 1))
        #expect(ratio.value == 100.0 / 201)
        #expect(Statistics.meanOverGroups([], resamples: 10, seed: 1) == nil)
    }

    /// With the same in every group and run there is nothing to be unsure of.
    @Test func noSpreadNoInterval() throws {
        let groups = (0..<5).map { _ in (0..<3).map { _ in (numerator: 1.0, denominator: 4.0) } }
        let mean = try #require(Statistics.meanOverGroups(groups, resamples: 100, seed: 3))
        #expect(mean == Estimate(0.25, 0.25, 0.25))
    }

    @Test(arguments: [(0.0, 1.0), (0.5, 2.5), (1.0, 4.0), (0.1, 1.3)])
    func percentiles(_ share: Double, _ value: Double) {
        #expect(isNear(Statistics.percentile(share, of: [1, 2, 3, 4]) ?? 0, value))
        #expect(Statistics.percentile(share, of: []) == nil)
    }

    /// 100 kB are asked for each time, and 50, 100, 150 and 200 are needed: to fail once in four takes a factor of 1.5.
    @Test func matchedFailures() throws {
        let group = [50.0, 100, 150, 200].map { Prediction(raw: 100_000, need: $0 * 1_000) }
        let matched = try #require(
            MatchedFailure.find([group], target: 0.25, tier: .zero, maximum: Bytes(1_000_000))
        )
        #expect(isNear(matched.factor, 1.5, 0.001))
        #expect(matched.failureShare == 0.25)
        // 150 given three times, 300 needed.
        #expect(isNear(matched.waste, 1 - 300.0 / 450, 0.001))
        #expect(MatchedFailure.find([], target: 0.1, tier: .zero, maximum: Bytes(1)) == nil)
        #expect(MatchedFailure.find([group], target: 0, tier: .zero, maximum: Bytes(120_000)) == nil)
    }

    @Test func ordersAreTheSameEverywhere() {
        var generator = SeededGenerator(seed: 42)
        #expect(generator.order(of: 8).sorted() == Array(0..<8))
        var first = SeededGenerator(seed: 0)
        // The first number of SplitMix64 with the seed 0.
        #expect(first.next() == 0xE220_A839_7B1D_CDAF)
    }
}
