import FuyunPolicy
import FuyunProtocol
import FuyunTuning

/// What is to be fitted.
struct FitRequest: Sendable {
    /// The documents whose formulas are tried, the one in use first.
    var skeletons: [PolicyDocument]
    /// The active version's document.
    var active: PolicyDocument?
    /// The clean samples, newest first.
    var samples: [Sample]
    /// What the operator grants the function.
    var bounds: SafetyBounds
}

/// What came of it.
struct FitResult: Sendable {
    /// The fitted document; nil when there is none.
    var document: PolicyDocument?
    /// Whether there are too few samples for any fit.
    var isTooFew = false
    /// Samples that were used.
    var samples: Int
    /// What was done, or why nothing was, in a sentence.
    var why: String
    /// The forms that were tried.
    var candidates: [CoordinatorAPI.TuneReport.Candidate] = []
}

/// Fits formulas to samples: `FuyunTuning`, or what a test puts in its place.
typealias FunctionFitter = @Sendable (FitRequest) -> FitResult
