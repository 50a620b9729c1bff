import FuyunPolicy
import RealModule

/// A law with numbers, in bytes and the features' own units: what a document holds of it.
///
///     bound(x) = (ŷ + √((scale·ŷ + offset)² + φᵀVφ)) × (1 + headroom),  ŷ = φᵀβ
///
/// The tight bound has a scale, an offset and a V of its own, none above those of the safe one, and no headroom.
struct FittedLaw: Sendable {
    /// Three imagined samples of so much relative noise say that the slopes of a few samples which agree by chance are not
    /// known as well as they seem.
    static let imaginedNoise = 0.1
    /// The share of the law's variance that counts in the safe bound, and in the tight one: all of it, at the same quantile as the noise
    /// of a run, would allow for both to be at their worst at once.
    static let varianceShare = (safe: 0.7, tight: 0.3)

    /// β, the base's first; none is negative.
    var coefficients: [Double]
    /// The margin's share of the prediction.
    var scale: Double
    /// The margin's bytes.
    var offset: Double
    /// V, in square bytes.
    var uncertainty: SymmetricMatrix
    /// The tight margin's share of the prediction.
    var tightScale: Double
    /// The tight margin's bytes.
    var tightOffset: Double
    /// V of the tight bound, in square bytes.
    var tightUncertainty: SymmetricMatrix
    /// What is added to the bound.
    var headroom: Double

    /// Averages fits of the same columns that differ in what they take the noise for.
    ///
    /// Weights and quantiles belong to the fits; predictions and margins average, and so does V.
    init(_ fits: [(fit: RelativeFit, calibration: Calibration, weight: Double)], of rows: Rows, headroom: Double) {
        let unit = rows.needs.unit
        let imagined = 3 * Self.imaginedNoise * Self.imaginedNoise / Double(rows.count + 3)
        coefficients = Array(repeating: 0, count: rows.width)
        uncertainty = SymmetricMatrix(size: rows.width)
        tightUncertainty = SymmetricMatrix(size: rows.width)
        (scale, offset) = (0, 0)
        (tightScale, tightOffset) = (0, 0)
        self.headroom = headroom
        for (fit, calibration, weight) in fits {
            let (quantile, tight) = (calibration.quantile, calibration.tightQuantile)
            for column in 0..<rows.width {
                coefficients[column] += weight * fit.coefficients[column] * unit / rows.columnUnits[column]
                for other in 0...column {
                    let variance =
                        weight * fit.inverse[column, other] * unit * unit
                        / (rows.columnUnits[column] * rows.columnUnits[other])
                    uncertainty[column, other] +=
                        Self.varianceShare.safe * (quantile * quantile + imagined) * variance
                    tightUncertainty[column, other] += Self.varianceShare.tight * tight * tight * variance
                }
            }
            let (share, bytes) = (weight / (1 + fit.noise), fit.noise * fit.median * unit)
            scale += quantile * share
            offset += quantile * share * bytes
            tightScale += tight * share
            tightOffset += tight * share * bytes
        }
    }

    /// ŷ and the margin in bytes at a row.
    private func parts(_ rows: Rows, _ row: Int) -> (predicted: Double, margin: Double) {
        var predicted = 0.0
        var variance = 0.0
        for first in 0..<rows.width {
            let value = rows.columns[row * rows.width + first] * rows.columnUnits[first]
            predicted += coefficients[first] * value
            for second in 0..<rows.width {
                let other = rows.columns[row * rows.width + second] * rows.columnUnits[second]
                variance += value * uncertainty[first, second] * other
            }
        }
        let even = scale * predicted + offset
        return (predicted, (even * even + max(variance, 0)).squareRoot())
    }

    /// The mean of the bounds at the rows, in bytes, headroom included.
    func meanBound(_ rows: Rows) -> Double {
        var sum = 0.0
        for row in 0..<rows.count {
            let (predicted, margin) = parts(rows, row)
            sum += predicted + margin
        }
        return sum * (1 + headroom) / Double(rows.count)
    }

    /// Widens the margin until the bound without headroom reaches a need in bytes: what averaging took from one sample.
    mutating func cover(_ need: Double, _ rows: Rows, _ row: Int) {
        let (predicted, margin) = parts(rows, row)
        let missing = need - predicted
        guard missing > margin else { return }
        guard margin > 0 else {
            offset = missing
            return
        }
        let factor = missing / margin * (1 + 1e-12)
        scale *= factor
        offset *= factor
        for row in 0..<uncertainty.size {
            for column in 0...row { uncertainty[row, column] *= factor * factor }
        }
    }

    /// The calibration for a document whose headroom is `common`; what this law's headroom is above that goes into the margin.
    func calibration(under common: Double) -> PolicyCalibration {
        let factor = (1 + headroom) / (1 + common)
        return Self.calibration(
            scale: scale * factor + (factor - 1),
            offset: offset * factor,
            uncertainty.multiplied(by: factor * factor)
        )
    }

    /// The calibration of the tight bound, for a headroom of none.
    var tightCalibration: PolicyCalibration {
        Self.calibration(scale: tightScale, offset: tightOffset, tightUncertainty)
    }

    private static func calibration(scale: Double, offset: Double, _ variance: SymmetricMatrix) -> PolicyCalibration {
        let triangle = variance.whitening().rows.map { $0.map(Decimal.nearest) }
        let hasLeverage = triangle.contains { row in row.contains { $0 != 0 } }
        return PolicyCalibration(
            offsetBytes: Int(min(offset.rounded(.up), 0x1p53)),
            scale: min(Decimal.up(scale), 100),
            leverage: hasLeverage ? triangle : []
        )
    }
}
