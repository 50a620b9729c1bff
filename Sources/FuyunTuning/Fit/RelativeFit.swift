import RealModule

/// A law fitted to rows: relative least squares with coefficients that are not negative.
///
/// Minimises Σ wᵢ ((yᵢ − φᵢᵀβ) / s(xᵢ))² + Σₖ (σ (βₖ − bₖ) / (τ tₖ))² over β ≥ 0, where s(x) = (ŷ(x) + c·median) / (1 + c) is the
/// noise's size (c = 0: noise grows with the need; a large c: it is the same everywhere), b the prior's slopes (never a base),
/// tₖ the larger of prior and slope, so that a draft that is three times too low pulls no more than one three times too high, σ the
/// noise in sizes, and τ how far off a draft's slope is taken to be. s(x), tₖ, σ and what stands in for censored needs follow from the fit before, a few times over (iteratively reweighted least
/// squares; expectation maximisation of a log-normal Tobit model for what was cut short).
struct RelativeFit: Sendable {
    /// The shares of the median that are tried as noise.
    static let noises = [0, 0.5, 3]
    /// τ: the standard deviation of a draft's slope as a share of it.
    ///
    /// The noisier the samples, the more the draft counts next to them.
    static let priorSpread = 0.8
    /// The relative noise of three imagined samples, so that six that agree by chance do not pass for exact.
    private static let imaginedNoise = 0.05
    private static let imaginedSamples = 3.0
    /// How often the fit is repeated.
    static let passes = 6
    /// A cut-short run is taken to have needed at least so many times its limit.
    private static let growth = 1.1

    /// c of s(x) = (ŷ + c·median) / (1 + c).
    let noise: Double
    /// The median of the rows' needs.
    let median: Double
    /// In the rows' units, the base's first.
    private(set) var coefficients: [Double]
    /// (ΦᵀWΦ + prior)⁻¹ over the coefficients that are not held at zero, and zero elsewhere.
    private(set) var inverse: SymmetricMatrix
    /// What each row's need is taken for: its point, or what the others say of it.
    private(set) var needs: [Double]
    /// ŷ of each row.
    private(set) var predictions: [Double]
    /// s of each row.
    private(set) var sizes: [Double]
    /// The leave-one-out residuals in sizes: (yᵢ − ŷ₋ᵢ(xᵢ)) / sᵢ, by eᵢ / (1 − hᵢ).
    private(set) var residuals: [Double]
    /// σ, the standard deviation of a run's noise in sizes.
    private(set) var deviation: Double
    /// How many samples the deviation is worth, the imagined ones included.
    private(set) var degreesOfFreedom: Double

    /// Fits rows.
    /// - Parameters:
    ///   - rows: The samples.
    ///   - noise: c.
    ///   - prior: A slope for each column in the rows' units; nil for the base and where there is none.
    ///   - passes: How often the fit is repeated at most.
    init(_ rows: Rows, noise: Double, prior: [Double?], passes: Int = Self.passes) {
        self.noise = noise
        needs = (0..<rows.count).map { rows.needs.kinds[$0] == .interval ? rows.needs.upper[$0] : rows.needs.lower[$0] }
        let median = needs.sorted()[rows.count / 2]
        self.median = median
        sizes = needs.map { ($0 + noise * median) / (1 + noise) }
        predictions = needs
        residuals = []
        coefficients = Array(repeating: 0, count: rows.width)
        inverse = SymmetricMatrix(size: rows.width)
        deviation = Self.imaginedNoise
        degreesOfFreedom = Self.imaginedSamples
        for pass in 0..<passes {
            let isSettled = step(rows, prior, isFirst: pass == 0)
            if isSettled { break }
            if pass < passes - 1 { impute(rows) }
        }
        residuals = (0..<rows.count).map { row in
            let leverage = min(self.leverage(rows, row), 0.98)
            return (needs[row] - predictions[row]) / sizes[row] / (1 - leverage)
        }
    }

    /// wᵢ φᵢᵀ A⁻¹ φᵢ / sᵢ².
    func leverage(_ rows: Rows, _ row: Int) -> Double {
        rows.needs.weights[row] * rows.quadratic(row, inverse) / (sizes[row] * sizes[row])
    }

    /// One weighted least squares; whether nothing moves any more.
    private mutating func step(_ rows: Rows, _ prior: [Double?], isFirst: Bool) -> Bool {
        let width = rows.width
        var gram = Array(repeating: 0.0, count: width * width)
        var right = Array(repeating: 0.0, count: width)
        rows.columns.withUnsafeBufferPointer { columns in
            for row in 0..<rows.count {
                let weight = rows.needs.weights[row] / (sizes[row] * sizes[row])
                for first in 0..<width {
                    let value = weight * columns[row * width + first]
                    right[first] += value * needs[row]
                    for second in 0...first { gram[first * width + second] += value * columns[row * width + second] }
                }
            }
        }
        var matrix = SymmetricMatrix(size: width)
        for first in 0..<width {
            for second in 0...first { matrix[first, second] = gram[first * width + second] }
        }
        for column in 0..<width {
            // First without: a slope that is wrong by orders of magnitude would hold the fit where it is.
            if !isFirst, let slope = prior[column], slope > 0 {
                let size = max(slope, coefficients[column])
                let weight = deviation * deviation / (Self.priorSpread * Self.priorSpread * size * size)
                matrix[column, column] += weight
                right[column] += weight * slope
            }
            // Columns that say the same share their coefficient instead of making the matrix singular.
            matrix[column, column] *= 1 + 1e-9
        }
        let (solution, free) = NonNegative.solve(matrix, right)
        inverse = matrix.inverse(of: free) ?? SymmetricMatrix(size: width)
        let change = zip(solution, coefficients).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
        coefficients = solution
        var (sum, count) = (Self.imaginedSamples * Self.imaginedNoise * Self.imaginedNoise, 0.0)
        let floor = median * 1e-3
        for row in 0..<rows.count {
            let predicted = rows.product(row, solution)
            predictions[row] = predicted
            // A law through zero still has noise there.
            let size = (max(predicted, floor) + noise * median) / (1 + noise)
            sizes[row] = size
            guard rows.needs.kinds[row] != .above else { continue }
            let error = (needs[row] - predicted) / size
            sum += rows.needs.weights[row] * error * error
            count += rows.needs.weights[row]
        }
        degreesOfFreedom = max(count - Double(free.count), 0) + Self.imaginedSamples
        deviation = (sum / degreesOfFreedom).squareRoot()
        return change < 1e-10 && rows.needs.cleanCount == rows.count
    }

    /// Puts what the fit says in the place of what was not seen.
    private mutating func impute(_ rows: Rows) {
        guard rows.needs.kinds.contains(where: { $0 != .point }) else { return }
        let logDeviation = logDeviation(rows)
        for row in 0..<rows.count {
            let predicted = max(predictions[row], median * 1e-3)
            switch rows.needs.kinds[row] {
            case .point: break
            case .interval:
                needs[row] = min(max(predicted, rows.needs.lower[row]), rows.needs.upper[row])
            case .above:
                // What is not known of the law adds to the noise of a run, so that a far input is believed to be far off.
                let leverage = min(self.leverage(rows, row), 0.9)
                let spread = logDeviation * (1 + leverage / (1 - leverage)).squareRoot()
                let z = Double.log(rows.needs.lower[row] / predicted) / spread
                let mean = predicted * Double.exp(spread * Normal.meanBeyond(z))
                needs[row] = max(mean, rows.needs.lower[row] * Self.growth)
            }
        }
    }

    /// The standard deviation of log need around log ŷ.
    private func logDeviation(_ rows: Rows) -> Double {
        var sum = Self.imaginedSamples * Self.imaginedNoise * Self.imaginedNoise
        var weight = Self.imaginedSamples
        for row in 0..<rows.count where rows.needs.kinds[row] == .point && predictions[row] > 0 {
            let error = Double.log(needs[row] / predictions[row])
            sum += rows.needs.weights[row] * error * error
            weight += rows.needs.weights[row]
        }
        return (sum / weight).squareRoot()
    }
}
