import FuyunPolicy
import Testing

@testable import FuyunTuning

/// The arithmetic against numpy, scipy and scikit-learn.
@Suite struct ReferenceTests {
    let reference: Reference

    init() throws { reference = try Reference() }

    @Test func nonNegativeLeastSquares() throws {
        for item in try reference.cases("non_negative") {
            let (design, target) = (try item.rows("design"), try item.numbers("target"))
            let width = design[0].count
            var gram = SymmetricMatrix(size: width)
            var right = Array(repeating: 0.0, count: width)
            for (row, need) in zip(design, target) {
                for first in 0..<width {
                    right[first] += row[first] * need
                    for second in 0...first { gram[first, second] += row[first] * row[second] }
                }
            }
            let (solution, free) = NonNegative.solve(gram, right)
            let expected = try item.numbers("solution")
            #expect(zip(solution, expected).allSatisfy { abs($0 - $1) < 1e-8 }, "\(solution) \(expected)")
            #expect(free == expected.indices.filter { expected[$0] > 0 })
        }
    }

    @Test func relativeLeastSquares() throws {
        for item in try reference.cases("relative") {
            let (design, needs) = (try item.rows("design"), try item.numbers("needs"))
            let weights = try item.numbers("weights")
            let known = Needs(design.indices.map { (.point, needs[$0], needs[$0], weights[$0]) })
            let rows = Rows(needs: known, columns: design.flatMap(\.self))
            let noise = try item.number("noise")
            let fit = RelativeFit(rows, noise: noise, prior: [nil, nil, nil], passes: 100)
            let coefficients = fit.coefficients.indices.map {
                fit.coefficients[$0] * rows.needs.unit / rows.columnUnits[$0]
            }
            #expect(zip(coefficients, try item.numbers("coefficients")).allSatisfy { agree($0, $1) })
            let (leverages, residuals) = (try item.numbers("leverages"), try item.numbers("residuals"))
            for row in needs.indices {
                #expect(agree(fit.leverage(rows, row), leverages[row], to: 1e-5))
                #expect(abs(fit.residuals[row] - residuals[row]) < 1e-5)
            }
            // One standard error for unit noise, at each sample: √(φᵀ V φ), by the document's own triangle.
            let covariance = try item.rows("covariance")
            let law = FittedLaw([(fit, Calibration(quantile: 1, tightQuantile: 1), 1)], of: rows, headroom: 0)
            let triangle = law.calibration(under: 0).leverage
            let imagined = 3 * FittedLaw.imaginedNoise * FittedLaw.imaginedNoise / Double(needs.count + 3)
            for columns in design {
                let expected = columns.indices.reduce(0.0) { sum, row in
                    sum + columns.indices.reduce(0.0) { $0 + columns[row] * covariance[row][$1] * columns[$1] }
                }
                let found = triangle.reduce(0.0) { sum, row in
                    let product = zip(row, columns).reduce(0.0) { $0 + $1.0 * $1.1 }
                    return sum + product * product
                }
                #expect(agree(found, FittedLaw.varianceShare.safe * expected * (1 + imagined), to: 1e-4))
            }
        }
    }

    /// Not the same estimator (relative least squares with expectation maximisation against maximum likelihood of the logarithms),
    /// so a few per cent apart; taking the limit for the peak is off by far more.
    @Test func censoredNeeds() throws {
        for item in try reference.cases("tobit") {
            let (x, needs, isCut) = (try item.numbers("x"), try item.numbers("needs"), try item.flags("censored"))
            let known = Needs(
                x.indices.map { (isCut[$0] ? .above : .point, needs[$0], isCut[$0] ? .infinity : needs[$0], 1) }
            )
            let rows = Rows(needs: known, columns: x.flatMap { [1, $0] })
            let fit = RelativeFit(rows, noise: 0, prior: [nil, nil])
            let slope = fit.coefficients[1] * rows.needs.unit / rows.columnUnits[1]
            let (expected, naive) = (try item.number("slope"), try item.number("limit_as_peak_slope"))
            #expect(abs(slope / expected - 1) < 0.15, "\(slope) against \(expected)")
            #expect(abs(slope - expected) < abs(naive - expected) / 2)
            #expect((0..<rows.count).allSatisfy { known.kinds[$0] == .point || fit.needs[$0] > known.lower[$0] })
        }
    }

    @Test func meanBeyond() throws {
        for item in try reference.cases("beyond") {
            #expect(agree(Normal.meanBeyond(try item.number("z")), try item.number("mean"), to: 1e-4))
        }
        #expect(agree(Normal.meanBeyond(29.99), Normal.meanBeyond(30.01), to: 1e-3))
        #expect(Normal.meanBeyond(1e6).isFinite)
    }

    @Test(
        arguments: [
            // One residual has no tail; of two the lower one begins it, of four the upper two go on from the second.
            ([1.0], 0.0, 1.0), ([-2.2, -2, -2], 0, 0), ([0, 1], 0, 1 + 3.863233), ([-1, 0, 1, 3], 0, 3 + 3.352407 * 2),
            // k = ⌈10 × 0.8⌉ = 8 of nine.
            ([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.2, 8),
            // As wide, and ending sharply: hardly anything comes on top.
            ([0, 0.98, 0.99, 1], 0, 1 + 3.352407 * 0.015),
            // From 95 samples on two fifths of β: of 200, the upper 90 lie 45.5 above the one before, on average.
            (Array(stride(from: 1, through: 200, by: 1)), 0, 200 + 0.4 * 45.5),
        ] as [([Double], Double, Double)]
    )
    func tail(_ sorted: [Double], _ level: Double, _ expected: Double) {
        #expect(agree(Calibration.tail(sorted, missLevel: level), expected, to: 1e-6))
    }

    /// 0.5·φ(z) = σ; below φ(1.9) and above φ(0.8) the ends of the range.
    @Test(arguments: [(0.1, 1.17516), (0.05, 1.66352), (0.001, 1.9), (0.3, 0.8), (0, 0)])
    func tight(_ deviation: Double, _ deviations: Double) {
        #expect(agree(Calibration.tight(deviation), deviations * deviation, to: 1e-4))
    }

    @Test(arguments: [(3.0, 3.8960), (4, 3.2976), (10, 2.5275), (30, 2.2783), (1000, 2.1732)])
    func student(_ degrees: Double, _ expected: Double) {
        #expect(agree(Calibration.student(degrees), expected, to: degrees < 4 ? 0.03 : 0.01))
    }

    @Test func whitening() {
        var matrix = SymmetricMatrix(size: 3)
        // Of rank two, its second row and column zero, and of very different sizes.
        matrix[0, 0] = 4e12
        matrix[2, 0] = -3e3
        matrix[2, 2] = 9e-6
        let rows = matrix.whitening().rows
        for vector in [[1.0, 5, 2e8], [1, 0, 0], [0, 0, 1e9]] {
            let squares = rows.reduce(0.0) { sum, row in
                let product = zip(row, vector).reduce(0.0) { $0 + $1.0 * $1.1 }
                return sum + product * product
            }
            let expected = 4e12 * vector[0] * vector[0] - 6e3 * vector[0] * vector[2] + 9e-6 * vector[2] * vector[2]
            #expect(agree(squares, expected, to: 1e-9))
        }
        #expect(rows[1] == [0, 0])
    }
}
