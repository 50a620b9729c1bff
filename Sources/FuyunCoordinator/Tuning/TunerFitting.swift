import FuyunPolicy
import FuyunProtocol
import FuyunTuning
import MemoryUnits

/// `FuyunTuning` as the coordinator calls it.
enum TunerFitting {
    /// Fits with these settings.
    static func fitter(_ settings: FuyunTuning.TuningSettings) -> FunctionFitter {
        { request in
            let outcome = Tuner.tune(
                TuningProblem(
                    skeletons: request.skeletons,
                    samples: request.samples,
                    grant: request.bounds,
                    settings: settings
                )
            )
            return FitResult(
                document: outcome.proposal,
                isTooFew: outcome.code == .notEnough,
                samples: outcome.usedSamples,
                why: outcome.why,
                candidates: outcome.candidates.map(CoordinatorAPI.TuneReport.Candidate.init)
            )
        }
    }
}

extension CoordinatorAPI.TuneReport.Candidate {
    fileprivate init(_ candidate: CandidateReport) {
        self.init(
            name: candidate.law.map { "\($0): \(candidate.name)" } ?? candidate.name,
            meanBound: Double(candidate.meanBound.rawValue),
            missesLeftOut: candidate.looMisses,
            isChosen: candidate.chosen,
            why: candidate.why
        )
    }
}
