import FuyunPolicy
import MemoryUnits

/// The paper's tuner, for comparison: ordinary least squares on the first skeleton, and a fixed headroom.
///
/// It has no calibration, no prior, no censoring (a run that was cut short counts as a need of its limit) and no signs: a
/// coefficient can be negative, and then the formula can fail to decide.
struct PaperMethod {
    let policy: CompiledPolicy
    let laws: [LawSamples]
    let problem: TuningProblem

    /// The fit, and the document that holds it.
    func outcome() -> TuningOutcome {
        var document = policy.document
        var reports: [CandidateReport] = []
        var used = 0
        for (place, samples) in laws.enumerated() {
            let law = document.logic.laws[place]
            guard samples.rows.count >= problem.settings.paperMinimumSamples, let coefficients = fit(samples) else {
                document.logic.laws[place].isOpen = law.value != nil
                document.logic.laws[place].base = 0
                for term in law.terms.indices {
                    document.logic.laws[place].terms[term].shape = law.terms[term].shape.scaled(to: 0)
                }
                continue
            }
            used += samples.rows.count
            document.logic.laws[place].base = coefficients[0]
            for term in law.terms.indices {
                document.logic.laws[place].terms[term].shape = law.terms[term].shape.scaled(to: coefficients[term + 1])
            }
            reports.append(report(law.value, samples, coefficients))
        }
        guard used > 0 else {
            return .refused(
                .notEnough,
                "Not enough to fit: the first fit is at \(problem.settings.paperMinimumSamples) samples."
            )
        }
        document.safety.headroom = problem.settings.paperHeadroom
        document.safety.calibration = nil
        document.safety.lawCalibrations = [:]
        document.safety.rescue = nil
        guard PolicyCompiler.compile(document).policy != nil else {
            return .refused(.badSkeleton, "What was fitted is not a policy that compiles.")
        }
        return TuningOutcome(
            code: .fitted,
            why: "Ordinary least squares over \(used) samples.",
            proposal: document,
            candidates: reports,
            usedSamples: used,
            meanLimit: nil
        )
    }

    /// (ΦᵀΦ)⁻¹ Φᵀy, columns scaled; nil when the columns are not independent.
    private func fit(_ samples: LawSamples) -> [Double]? {
        var columns: [Double] = []
        for row in samples.rows {
            guard let values = policy.columns(row.features)?.values else { return nil }
            columns += values
        }
        let rows = Rows(needs: samples.needs, columns: columns)
        var gram = SymmetricMatrix(size: rows.width)
        var right = Array(repeating: 0.0, count: rows.width)
        for row in 0..<rows.count {
            let needs = rows.needs
            let need = needs.kinds[row] == .above ? needs.lower[row] : needs.upper[row]
            for first in 0..<rows.width {
                let value = rows.columns[row * rows.width + first]
                right[first] += value * need
                for second in 0...first { gram[first, second] += value * rows.columns[row * rows.width + second] }
            }
        }
        let factor = gram.cholesky()
        guard factor.hasFullRank else { return nil }
        return zip(factor.solve(right), rows.columnUnits).map { $0 * rows.needs.unit / $1 }
    }

    private func report(_ value: String?, _ samples: LawSamples, _ coefficients: [Double]) -> CandidateReport {
        let predictions = samples.rows.compactMap { row in
            policy.columns(row.features)?.values.enumerated().reduce(0) { $0 + coefficients[$1.offset] * $1.element }
        }
        let mean = predictions.reduce(0, +) / Double(max(predictions.count, 1))
        return CandidateReport(
            law: value,
            name: "skeleton 1",
            meanBound: Bytes(roundingUp: max(mean * (1 + problem.settings.paperHeadroom), 0)) ?? .max,
            looMisses: 0,
            weight: 1,
            chosen: true,
            why: "the paper's only form"
        )
    }
}
