import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits

/// That no formula fits a function, with what a model should know to find a better one.
struct FitDoubt: Hashable, Sendable {
    /// What is wrong, in a sentence.
    var reason: String
    /// The table, its residuals, and what was tried.
    var evidence: DraftEvidence
}

/// When the model is asked again: a pure rule over what the store remembers.
enum SecondThoughts {
    /// Fewer samples prove nothing.
    static let minimumSamples = 20
    /// How far the mean bound may lie above the mean need, as a share.
    static let target = 0.3
    /// Runs that the model is shown.
    static let rows = 24
    /// Formulas that it is told of.
    static let attempts = 8
    /// The wait after a draft before a first second thought; doubles with each that follows.
    static let firstWait = Duration.seconds(3_600)
    /// The longest wait.
    static let longestWait = Duration.seconds(7 * 86_400)
    /// Second thoughts of all functions within an hour.
    static let perHour = 10

    /// What is doubtful about a fit; nil when it is good enough, or rests on too little.
    ///
    /// Doubtful is a fit whose bounds lie above the need by more than the target on average. A function that needs the
    /// same whatever its input is none: there a constant's bound is close to every need.
    static func doubt(
        _ fitted: FitResult,
        skeletons: [PolicyDocument],
        samples: [Sample],
        bounds: [ReplayedLimit?]
    ) -> FitDoubt? {
        guard let document = fitted.document else { return nil }
        var points: [(index: Int, need: Double, bound: Double?)] = []
        for (index, sample) in samples.enumerated() where index < bounds.count {
            guard case .between(_, let need) = sample.need, need > .zero else { continue }
            points.append((index, Double(need.rawValue), bounds[index].map { Double($0.bound.rawValue) }))
        }
        let judged = points.filter { $0.bound != nil }
        guard judged.count >= minimumSamples else { return nil }
        let need = judged.reduce(0) { $0 + $1.need } / Double(judged.count)
        let bound = judged.reduce(0) { $0 + ($1.bound ?? 0) } / Double(judged.count)
        let excess = bound / need - 1
        guard excess > target else { return nil }
        let isConstant = document.logic.laws.allSatisfy(\.terms.isEmpty)
        let share = "\(Int((excess * 100).rounded())) %"
        let reason =
            isConstant
            ? "no formula beats a constant, and that constant is \(share) above the mean need of \(judged.count) calls"
            : "the bounds of the best formula are \(share) above the mean need of \(judged.count) calls"
        return FitDoubt(
            reason: reason,
            evidence: DraftEvidence(
                reason: reason,
                features: document.inputs.variables.map(\.name),
                rows: rows(judged, samples, bounds, document),
                tried: tried(fitted, skeletons, need: need)
            )
        )
    }

    /// The runs that are furthest off, and some over the whole range of needs.
    private static func rows(
        _ points: [(index: Int, need: Double, bound: Double?)],
        _ samples: [Sample],
        _ bounds: [ReplayedLimit?],
        _ document: PolicyDocument
    ) -> [DraftEvidence.Row] {
        let worst = points.sorted { abs(($0.bound ?? 0) / $0.need - 1) > abs(($1.bound ?? 0) / $1.need - 1) }
        var chosen = worst.prefix(rows / 2).map(\.index)
        let ordered = points.sorted { $0.need < $1.need }.map(\.index).filter { !chosen.contains($0) }
        let rest = min(rows - chosen.count, ordered.count)
        if rest > 0 { chosen += (0..<rest).map { ordered[$0 * ordered.count / rest] } }
        // Runs that were cut short say the most where there are any.
        chosen += samples.indices.filter { if case .above = samples[$0].need { true } else { false } }.prefix(4)
        return chosen.map { index in
            let values = document.inputs.variables.map { variable in
                switch samples[index].features[variable.name] {
                case .number(let number):
                    number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
                case .category(let word): word
                case nil: "-"
                }
            }
            let (need, isCensored) =
                switch samples[index].need {
                case .between(_, let upper): (upper, false)
                case .above(let lower): (lower, true)
                }
            let predicted = index < bounds.count ? bounds[index]?.bound : nil
            return DraftEvidence.Row(values: values, need: need, isCensored: isCensored, predicted: predicted)
        }
    }

    /// What was tried, with how far its mean bound lies above the mean need.
    private static func tried(
        _ fitted: FitResult,
        _ skeletons: [PolicyDocument],
        need: Double
    ) -> [DraftEvidence.Attempt] {
        fitted.candidates.prefix(attempts).compactMap { candidate in
            guard let bound = candidate.meanBound, bound.isFinite, bound > 0 else { return nil }
            var name = candidate.name
            if let place = name.split(separator: " ").last.flatMap({ Int($0) }), name.contains("skeleton"),
                skeletons.indices.contains(place - 1)
            {
                name = DraftText.formula(skeletons[place - 1])
            }
            return DraftEvidence.Attempt(formula: DraftText.cut(name, to: 400), relativeError: abs(bound / need - 1))
        }
    }

    /// When the model may be asked again about a function, since 1970.
    ///
    /// - Parameter drafts: The function's drafts, newest first.
    /// - Returns: Nil while one is being made, and for a function that was never drafted.
    static func nextMoment(_ drafts: [StoredDraft]) -> Duration? {
        guard let last = drafts.first, !drafts.contains(where: { $0.result == nil }) else { return nil }
        let inRow = drafts.prefix { $0.draft.cause == .secondThoughts }.count
        let wait = min(firstWait * Double(1 << min(inRow, 20)), longestWait)
        return (last.endedAt ?? last.createdAt).sinceEpoch + wait
    }
}
