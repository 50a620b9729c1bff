public import FuyunPolicy
public import MemoryUnits

/// What a document would have given to calls that were observed.
public struct ReplayReport: Sendable {
    /// How many calls the formula decided.
    public var replayed = 0
    /// How many of them would have run out for certain: less than the lower end of their need, or no more than a limit that was
    /// too little.
    public var misses = 0
    /// How many of them the limit does not cover for certain: it lies below the upper end of their need.
    public var uncovered = 0
    /// The mean of the limits that the formula decided.
    public var meanLimit = Bytes.zero
    /// Σ (limit − need) / Σ limit over the calls that are covered, the upper end counting as the need; nil without any.
    public var waste: Double?
    /// The decision for each sample, in the order of the samples; nil when the document does not compile.
    public var decisions: [Decision] = []

    /// The limit for each sample, in the order of the samples.
    public var limits: [Bytes] { decisions.map(\.limit) }
}

/// Tries documents on calls that were observed.
public enum Replay {
    /// Decides each sample as the agent does, by `CompiledPolicy.decide`; nil when the document does not compile.
    ///
    /// - Parameter rescue: Whether the calls could have been raised while they ran, so that the tight bound decides.
    public static func run(
        _ document: PolicyDocument,
        samples: [Sample],
        grant: SafetyBounds,
        rescue: Bool = false
    ) -> ReplayReport? {
        PolicyCompiler.compile(document).policy.map { run($0, samples: samples, grant: grant, rescue: rescue) }
    }

    /// Decides each sample as the agent does.
    public static func run(
        _ policy: CompiledPolicy,
        samples: [Sample],
        grant: SafetyBounds,
        rescue: Bool = false
    ) -> ReplayReport {
        var report = ReplayReport()
        var sum = 0.0
        var (covered, needed) = (0.0, 0.0)
        for sample in samples {
            let decision = policy.decide(policy.features(of: sample), within: grant, rescue: rescue)
            report.decisions.append(decision)
            guard decision.reason == .policy else { continue }
            report.replayed += 1
            let limit = Double(decision.limit.rawValue)
            sum += limit
            switch sample.need {
            case .above(let bytes):
                report.misses += decision.limit <= bytes ? 1 : 0
                report.uncovered += decision.limit <= bytes ? 1 : 0
            case .between(let lower, let upper):
                report.misses += decision.limit < lower ? 1 : 0
                if decision.limit < upper {
                    report.uncovered += 1
                } else {
                    covered += limit
                    needed += Double(upper.rawValue)
                }
            }
        }
        if report.replayed > 0 { report.meanLimit = Bytes(roundingUp: sum / Double(report.replayed)) ?? .max }
        report.waste = covered > 0 ? 1 - needed / covered : nil
        return report
    }
}
