/// What the residuals of earlier runs ask for on top of a prediction.
///
///     margin(x) = predicted × scale + offset
///     bound     = predicted + √(margin(x)² + |W φ|²)
///
/// φ is (1, x₁, …): one, and for each term what its coefficient multiplies (the expression's value for `linear`, its power,
/// its exponential, or the polyline's bytes). W is `leverage`, in bytes. The margin is the noise of a run, |Wφ| what is not
/// known of the law itself; independent errors add in squares. With W = q C⁻¹, where C is the Cholesky factor of the fit's
/// weighted ΦᵀΦ, it is q times the standard error of the prediction for unit noise: small amid the samples, and growing with
/// the distance from them, so that the bound widens where the law extrapolates.
public struct PolicyCalibration: Sendable, Hashable {
    /// The bytes that are added.
    public var offsetBytes: Int
    /// The share of the prediction that is added.
    public var scale: Double
    /// The lower triangle of W, row by row, in bytes for each unit of φ: the row of place i has i + 1 numbers; as many rows as a law has terms and one
    /// more, or none at all.
    ///
    /// Any such numbers make a sum of squares, so there is no matrix that is not positive semidefinite.
    public var leverage: [[Double]]

    /// Makes a calibration.
    public init(offsetBytes: Int = 0, scale: Double = 0, leverage: [[Double]] = []) {
        self.offsetBytes = offsetBytes
        self.scale = scale
        self.leverage = leverage
    }
}
