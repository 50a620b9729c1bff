import MemoryUnits
import RealModule

/// Gaussian-process regression, the rival in Fuyun's paper.
///
/// Logarithms of needs and features, a length for each feature, noise, and mean + k sigma as the limit; checked against
/// scikit-learn.
///
/// Its cost is bounded. It keeps the last 64 to 80 runs; every run is taken in at once, but kernel parameters are sought anew only when
/// the runs have grown by a quarter (once there are 64, with every 64 more), by maximising the marginal likelihood with a
/// deterministic search. The first parameters come at three runs.
struct GaussianRegression: SizingStrategy {
    /// How many standard deviations above the mean.
    let sigmas: Double
    /// Runs that it is fitted to.
    static let window = 64

    private let design: DesignColumns
    private var inputs: [[Double]] = []
    private var targets: [Double] = []
    private var seen = 0
    private var nextFit = 3
    private var model: Model?
    private(set) var refits = 0

    /// A process, and how inputs and targets are centred and scaled for it.
    private struct Model: Sendable {
        var process: GaussianProcess
        var columns: [Int]
        var centres: [Double]
        var scales: [Double]
        var needCentre: Double
        var needScale: Double

        func scaled(_ input: [Double]) -> [Double] {
            columns.indices.map { (input[columns[$0]] - centres[$0]) / scales[$0] }
        }

        func scaled(_ target: Double) -> Double { (target - needCentre) / needScale }
    }

    init(layout: FeatureLayout, sigmas: Double) {
        design = DesignColumns(layout)
        self.sigmas = sigmas
    }

    var coefficients: [NamedNumber] {
        guard let model else { return [] }
        let lengths = zip(model.columns, model.process.parameters.logLengths).map {
            NamedNumber("length \($0)", Double.exp($1))
        }
        return lengths + [NamedNumber("noise", Double.exp(model.process.parameters.logNoise))]
    }

    func limit(for features: FeatureRow) -> Bytes? {
        guard let model else { return nil }
        let (mean, variance) = model.process.predict(model.scaled(design.logarithms(features)))
        let value = model.needCentre + model.needScale * (mean + sigmas * variance.squareRoot())
        return Bytes(roundingUp: Double.exp(min(value, 60)))
    }

    mutating func learn(_ outcome: RunOutcome) {
        guard case .finished(let features, let need, _) = outcome, need > .zero else { return }
        let input = design.logarithms(features)
        let target = Double.log(Double(need.rawValue))
        inputs.append(input)
        targets.append(target)
        seen += 1
        let isFull = inputs.count > Self.window + Self.window / 4
        if isFull {
            inputs.removeFirst(inputs.count - Self.window)
            targets.removeFirst(targets.count - Self.window)
        }
        if seen >= nextFit {
            fit()
            nextFit = seen + min(max(seen / 4, 1), Self.window)
        } else if isFull, let model {
            self.model?.process = GaussianProcess(
                model.process.parameters,
                inputs: inputs.flatMap { model.scaled($0) },
                targets: targets.map { model.scaled($0) }
            )
        } else if let model {
            self.model?.process.append(model.scaled(input), model.scaled(target))
        }
    }

    private mutating func fit() {
        let (needCentre, needSpread) = Self.spread(targets)
        let spreads = (0..<design.width).map { column in Self.spread(inputs.map { $0[column] }) }
        let columns = spreads.indices.filter { spreads[$0].deviation > 1e-9 }
        var model = Model(
            process: GaussianProcess(GaussianProcess.Parameters(width: columns.count)),
            columns: columns,
            centres: columns.map { spreads[$0].mean },
            scales: columns.map { spreads[$0].deviation },
            needCentre: needCentre,
            needScale: needSpread > 1e-9 ? needSpread : 1e-3
        )
        let values = inputs.flatMap { model.scaled($0) }
        let scaledTargets = targets.map { model.scaled($0) }
        let fresh = GaussianProcess.Parameters(width: columns.count)
        var starts = [fresh]
        if let old = self.model, old.columns == columns, targets.count > 12 { starts = [old.process.parameters] }
        let parameters = GaussianProcess.likeliest(
            inputs: values,
            targets: scaledTargets,
            width: columns.count,
            starts: starts,
            steps: targets.count > 12 ? 12 : 40
        )
        model.process = GaussianProcess(parameters ?? fresh, inputs: values, targets: scaledTargets)
        self.model = model
        refits += 1
    }

    private static func spread(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(values.count)).squareRoot())
    }
}
