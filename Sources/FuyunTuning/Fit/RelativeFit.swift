import RealModule

/// A law fitted to rows: relative least squares with coefficients that are not negative.
///
/// Minimises Σ wᵢ ((yᵢ − φᵢᵀβ) / s(xᵢ))² + Σₖ (λ (βₖ − bₖ) / tₖ)² over β ≥ 0, where s(x) = (ŷ(x) + c·median) / (1 + c) is the
/// noise's size (c = 0: noise grows with the need; a large c: it is the same everywhere), b the prior's slopes (never a base),
/// and tₖ the larger of prior and slope, so that a draft that is three times too low pulls no more than one three times too high.
/// s(x), tₖ and what stands in for censored needs follow from the fit before, a few times over (iteratively reweighted least
/// squares; expectation maximisation of a log-normal Tobit model for what was cut short).
struct RelativeFit: Sendable {
    /// The shares of the median that are tried as noise.
    static let noises = [0, 0.5, 3]
    /// The prior's weight: as much as one sample of this relative noise says about a slope that is off by its own size.
    static let priorNoise = 0.05
    /// The relative noise of three imagined samples, so that six that agree by chance do not pass for exact.
    private static let imaginedNoise = 0.05
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
                let weight = Self.priorNoise * Self.priorNoise / (size * size)
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
        for row in 0..<rows.count {
            predictions[row] = rows.product(row, solution)
            // A law through zero still has noise there.
            sizes[row] = (max(predictions[row], median * 1e-3) + noise * median) / (1 + noise)
        }
        return change < 1e-10 && rows.needs.cleanCount == rows.count
    }

    /// Puts what the fit says in the place of what was not seen.
    private mutating func impute(_ rows: Rows) {
        guard rows.needs.kinds.contains(where: { $0 != .point }) else { return }
        let deviation = logDeviation(rows)
        for row in 0..<rows.count {
            let predicted = max(predictions[row], median * 1e-3)
            switch rows.needs.kinds[row] {
            case .point: break
            case .interval:
                needs[row] = min(max(predicted, rows.needs.lower[row]), rows.needs.upper[row])
            case .above:
                // What is not known of the law adds to the noise of a run, so that a far input is believed to be far off.
                let leverage = min(self.leverage(rows, row), 0.9)
                let spread = deviation * (1 + leverage / (1 - leverage)).squareRoot()
                let z = Double.log(rows.needs.lower[row] / predicted) / spread
                let mean = predicted * Double.exp(spread * Normal.meanBeyond(z))
                needs[row] = max(mean, rows.needs.lower[row] * Self.growth)
            }
        }
    }

    /// The standard deviation of log need around log ŷ.
    private func logDeviation(_ rows: Rows) -> Double {
        var sum = 3 * Self.imaginedNoise * Self.imaginedNoise
        var weight = 3.0
        for row in 0..<rows.count where rows.needs.kinds[row] == .point && predictions[row] > 0 {
            let error = Double.log(needs[row] / predictions[row])
            sum += rows.needs.weights[row] * error * error
            weight += rows.needs.weights[row]
        }
        return (sum / weight).squareRoot()
    }
}
