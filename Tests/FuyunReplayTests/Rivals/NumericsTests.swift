import Testing

@testable import FuyunReplay

/// The arithmetic of the rivals, against scikit-learn, scipy and numpy, and by hand.
@Suite struct NumericsTests {
    let reference: Reference

    init() throws { reference = try Reference() }

    @Test func gaussianProcessPredictsAsScikitLearn() throws {
        for item in try reference.cases("gaussian") {
            let (inputs, targets) = (try item.rows("inputs"), try item.numbers("targets"))
            let parameters = GaussianProcess.Parameters(vector: try item.numbers("parameters"))
            var process = GaussianProcess(parameters, inputs: inputs.flatMap(\.self), targets: targets)
            #expect(agree(process.logLikelihood, try item.number("log_likelihood")))
            let (means, variances) = (try item.numbers("means"), try item.numbers("variances"))
            for (place, query) in try item.rows("queries").enumerated() {
                let found = process.predict(query)
                #expect(agree(found.mean, means[place]))
                #expect(agree(found.variance, variances[place]))
            }
            // Row by row comes to the same.
            process = GaussianProcess(parameters)
            for (input, target) in zip(inputs, targets) { process.append(input, target) }
            #expect(agree(process.predict(try item.rows("queries")[0]).mean, means[0]))
        }
    }

    @Test func marginalLikelihoodAndItsGradient() throws {
        for item in try reference.cases("gaussian") {
            let (inputs, targets) = (try item.rows("inputs"), try item.numbers("targets"))
            let likelihood = MarginalLikelihood(
                inputs: inputs.flatMap(\.self),
                targets: targets,
                width: inputs[0].count
            )
            let found = try #require(likelihood.negative(try item.numbers("parameters")))
            #expect(agree(-found.value, try item.number("log_likelihood")))
            for (mine, theirs) in zip(found.gradient, try item.numbers("gradient")) { #expect(agree(-mine, theirs)) }
        }
    }

    /// One or two starts of a small search, against the best of scikit-learn's eleven.
    @Test func parametersAreNearlyAsLikelyAsScikitLearns() throws {
        for item in try reference.cases("gaussian") {
            let (inputs, targets) = (try item.rows("inputs"), try item.numbers("targets"))
            let width = inputs[0].count
            let parameters = try #require(
                GaussianProcess.likeliest(
                    inputs: inputs.flatMap(\.self),
                    targets: targets,
                    width: width,
                    starts: [GaussianProcess.Parameters(width: width)],
                    steps: 40
                )
            )
            let found = GaussianProcess(parameters, inputs: inputs.flatMap(\.self), targets: targets).logLikelihood
            let best = try item.number("best_log_likelihood")
            #expect(found > best - 0.05 * max(abs(best), 1), "\(found) against \(best) for \(targets.count) rows")
        }
    }

    @Test func quantileRegressionSolvesItsLinearProgramme() throws {
        for item in try reference.cases("quantile") {
            let (design, needs) = (try item.rows("design"), try item.numbers("needs"))
            let (share, width) = (try item.number("share"), design[0].count)
            let columns = design.flatMap(\.self)
            let fit = try #require(QuantileFit(columns: columns, width: width, needs: needs, share: share))
            let loss = QuantileFit.loss(fit.coefficients, columns: columns, needs: needs, share: share)
            #expect(agree(loss, try item.number("loss")))
            // From the solution without the last row, as the strategy goes on, it ends at the same.
            let shorter = try #require(
                QuantileFit(
                    columns: Array(columns.dropLast(width)),
                    width: width,
                    needs: needs.dropLast(),
                    share: share
                )
            )
            let warm = try #require(
                QuantileFit(columns: columns, width: width, needs: needs, share: share, start: shorter.basis)
            )
            let warmLoss = QuantileFit.loss(warm.coefficients, columns: columns, needs: needs, share: share)
            #expect(agree(warmLoss, loss))
            #expect(warm.steps <= fit.steps + 8)
        }
    }

    @Test func quantileRegressionNeedsIndependentRows() {
        #expect(QuantileFit(columns: [1, 2, 1, 2, 1, 2], width: 2, needs: [1, 2, 3], share: 0.5) == nil)
        #expect(QuantileFit(columns: [1, 2], width: 2, needs: [1], share: 0.5) == nil)
    }

    @Test func percentilesAsNumpy() throws {
        for item in try reference.cases("percentile") {
            var seen = OrderedNeeds()
            for value in try item.numbers("values") { seen.insert(value) }
            for (share, result) in zip(try item.numbers("shares"), try item.numbers("results")) {
                #expect(agree(try #require(seen.interpolated(share)), result))
            }
        }
    }

    @Test func orderedNeedsStayBounded() throws {
        var seen = OrderedNeeds()
        for step in 0..<100_000 { seen.insert(Double(step * 7919 % 100_000)) }
        #expect(seen.entries.count <= OrderedNeeds.capacity)
        #expect(seen.count == 100_000)
        #expect(seen.largest == 99_999)
        #expect(seen.entries.reduce(0) { $0 + $1.weight } == 100_000)
        #expect(abs(try #require(seen.weighted(0.9)) - 90_000) < 200)
        #expect(zip(seen.entries, seen.entries.dropFirst()).allSatisfy { $0.value <= $1.value })
    }

    @Test func histogramBucketsAndDecay() throws {
        var histogram = DecayingHistogram(first: 10, growth: 2, largest: 1000, halfLife: 100)
        #expect(histogram.isEmpty && histogram.percentile(0.5) == nil)
        // Buckets begin at 0, 10, 30, 70, 150: a value's bucket ends at the next.
        histogram.add(29, at: 0)
        #expect(agree(try #require(histogram.percentile(0.9)), 30))
        histogram.add(70, at: 0)
        #expect(agree(try #require(histogram.percentile(0.5)), 30))
        #expect(agree(try #require(histogram.percentile(0.51)), 150))
        histogram.remove(70, at: 0)
        #expect(agree(try #require(histogram.percentile(1)), 30))
        // Ten half-lives later one new sample outweighs a thousand old ones, and far later still.
        for _ in 0..<1000 { histogram.add(5, at: 0) }
        histogram.add(100, at: 1000)
        #expect(agree(try #require(histogram.percentile(0.5)), 150))
        histogram.add(5, at: 1e6)
        #expect(agree(try #require(histogram.percentile(0.9)), 10))
    }

    @Test func momentsOfALine() {
        var moments = Moments(width: 3)
        for x in [1.0, 2, 3, 4, 10] { moments.add([x, 7, -x * x], need: 5 + 2 * x) }
        #expect(agree(moments.correlation(0), 1))
        #expect(moments.correlation(1) == 0)
        #expect(!moments.varies(1))
        #expect(moments.correlation(2) < -0.9)
        #expect(moments.best == 0)
        #expect(agree(moments.line(0).base, 5) && agree(moments.line(0).slope, 2))
        #expect(agree(moments.line(1).base, 13) && moments.line(1).slope == 0)
    }

    /// The least point of an asymmetric sum of squares: no line nearby is better.
    @Test func asymmetricLineIsTheLeast() {
        let inputs = (0..<30).map(Double.init)
        let needs = inputs.map { 10 + 3 * $0 + ($0 * 7919).truncatingRemainder(dividingBy: 13) }
        func sum(_ base: Double, _ slope: Double) -> Double {
            zip(inputs, needs).reduce(0) { total, row in
                let residual = row.1 - base - slope * row.0
                return total + (residual > 0 ? 1 : 0.02) * residual * residual
            }
        }
        let line = AsymmetricLine(inputs, needs, over: 0.02)
        let least = sum(line.base, line.slope)
        for (base, slope) in [(0.01, 0), (-0.01, 0), (0, 0.001), (0, -0.001), (0.01, -0.001)] {
            #expect(sum(line.base + base, line.slope + slope) > least)
        }
    }

    @Test func theSearchFindsALowPointInItsBox() throws {
        // Rosenbrock's valley; its bottom at (1, 1) lies outside the second box.
        func valley(_ point: [Double]) -> (value: Double, gradient: [Double])? {
            let (x, y) = (point[0], point[1])
            let step = y - x * x
            return ((1 - x) * (1 - x) + 100 * step * step, [-2 * (1 - x) - 400 * x * step, 200 * step])
        }
        let open = BoxMinimizer(lower: [-5, -5], upper: [5, 5], steps: 100)
        let found = try #require(open.minimum(from: [-1.2, 1], valley))
        #expect(found.value < 1e-4)
        let held = try #require(
            BoxMinimizer(lower: [-5, -5], upper: [0.5, 5], steps: 100).minimum(from: [-1, 1], valley)
        )
        #expect(agree(held.point[0], 0.5, to: 1e-3) && agree(held.point[1], 0.25, to: 1e-2))
    }
}
