public import FuyunPolicy
public import MemoryUnits

extension PolicyOrigin {
    /// The kind of origin of what the tuner wrote.
    public static let tuner = "tuner"
}

/// Everything that a tuning run looks at: values in, and the same values give the same outcome on every machine.
public struct TuningProblem: Sendable {
    /// The documents whose formulas are fitted: the active or newest one first, then others over the same inputs.
    ///
    /// The first one's inputs, bounds, tier and canary share are kept. A document that the tuner itself did not write (its
    /// `origin.kind` is not `tuner`) lends its slopes as a weak prior, so the original draft belongs in the list.
    public var skeletons: [PolicyDocument]
    /// What was observed, newest first.
    public var samples: [Sample]
    /// What the operator grants the function.
    public var grant: SafetyBounds
    /// How to work.
    public var settings: TuningSettings

    /// Makes a problem.
    public init(
        skeletons: [PolicyDocument],
        samples: [Sample],
        grant: SafetyBounds,
        settings: TuningSettings = TuningSettings()
    ) {
        self.skeletons = skeletons
        self.samples = samples
        self.grant = grant
        self.settings = settings
    }
}

/// What came of a tuning run.
public struct TuningOutcome: Sendable {
    /// How it ended.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is a proposal.
        case fitted
        /// No law has as many samples as it takes.
        case notEnough = "not_enough"
        /// There is no document to fit.
        case noSkeleton = "no_skeleton"
        /// A document does not compile, or what came out does not.
        case badSkeleton = "bad_skeleton"
    }

    /// How it ended.
    public var code: Code
    /// Why, as a sentence for an operator.
    public var why: String
    /// The fitted policy: inputs and mapping as they were, logic, calibration and headroom new, `origin.kind` is `tuner`;
    /// version and status are those of the first skeleton and the caller's to set.
    public var proposal: PolicyDocument?
    /// What was tried, law by law, the best first.
    public var candidates: [CandidateReport]
    /// How many samples the proposal rests on.
    public var usedSamples: Int
    /// The mean of the proposal's limits over those samples; nil without a proposal.
    public var meanLimit: Bytes?
}

/// One form that was tried for one law.
public struct CandidateReport: Hashable, Sendable {
    /// The category's value that the law is for; nil when there is just one law.
    public var law: String?
    /// What it is: `skeleton 1`, `constant`, `sqrt(frames)`.
    public var name: String
    /// The mean of the calibrated bounds, headroom included, over the samples.
    public var meanBound: Bytes
    /// How many samples a fit without them would have missed.
    public var looMisses: Int
    /// Its share in the proposal's law.
    public var weight: Double
    /// Whether it is a part of the proposal.
    public var chosen: Bool
    /// Why it is or is not.
    public var why: String
}
