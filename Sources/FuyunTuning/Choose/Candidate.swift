import FuyunPolicy
import RealModule

/// A form with numbers, and how good it is.
struct Candidate: Sendable {
    var form: Form
    var law: FittedLaw
    /// The mean of its bounds over the samples, headroom included, in bytes.
    var meanBound: Double
    /// How many samples a fit without them would have missed.
    var looMisses: Int
    /// The fits that it is the average of: what the noise was taken for, the mean bound with it, and the share in the average.
    var parts: [(noise: Double, meanBound: Double, looMisses: Int, weight: Double)]

    /// How steeply a wider fit's share falls: 1 % wider costs a third of it.
    private static let steepness = 40.0

    /// Fits a form; nil when a sample has no number in it.
    ///
    /// - Parameter noises: What the noise is taken for, one fit each.
    init?(
        _ form: Form,
        _ samples: LawSamples,
        settings: TuningSettings,
        noises: [Double] = RelativeFit.noises,
        passes: Int = RelativeFit.passes
    ) {
        guard let columns = form.columns, samples.needs.count > 0 else { return nil }
        let rows = Rows(needs: samples.needs, columns: columns)
        let headroom = settings.headroom + settings.headroomPerSample / Double(max(rows.needs.cleanCount, 1))
        let prior = zip(form.prior, rows.columnUnits).map { slope, unit in slope.map { $0 * unit / rows.needs.unit } }
        // Of a constant all noises are the same.
        var fits = (form.terms.isEmpty ? [0] : noises).map { noise in
            let fit = RelativeFit(rows, noise: noise, prior: prior, passes: passes)
            let calibration = Calibration(fit, missLevel: settings.missLevel, headroom: headroom)
            let law = FittedLaw([(fit, calibration, 1)], of: rows, headroom: headroom)
            return (fit: fit, calibration: calibration, mean: law.meanBound(rows), weight: 1.0)
        }
        let best = fits.reduce(Double.infinity) { min($0, $1.mean) }
        for place in fits.indices { fits[place].weight = Double.exp(-Self.steepness * (fits[place].mean / best - 1)) }
        let total = fits.reduce(0) { $0 + $1.weight }
        for place in fits.indices { fits[place].weight /= total }
        var law = FittedLaw(fits.map { ($0.fit, $0.calibration, $0.weight) }, of: rows, headroom: headroom)
        guard law.coefficients.allSatisfy(\.isFinite), law.scale.isFinite, law.offset.isFinite else { return nil }
        if settings.missLevel == 0 {
            // What the fits take a cut-short run to have needed is a guess, but one that the bound has to reach.
            for row in 0..<rows.count {
                let need = fits.reduce(0) { $0 + $1.weight * $1.fit.needs[row] } * rows.needs.unit
                law.cover(need, rows, row)
            }
        }
        let meanBound = law.meanBound(rows)
        guard meanBound > 0, meanBound < 0x1p60, law.scale.isFinite, law.offset.isFinite else { return nil }
        self.form = form
        self.law = law
        self.meanBound = meanBound
        looMisses = fits.reduce(0) { max($0, $1.calibration.looMisses) }
        parts = fits.map { ($0.fit.noise, $0.mean, $0.calibration.looMisses, $0.weight) }
    }
}
