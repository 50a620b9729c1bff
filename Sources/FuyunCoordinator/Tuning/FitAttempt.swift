import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits

/// A fit with what the ladder says of it.
struct FitAttempt: Sendable {
    /// What the tuner made.
    var fitted: FitResult
    /// The document that would be published.
    var document: PolicyDocument?
    /// What it would give to each call.
    var limits: [ReplayedLimit?] = []
    /// Whether it is published, and how; nil when there is nothing to publish.
    var verdict: PublishDecision?
    /// Calls it was replayed on, and those it would have missed.
    var replayed = 0
    var misses = 0
    /// What is doubtful about the fit; nil when nothing is, or nobody wants to know.
    var doubt: FitDoubt?

    /// How far its bounds are off, at worst.
    func worstFactor(in evidence: RolloutEvidence) -> Double {
        evidence.calls.indices.lazy.compactMap { index in
            evidence.calls[index].need.flatMap { need in limits[index].map { $0.factor(off: need) } }
        }.max() ?? 1
    }

    /// Why the version is published, with the figures.
    func sentence(_ plan: PublishPlan) -> String {
        let after = Bytes(roundingUp: plan.meanAfter) ?? .zero
        let before = plan.meanBefore.flatMap { Bytes(roundingUp: $0) }
        let limits = before.map { "mean limit \($0) → \(after)" } ?? "mean limit \(after)"
        return "\(plan.reason); \(limits) over \(plan.replayed) calls replayed without a miss, fitted on "
            + "\(fitted.samples) calls"
    }
}

extension FunctionLook {
    /// Fits, compiles, replays, and asks the ladder.
    ///
    /// A candidate that reads other inputs than the active version cannot be fitted together with it. It is fitted first;
    /// the active version's formula when nothing comes of that, and at once when it is in trouble.
    func attempt(_ picture: inout FunctionPicture, because trigger: RefitTrigger) -> FitAttempt {
        let state = picture.state
        let first = attempt(&picture, picture.skeletons(state), because: trigger)
        guard let active = state.active.flatMap({ picture.policy($0.version) }),
            let candidate = state.candidate.flatMap({ picture.policy($0.version) }),
            active.document.inputs != candidate.document.inputs
        else { return first }
        if case .publish? = first.verdict { return first }
        if first.fitted.isTooFew, !trigger.isUrgent { return first }
        let second = attempt(&picture, picture.skeletons(like: active.document), because: trigger)
        if case .publish? = second.verdict { return second }
        return first.fitted.isTooFew ? second : first
    }

    private func attempt(
        _ picture: inout FunctionPicture,
        _ skeletons: [PolicyDocument],
        because trigger: RefitTrigger
    ) -> FitAttempt {
        let state = picture.state
        let rules = settings.rules
        let evidence = picture.evidence([state.active, state.candidate].compactMap { $0?.version })
        guard let first = skeletons.first else {
            return FitAttempt(fitted: FitResult(samples: 0, why: "there is no version in use to fit"))
        }
        let fitted = fit(
            FitRequest(
                skeletons: skeletons,
                active: state.active.flatMap { picture.policy($0.version)?.document },
                samples: picture.observations.samples,
                bounds: picture.function.registration.bounds
            )
        )
        var attempt = FitAttempt(fitted: fitted)
        guard var document = fitted.document else { return attempt }
        document.metadata.policyID = picture.function.registration.name
        document.metadata.version = picture.function.newestVersion + 1
        document.metadata.status = .canary
        document.metadata.supersedes = nil
        document.metadata.origin = PolicyOrigin(
            kind: "tuner",
            model: first.metadata.origin?.model,
            sourceDigest: first.metadata.origin?.sourceDigest,
            promptDigest: first.metadata.origin?.promptDigest
        )
        var proposal = self.proposal(document, picture, state)
        // Twice at most: rounding up to a tier may leave a little.
        for _ in 0..<2 {
            guard let lift = rules.lift(proposal, state, evidence) else { break }
            document.safety.headroom = (1 + document.safety.headroom) * lift * 1.000_001 - 1
            proposal = self.proposal(document, picture, state)
        }
        attempt.document = document
        attempt.limits = proposal.limits
        attempt.verdict = rules.publishing(proposal, state, evidence, because: trigger, at: picture.loadedAt.sinceEpoch)
        let check = rules.comparison(proposal.limits, with: state.active, state, evidence)
        (attempt.replayed, attempt.misses) = (check.replayed, check.misses)
        if wantsDoubts(picture.function.registration.name) {
            let read = picture.observations
            attempt.doubt = SecondThoughts.doubt(
                fitted,
                skeletons: skeletons,
                samples: read.samples,
                bounds: read.sampleCalls.map { proposal.limits[$0] }
            )
        }
        return attempt
    }

    private func proposal(
        _ document: PolicyDocument,
        _ picture: FunctionPicture,
        _ state: RolloutState
    ) -> RolloutProposal {
        let compilation = PolicyCompiler.compile(document)
        guard let policy = compilation.policy else {
            let first = compilation.errors.first.map { "\($0.path): \($0.message)" } ?? "no reason was given"
            let none = [ReplayedLimit?](repeating: nil, count: picture.observations.features.count)
            return RolloutProposal(limits: none, defect: "the fitted document does not compile: \(first)")
        }
        let inUse = [state.active, state.candidate].compactMap { $0?.version }
        return RolloutProposal(
            limits: picture.limits(of: policy),
            sameAs: inUse.first { picture.policy($0)?.document.decidesAs(document) ?? false },
            defect: document.logic.defect
        )
    }
}

extension RefitTrigger {
    /// Whether something went wrong, so that nothing may wait for a better formula.
    fileprivate var isUrgent: Bool {
        switch self {
        case .miss, .canaryMiss, .error: true
        default: false
        }
    }
}

extension PolicyDocument {
    /// Whether both give every call the same limit.
    fileprivate func decidesAs(_ other: PolicyDocument) -> Bool {
        var (mine, theirs) = (safety, other.safety)
        (mine.canaryShare, theirs.canaryShare) = (nil, nil)
        var (logic, otherLogic) = (logic, other.logic)
        (logic.rationale, otherLogic.rationale) = (nil, nil)
        return inputs == other.inputs && logic == otherLogic && mine == theirs
    }
}

extension PolicyLogic {
    /// What no fitted formula may have, in a sentence; nil when all is well: more input never asks for less memory.
    fileprivate var defect: String? {
        for law in laws {
            guard law.base.isFinite else { return "the base of its formula is not a number" }
            for term in law.terms where !term.shape.isMonotone {
                return "the term \(term.name) of its formula falls, or is not a number"
            }
        }
        return nil
    }
}

extension PolicyTerm.Shape {
    fileprivate var isMonotone: Bool {
        switch self {
        case .linear(let coefficient): coefficient >= 0 && coefficient.isFinite
        case .power(let coefficient, let exponent), .exponential(let coefficient, let exponent):
            coefficient >= 0 && coefficient.isFinite && exponent.isFinite && (exponent >= 0 || coefficient == 0)
        case .piecewiseLinear(let knots):
            zip(knots, knots.dropFirst()).allSatisfy { $0.y <= $1.y } && knots.allSatisfy { $0.y.isFinite }
        }
    }
}

extension FitAttempt {
    /// The report for an operator.
    func report(_ picture: FunctionPicture, published version: Int?) -> CoordinatorAPI.TuneReport {
        var picture = picture
        let active = picture.state.active
        let evidence = picture.evidence(active.map { [$0.version] } ?? [])
        var report = CoordinatorAPI.TuneReport(
            function: picture.function.registration.name,
            samples: fitted.samples,
            decision: "not_enough",
            why: fitted.why,
            candidates: fitted.candidates
        )
        if let active {
            report.current = .init(
                version: active.version,
                meanBound: evidence.meanBound(of: evidence.limits[active.version] ?? []),
                document: picture.policy(active.version)?.document.encoded()
            )
        }
        guard let document, let verdict else {
            if !fitted.isTooFew { report.decision = "keep" }
            return report
        }
        var status: String?
        var problems: [String] = []
        switch verdict {
        case .publish(let plan):
            report.decision = "publish"
            report.why = sentence(plan)
            status = plan.status.rawValue
        case .refuse(let refusal, let reason, _):
            report.decision = refusal == .noDifference ? "keep" : refusal.rawValue
            report.why = "not published: " + reason
            if refusal == .notVerified { problems = [reason] }
        }
        report.proposal = .init(
            version: version,
            status: status,
            meanBound: evidence.meanBound(of: limits),
            document: document.encoded()
        )
        report.verification = .init(replayed: replayed, misses: misses, problems: problems)
        return report
    }
}

extension RolloutEvidence {
    /// The mean bound over the clean calls that a formula decides; nil when it decides none.
    fileprivate func meanBound(of limits: [ReplayedLimit?]) -> Double? {
        let bounds = zip(calls, limits).compactMap { call, limit in
            call.need == nil ? nil : limit.map { Double($0.bound.rawValue) }
        }
        return bounds.isEmpty ? nil : bounds.reduce(0, +) / Double(bounds.count)
    }
}
