import FuyunPolicy
import MemoryUnits
import RealModule

/// Makes the next version of a policy of what was observed.
///
/// A pure function: no clock, no random numbers, no I/O. docs/tuner.md says how it works and how well.
public enum Tuner {
    /// The most documents over the same inputs that are looked at.
    public static let maximumSkeletons = 16

    /// Fits, calibrates and chooses.
    public static func tune(_ problem: TuningProblem) -> TuningOutcome {
        guard let first = problem.skeletons.first else {
            return .refused(.noSkeleton, "There is no policy document whose formula could be fitted.")
        }
        let compilation = PolicyCompiler.compile(first)
        guard let policy = compilation.policy else {
            let error = compilation.errors.first?.description ?? "unknown"
            return .refused(.badSkeleton, "Version \(first.metadata.version) does not compile: \(error)")
        }
        // Documents over other inputs cannot be told from the same samples.
        let others = problem.skeletons.dropFirst()
            .filter { $0.inputs == first.inputs }
            .prefix(maximumSkeletons - 1)
            .compactMap { PolicyCompiler.compile($0).policy }
        let reader = SampleReader(policy: policy, others: others, grant: problem.grant)
        let laws = LawSamples.read(problem.samples, by: reader, settings: problem.settings)
        switch problem.settings.mode {
        case .fuyun: return Assembly(policy: policy, others: others, laws: laws, problem: problem).outcome()
        case .paper: return PaperMethod(policy: policy, laws: laws, problem: problem).outcome()
        }
    }
}

extension TuningOutcome {
    /// No proposal, and why.
    static func refused(_ code: Code, _ why: String) -> TuningOutcome {
        TuningOutcome(code: code, why: why, proposal: nil, candidates: [], usedSamples: 0, meanLimit: nil)
    }
}
