import RealModule

/// Gaussian-process regression with a squared-exponential kernel, one length for each input, and noise.
///
/// k(a, b) = σ² exp(−½ Σ ((aᵢ − bᵢ)/ℓᵢ)²) + ν [a is b] (Rasmussen and Williams, "Gaussian Processes for Machine Learning", ch. 2
/// and 5; scikit-learn's `ConstantKernel * RBF + WhiteKernel`). Inputs and targets are the caller's to centre and scale.
struct GaussianProcess: Sendable {
    /// What the kernel is made of, as natural logarithms.
    struct Parameters: Hashable, Sendable {
        /// log σ², the variance of what is to be learnt.
        var logVariance: Double
        /// log ℓ, for each input.
        var logLengths: [Double]
        /// log ν, the variance of the noise.
        var logNoise: Double

        /// All in a row: variance, lengths, noise.
        var vector: [Double] { [logVariance] + logLengths + [logNoise] }

        /// From a row of all.
        init(vector: [Double]) {
            logVariance = vector[0]
            logLengths = Array(vector[1..<vector.count - 1])
            logNoise = vector[vector.count - 1]
        }

        /// Unit variance, unit lengths and a noise of a hundredth: where the search starts.
        init(width: Int) {
            self.init(vector: [0] + Array(repeating: 0, count: width) + [Double.log(0.01)])
        }
    }

    /// Where the search for parameters is held.
    static let bounds = (variance: (-7.0, 7.0), length: (-4.6, 7.0), noise: (-11.5, 2.3))

    /// The kernel.
    let parameters: Parameters
    /// How many targets there are.
    private(set) var count = 0
    private var inputs: [Double] = []
    private var targets: [Double] = []
    /// The rows of the Cholesky factor of the kernel matrix, each up to its diagonal.
    private var factor: [Double] = []
    private var weights: [Double] = []
    private let inverseSquares: [Double]

    /// A process that has seen some rows; rows that add nothing beyond rounding are left out.
    init(_ parameters: Parameters, inputs: [Double] = [], targets: [Double] = []) {
        self.parameters = parameters
        inverseSquares = parameters.logLengths.map { Double.exp(-2 * $0) }
        let width = inverseSquares.count
        for row in targets.indices { grow(Array(inputs[row * width..<(row + 1) * width]), targets[row]) }
        solveWeights()
    }

    /// One more row, for the price of a square of their number.
    mutating func append(_ input: [Double], _ target: Double) {
        grow(input, target)
        solveWeights()
    }

    /// The mean and the variance of the next target at an input, noise included.
    func predict(_ input: [Double]) -> (mean: Double, variance: Double) {
        let variance = Double.exp(parameters.logVariance) + Double.exp(parameters.logNoise)
        guard count > 0 else { return (0, variance) }
        let near = (0..<count).map { kernel(input, row: $0) }
        let mean = zip(near, weights).reduce(0) { $0 + $1.0 * $1.1 }
        let solved = forward(near)
        return (mean, max(variance - solved.reduce(0) { $0 + $1 * $1 }, Double.exp(parameters.logNoise) * 1e-3))
    }

    /// The logarithm of the density of all targets under this kernel.
    var logLikelihood: Double {
        let fit = zip(targets, weights).reduce(0) { $0 + $1.0 * $1.1 }
        let volume = (0..<count).reduce(0.0) { $0 + Double.log(factor[$1 * ($1 + 1) / 2 + $1]) }
        return -fit / 2 - volume - Double(count) / 2 * Double.log(2 * Double.pi)
    }

    /// The parameters under which the targets are likeliest, as far as the search comes from its starts.
    static func likeliest(
        inputs: [Double],
        targets: [Double],
        width: Int,
        starts: [Parameters],
        steps: Int
    ) -> Parameters? {
        let likelihood = MarginalLikelihood(inputs: inputs, targets: targets, width: width)
        func limits(_ pick: ((Double, Double)) -> Double) -> [Double] {
            [pick(bounds.variance)] + Array(repeating: pick(bounds.length), count: width) + [pick(bounds.noise)]
        }
        let search = BoxMinimizer(lower: limits(\.0), upper: limits(\.1), steps: steps)
        var best: (point: [Double], value: Double)?
        for start in starts {
            guard let found = search.minimum(from: start.vector, { likelihood.negative($0) }) else { continue }
            if best.map({ found.value < $0.value }) ?? true { best = found }
        }
        return best.map { Parameters(vector: $0.point) }
    }

    private func kernel(_ input: [Double], row: Int) -> Double {
        let width = inverseSquares.count
        var distance = 0.0
        for column in 0..<width {
            let step = input[column] - inputs[row * width + column]
            distance += step * step * inverseSquares[column]
        }
        return Double.exp(parameters.logVariance - distance / 2)
    }

    private mutating func grow(_ input: [Double], _ target: Double) {
        let row = forward((0..<count).map { kernel(input, row: $0) })
        let whole = Double.exp(parameters.logVariance) + Double.exp(parameters.logNoise)
        let pivot = whole - row.reduce(0) { $0 + $1 * $1 }
        guard pivot > whole * 1e-14 else { return }
        factor += row
        factor.append(pivot.squareRoot())
        inputs += input
        targets.append(target)
        count += 1
    }

    /// L⁻¹ b.
    private func forward(_ right: [Double]) -> [Double] {
        var x = right
        var start = 0
        for row in 0..<count {
            var sum = x[row]
            for column in 0..<row { sum -= factor[start + column] * x[column] }
            x[row] = sum / factor[start + row]
            start += row + 1
        }
        return x
    }

    /// K⁻¹ y.
    private mutating func solveWeights() {
        var x = forward(targets)
        for row in (0..<count).reversed() {
            let start = row * (row + 1) / 2
            x[row] /= factor[start + row]
            for column in 0..<row { x[column] -= factor[start + column] * x[row] }
        }
        weights = x
    }
}

/// The marginal likelihood of some targets as a function of the kernel's parameters, and its gradient.
///
/// Rasmussen and Williams, equations 2.30 and 5.9.
struct MarginalLikelihood {
    private let count: Int
    private let width: Int
    private let targets: [Double]
    /// Squared distances of every pair of rows, input by input: of rows i > j at i(i−1)/2 + j, `width` values each.
    private let squares: [Double]

    /// Prepares the distances, which do not change from step to step.
    init(inputs: [Double], targets: [Double], width: Int) {
        count = targets.count
        self.width = width
        self.targets = targets
        var squares: [Double] = []
        squares.reserveCapacity(count * (count - 1) / 2 * width)
        for row in 0..<count {
            for other in 0..<row {
                for column in 0..<width {
                    let step = inputs[row * width + column] - inputs[other * width + column]
                    squares.append(step * step)
                }
            }
        }
        self.squares = squares
    }

    /// The negative logarithm and its gradient by log σ², log ℓ and log ν; nil where the matrix is not positive.
    func negative(_ vector: [Double]) -> (value: Double, gradient: [Double])? {
        let variance = Double.exp(vector[0])
        let noise = Double.exp(vector[width + 1])
        let scales = (0..<width).map { Double.exp(-2 * vector[$0 + 1]) }
        let (near, factor) = matrices(variance, noise, scales)
        guard let factor else { return nil }
        let rows = inverseRows(factor)
        var solved = Array(repeating: 0.0, count: count)
        // α = K⁻¹ y = L⁻ᵀ (L⁻¹ y), with the rows of L⁻ᵀ.
        var half = Array(repeating: 0.0, count: count)
        for row in 0..<count {
            for later in row..<count { half[later] += rows[row * count + later] * targets[row] }
        }
        for row in 0..<count {
            var sum = 0.0
            for later in row..<count { sum += rows[row * count + later] * half[later] }
            solved[row] = sum
        }
        var value = Double(count) / 2 * Double.log(2 * Double.pi)
        for row in 0..<count { value += half[row] * half[row] / 2 + Double.log(factor[row * count + row]) }
        var gradient = Array(repeating: 0.0, count: width + 2)
        for row in 0..<count {
            for other in 0...row {
                var inverse = 0.0
                for later in row..<count { inverse += rows[row * count + later] * rows[other * count + later] }
                let pull = solved[row] * solved[other] - inverse
                if other == row {
                    gradient[0] -= pull * variance / 2
                    gradient[width + 1] -= pull * noise / 2
                } else {
                    let pair = row * (row - 1) / 2 + other
                    let weighted = pull * near[pair]
                    gradient[0] -= weighted
                    for column in 0..<width {
                        gradient[column + 1] -= weighted * squares[pair * width + column] * scales[column]
                    }
                }
            }
        }
        return value.isFinite ? (value, gradient) : nil
    }

    /// The kernel of each pair, and the Cholesky factor, row by row, of the whole matrix.
    private func matrices(_ variance: Double, _ noise: Double, _ scales: [Double]) -> ([Double], [Double]?) {
        var near = Array(repeating: 0.0, count: count * (count - 1) / 2)
        for pair in near.indices {
            var distance = 0.0
            for column in 0..<width { distance += squares[pair * width + column] * scales[column] }
            near[pair] = variance * Double.exp(-distance / 2)
        }
        var factor = Array(repeating: 0.0, count: count * count)
        for row in 0..<count {
            for column in 0...row {
                var sum = row == column ? variance + noise : near[row * (row - 1) / 2 + column]
                for place in 0..<column { sum -= factor[row * count + place] * factor[column * count + place] }
                if row == column {
                    guard sum > (variance + noise) * 1e-14 else { return (near, nil) }
                    factor[row * count + row] = sum.squareRoot()
                } else {
                    factor[row * count + column] = sum / factor[column * count + column]
                }
            }
        }
        return (near, factor)
    }

    /// The rows of L⁻ᵀ, each from its diagonal on.
    private func inverseRows(_ factor: [Double]) -> [Double] {
        var rows = Array(repeating: 0.0, count: count * count)
        for row in 0..<count {
            rows[row * count + row] = 1 / factor[row * count + row]
            for later in row + 1..<max(count, row + 1) {
                var sum = 0.0
                for place in row..<later { sum += factor[later * count + place] * rows[row * count + place] }
                rows[row * count + later] = -sum / factor[later * count + later]
            }
        }
        return rows
    }
}
