import FuyunPolicy
import MemoryUnits
import RealModule
import Testing

@testable import FuyunReplay

/// Each rival on a trace short enough to follow by hand, or against its formula written down a second time.
@Suite struct RivalTests {
    let layout = FeatureLayout([FeatureLayout.Column("x")])

    private func finished(_ x: Double, _ need: UInt64, limit: UInt64 = 1 << 40) -> RunOutcome {
        .finished(FeatureRow([x]), need: Bytes(need), limit: Bytes(limit))
    }

    private func learn(_ strategy: inout some SizingStrategy, _ rows: [(Double, UInt64)]) {
        for (x, need) in rows { strategy.learn(finished(x, need)) }
    }

    private func limit(_ strategy: inout some SizingStrategy, _ x: Double) -> Bytes? {
        strategy.limit(for: FeatureRow([x]))
    }

    private let row = FeatureRow([1])

    // MARK: Without the input

    @Test func largestSeen() {
        var strategy = LargestSeen(factor: 1.1)
        #expect(strategy.limit(for: row) == nil)
        learn(&strategy, [(1, 100), (1, 300), (1, 200)])
        #expect(strategy.limit(for: row) == Bytes(330))
        strategy.learn(.killed(row, limit: Bytes(330)))
        #expect(strategy.limit(for: row) == Bytes(330).scaled(by: 1.1))
    }

    @Test func percentileBetweenNeighbours() {
        var strategy = Percentile(share: 0.95)
        #expect(strategy.limit(for: row) == nil)
        learn(&strategy, [(1, 300), (1, 100), (1, 200)])
        // 0.95 of the way over two steps: 0.9 of the second.
        #expect(strategy.limit(for: row) == Bytes(290))
        strategy.learn(.killed(row, limit: Bytes(290)))
        #expect(strategy.limit(for: row) == Bytes(290))
    }

    @Test func verticalPodAutoscaler() throws {
        var strategy = VerticalPodAutoscaler()
        #expect(strategy.limit(for: row) == nil)
        learn(&strategy, [(1, 5_000_000)])
        #expect(strategy.limit(for: row) == .mebibytes(250))
        // 500 MB falls in bucket 25, which ends at 1e7 (1.05²⁶ − 1) / 0.05; its share is above a tenth.
        strategy.learn(finished(1, 500_000_000))
        let end = 1e7 * (Double.pow(1.05, 26) - 1) / 0.05
        #expect(strategy.limit(for: row) == Bytes(roundingUp: end * 1.15))
        // A kill at 800 MiB asks for 960; the retry's lower need changes nothing, a higher one would.
        #expect(strategy.limit(for: row, afterKillAt: .mebibytes(800), attempt: 2) == .mebibytes(960))
        #expect(strategy.limit(for: row, afterKillAt: .mebibytes(100), attempt: 2) == .mebibytes(200))
        var lower = strategy
        strategy.learn(.killed(row, limit: .mebibytes(800)))
        let bumped = try #require(strategy.limit(for: row))
        #expect(bumped > .mebibytes(960))
        lower.learn(.killed(row, limit: .mebibytes(800)))
        lower.learn(finished(1, Bytes.mebibytes(850).rawValue))
        #expect(lower.limit(for: row) == bumped)
        var higher = strategy
        higher.learn(finished(1, Bytes.mebibytes(2000).rawValue))
        #expect(try #require(higher.limit(for: row)) > .mebibytes(2000))
        // Ten half-lives of small calls later it is forgotten.
        for _ in 0..<14_400 { higher.learn(finished(1, 5_000_000)) }
        #expect(higher.limit(for: row) == .mebibytes(250))
    }

    @Test func movingWindow() {
        var strategy = MovingWindow(share: 0.98)
        #expect(strategy.limit(for: row) == nil)
        for need in 1...49 as ClosedRange<UInt64> { strategy.learn(finished(1, need * 1000)) }
        #expect(strategy.limit(for: row) == Bytes(roundingUp: 49_000 * 1.125))
        // The 98th percentile lets one in fifty go. Of 250 calls, the highest recommendation of the last 60 is that of call 191,
        // of which three go and the fourth largest stays.
        strategy.learn(finished(1, 900_000))
        for _ in 0..<200 { strategy.learn(finished(1, 1000)) }
        #expect(strategy.limit(for: row) == Bytes(roundingUp: 47_000 * 1.125))
    }

    /// The formula of the paper, over all candidates, without any order or sums.
    @Test func tovar() {
        func restated(_ needs: [Double]) -> Double {
            let largest = needs.max() ?? 0
            func cost(_ a: Double) -> Double {
                a + largest * Double(needs.count { $0 > a }) / Double(needs.count)
            }
            let least = needs.map(cost).min() ?? 0
            return needs.filter { cost($0) == least }.max() ?? 0
        }
        var strategy = Tovar()
        #expect(strategy.limit(for: row) == nil)
        var needs: [Double] = []
        var state: UInt64 = 7
        for _ in 0..<200 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let need = (state >> 56) * (state % 4 == 0 ? 16 : 2)
            needs.append(Double(need + 1))
            strategy.learn(finished(1, need + 1))
            #expect(strategy.limit(for: row).map { Double($0.rawValue) } == restated(needs))
        }
        // Nine small ones and a large one: ten times 10 plus once 1000 beats ten times 1000.
        var small = Tovar()
        learn(&small, Array(repeating: (1, 10), count: 9) + [(1, 1000)])
        #expect(small.limit(for: row) == Bytes(10))
        #expect(small.limit(for: row, afterKillAt: Bytes(10), attempt: 2) == Bytes(1000))
        #expect(small.limit(for: row, afterKillAt: Bytes(1000), attempt: 3) == nil)
    }

    // MARK: With the input

    /// Least squares over all rows and the deviation over all errors, each time from the beginning.
    @Test func wittRegression() throws {
        let rows: [(Double, UInt64)] = (1...25).map { step in
            let need: Int = 1000 + 50 * step + step * 37 % 41
            return (Double(step), UInt64(need))
        }
        func line(_ rows: ArraySlice<(Double, UInt64)>, _ x: Double) -> Double {
            let count = Double(rows.count)
            let meanX = rows.reduce(0.0) { $0 + $1.0 } / count
            let meanY = rows.reduce(0.0) { $0 + Double($1.1) } / count
            var (product, square) = (0.0, 0.0)
            for (input, need) in rows {
                product += (input - meanX) * (Double(need) - meanY)
                square += (input - meanX) * (input - meanX)
            }
            return meanY + product / square * (x - meanX)
        }
        var strategy = WittRegression(layout: layout)
        #expect(strategy.limit(for: row) == nil)
        var errors: [Double] = []
        for (place, (x, need)) in rows.enumerated() {
            if place >= 2 {
                let value = line(rows[..<place], x)
                let mean = errors.reduce(0, +) / Double(max(errors.count, 1))
                let variance = errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(errors.count, 1))
                let found = try #require(strategy.limit(for: FeatureRow([x])))
                #expect(agree(Double(found.rawValue), value * (1 + variance.squareRoot()), to: 1e-3))
                errors.append((Double(need) - value) / Double(need))
            }
            strategy.learn(finished(x, need))
        }
        #expect(strategy.coefficients.map(\.name) == ["base", "slope"])
    }

    @Test func wittRegressionWithoutAnInput() {
        var strategy = WittRegression(layout: FeatureLayout([]))
        for need in [100, 100, 100] as [UInt64] {
            strategy.learn(.finished(FeatureRow([]), need: Bytes(need), limit: Bytes(200)))
        }
        #expect(strategy.limit(for: FeatureRow([])) == Bytes(100))
    }

    @Test func ponderBeforeItHasALine() {
        let floor = Bytes.mebibytes(128)
        var strategy = Ponder(layout: layout)
        #expect(limit(&strategy, 1) == nil)
        learn(&strategy, [(10, 1000), (20, 3000), (15, 2000)])
        #expect(limit(&strategy, 12) == Bytes(3000) + floor)
        #expect(limit(&strategy, 20) == nil)
        // Five runs whose input says nothing.
        var level = Ponder(layout: layout)
        learn(&level, [(1, 900), (2, 1000), (3, 800), (4, 1000), (5, 900)])
        #expect(limit(&level, 9) == Bytes(1000) + floor)
    }

    /// The formula once more, with the line found by bisection on its two normal equations.
    @Test func ponder() throws {
        let inputs = (0..<40).map { Double($0 * 5 % 41) }
        let needs = inputs.enumerated().map { (3000 + 40 * $1 + Double($0 * 61 % 97)) * 1e6 }
        var strategy = Ponder(layout: layout)
        for (x, need) in zip(inputs, needs) { strategy.learn(finished(x, UInt64(need))) }
        func weight(_ residual: Double) -> Double { residual > 0 ? 1 : 0.02 }
        func base(_ slope: Double) -> Double {
            var (low, high) = (-1e10, 1e11)
            for _ in 0..<200 {
                let middle = (low + high) / 2
                let pull = zip(inputs, needs).reduce(0) { sum, row in
                    let residual = row.1 - middle - slope * row.0
                    return sum + weight(residual) * residual
                }
                if pull > 0 { low = middle } else { high = middle }
            }
            return low
        }
        var (low, high) = (-1e9, 1e9)
        for _ in 0..<200 {
            let middle = (low + high) / 2
            let level = base(middle)
            let pull = zip(inputs, needs).reduce(0) { sum, row in
                let residual = row.1 - level - middle * row.0
                return sum + weight(residual) * residual * row.0
            }
            if pull > 0 { low = middle } else { high = middle }
        }
        let (slope, level) = (low, base(low))
        for x in [0.0, 13, 40, 60] {
            var value = level + slope * x
            if x <= 40 { value = min(max(value, needs.min() ?? 0), needs.max() ?? 0) }
            let farthest = inputs.map { abs($0 - x) }.max() ?? 0
            let weights = inputs.map { 1 - abs($0 - x) / farthest }
            let residuals = zip(inputs, needs).map { $1 - level - slope * $0 }
            let total = weights.reduce(0, +)
            let mean = zip(weights, residuals).reduce(0) { $0 + $1.0 * $1.1 } / total
            let squares = zip(weights, residuals).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
            let variance = squares / (total - weights.reduce(0) { $0 + $1 * $1 } / total)
            let expected = value + max(134_217_728, 2 * variance.squareRoot())
            let found = Double(try #require(limit(&strategy, x)).rawValue)
            #expect(agree(found, expected, to: 1e-6), "at \(x)")
        }
    }

    @Test func quantileRegression() throws {
        var strategy = QuantileRegression(layout: layout, share: 0.99)
        learn(&strategy, [(1, 100), (2, 200)])
        #expect(strategy.limit(for: row) == nil)
        learn(&strategy, [(3, 300)])
        #expect(strategy.limit(for: row) == Bytes(315))
        // From four runs on it is a line; never below the smallest need.
        learn(&strategy, [(4, 400), (5, 500), (6, 600)])
        #expect(agree(Double(try #require(strategy.limit(for: FeatureRow([10]))).rawValue), 1050, to: 1e-2))
        #expect(agree(Double(try #require(strategy.limit(for: FeatureRow([0]))).rawValue), 105, to: 1e-2))
        #expect(strategy.refits == 3)
        // Columns that say the same, or nothing, are left out.
        var twice = QuantileRegression(
            layout: FeatureLayout([
                FeatureLayout.Column("x"), FeatureLayout.Column("x twice"), FeatureLayout.Column("one"),
            ]),
            share: 0.5
        )
        for x in 1...8 {
            twice.learn(
                .finished(FeatureRow([Double(x), Double(2 * x), 5]), need: Bytes(UInt64(100 * x)), limit: Bytes(9999))
            )
        }
        let found = try #require(twice.limit(for: FeatureRow([20, 40, 5])))
        #expect(agree(Double(found.rawValue), 2100, to: 1e-2))
    }

    @Test func gaussianRegressionFollowsAPower() throws {
        var strategy = GaussianRegression(layout: layout, sigmas: 2)
        func need(_ x: Double) -> Double { 3e6 * Double.pow(x, 0.8) }
        for step in 0..<40 {
            let x = Double(10 + (step * 37) % 400)
            strategy.learn(finished(x, UInt64(need(x) * (step % 2 == 0 ? 1.01 : 0.99))))
            if step == 1 { #expect(strategy.limit(for: FeatureRow([x])) == nil) }
        }
        for x in [20.0, 150, 380] {
            let found = Double(try #require(strategy.limit(for: FeatureRow([x]))).rawValue)
            #expect(found > need(x) && found < 1.1 * need(x), "\(found) for \(need(x))")
        }
        #expect(strategy.refits > 5 && strategy.refits < 20)
        #expect(strategy.coefficients.map(\.name) == ["length 0", "noise"])
    }

    // MARK: All of them

    @Test(arguments: RivalStrategies.kinds.map(\.word)) func bearsWhatItIsGiven(_ word: String) throws {
        let layout = FeatureLayout([
            FeatureLayout.Column("x"), FeatureLayout.Column("same"),
            FeatureLayout.Column("kind", .category(["a", "b", "c"])),
        ])
        let grant = SafetyBounds(
            minimum: .mebibytes(1),
            maximum: .gibibytes(8),
            preset: .gibibytes(2),
            tier: .mebibytes(1)
        )
        let context = StrategyContext(layout: layout, grant: grant)
        let name = try StrategyCatalog.strategy(word)
        var (strategy, twin) = (name.make(context), name.make(context))
        for step in 0..<60 {
            let features = FeatureRow([step % 7 == 0 ? 1e18 : Double(step % 5) - 2, 3, Double(step % 3)])
            let (limit, other) = (strategy.limit(for: features), twin.limit(for: features))
            #expect(limit == other)
            if let limit { #expect(limit > .zero) }
            let outcome: RunOutcome =
                step % 11 == 10
                ? .killed(features, limit: .mebibytes(64))
                : .finished(features, need: Bytes(UInt64(1000 * (step % 4) + 1)), limit: .gibibytes(1))
            strategy.learn(outcome)
            twin.learn(outcome)
        }
    }
}
