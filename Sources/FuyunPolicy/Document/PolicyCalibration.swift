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

/// The bound of calls that can be raised while they run, in place of the safe one.
///
/// A call whose container is watched and raised before it is killed need not be given what nearly no call exceeds: a bound
/// that one call in twenty reaches costs that one a few raises, and saves all others the difference. It is a second
/// calibration and headroom over the very same prediction.
public struct PolicyRescue: Sendable, Hashable {
    /// The share that is added to the bound, 0 to 10.
    public var headroom: Double
    /// What is added to the prediction, the same for every law.
    public var calibration: PolicyCalibration?
    /// What is added law by law, by the selecting category's values; empty when all laws share `calibration`.
    public var lawCalibrations: [String: PolicyCalibration]

    /// The calibration of a law: its own, or the shared one.
    public func calibration(of law: PolicyLaw) -> PolicyCalibration? {
        law.value.flatMap { lawCalibrations[$0] } ?? calibration
    }

    /// Makes a rescue section.
    public init(
        headroom: Double,
        calibration: PolicyCalibration? = nil,
        lawCalibrations: [String: PolicyCalibration] = [:]
    ) {
        self.headroom = headroom
        self.calibration = calibration
        self.lawCalibrations = lawCalibrations
    }
}
