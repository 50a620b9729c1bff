import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits

/// One look at one function: load, decide, act, until nothing is left to do.
///
/// It holds nothing between looks but what it returns, so that any coordinator can take the next one. Before it writes it
/// makes sure that nobody changed what it decided on; when someone did, it begins again.
struct FunctionLook: Sendable {
    let store: any Store
    let settings: TunerSettings
    let clock: WallClock
    let fit: FunctionFitter
    /// Whether it is of use to know what is doubtful about a function's fit.
    var wantsDoubts: @Sendable (String) -> Bool = { _ in false }

    /// What happened in a look, for events and metrics.
    enum Step: Sendable {
        /// A version was fitted and published.
        case published(version: Int, PublishPlan, RefitTrigger, reason: String)
        /// A version was fitted and not published.
        case refused(PublishDecision.Refusal, RefitTrigger, reason: String)
        /// There was nothing to fit with.
        case unfitted(RefitTrigger, reason: String)
        /// Versions moved.
        case moved(RolloutMove, [RolloutChange], reason: String)
    }

    /// What a look came to.
    struct Outcome: Sendable {
        /// What happened, in order; also what an attempt did before it had to begin again.
        var steps: [Step] = []
        /// What the last fit left behind.
        var memory: FitMemory?
        /// Why nothing more happened.
        var reason = ""
        /// New calls that ask for the next look.
        var callsWanted = 1
        /// When to look again even without them, since 1970.
        var lookAgain: Duration?
        /// What is doubtful about the last fit.
        var doubt: FitDoubt?
        /// Whether the function has a version in use.
        var isInUse = true
    }

    /// Looks at a function.
    ///
    /// - Throws: `StoreError`: `notFound` when the function is not known, `conflict` when somebody else changed the function again and again meanwhile.
    func run(_ name: String, _ memory: FitMemory?) async throws(StoreError) -> Outcome {
        var outcome = Outcome(memory: memory)
        try await retrying(name) { () async throws(StoreError) in
            guard var picture = try await FunctionPicture.load(name, from: store, settings, at: clock.now) else {
                throw StoreError(.notFound, "function \(name) is not known")
            }
            outcome.memory = outcome.memory ?? picture.rememberedFit(settings.rules)
            outcome.lookAgain = nil
            try await look(at: &picture, &outcome)
        }
        return outcome
    }

    /// Does something that is based on what the store had, again when that changed meanwhile.
    private func retrying(_ name: String, _ body: () async throws(StoreError) -> Void) async throws(StoreError) {
        var attempts = 0
        while true {
            do throws(StoreError) {
                return try await body()
            } catch {
                attempts += 1
                guard error.code == .conflict, attempts < 4 else { throw error }
            }
        }
    }

    private func look(at picture: inout FunctionPicture, _ outcome: inout Outcome) async throws(StoreError) {
        for _ in 0..<6 {
            let state = picture.state
            let evidence = picture.evidence(picture.referenceVersions(state))
            let decision = settings.rules.next(
                state,
                evidence,
                outcome.memory,
                isConstant: picture.isConstant(state),
                at: picture.loadedAt.sinceEpoch
            )
            switch decision {
            case .keep(let reason, let lookAgain):
                outcome.reason = reason
                outcome.lookAgain = [outcome.lookAgain, lookAgain].compactMap(\.self).min()
                outcome.isInUse = state.skeleton != nil
                outcome.callsWanted = callsWanted(
                    state,
                    evidence,
                    outcome.memory,
                    isConstant: picture.isConstant(state)
                )
                return
            case .move(let move, let changes, let reason):
                try await perform(changes, reason, on: &picture)
                outcome.steps.append(.moved(move, changes, reason: reason))
            case .refit(let trigger):
                let attempt = attempt(&picture, because: trigger)
                outcome.doubt = attempt.doubt
                let isFitted = try await act(on: attempt, of: &picture, because: trigger, &outcome)
                guard isFitted || outcome.memory != nil else {
                    outcome.reason = attempt.fitted.why
                    outcome.callsWanted = max(1, evidence.cleanCount / 8)
                    return
                }
                remember(picture, hasChanged: outcome.steps.last?.asksForMore ?? false, &outcome)
            }
        }
        outcome.reason = "there was more to do than one look does"
    }

    /// New calls before which nothing can be due, short of a miss or a bad prediction.
    private func callsWanted(
        _ state: RolloutState,
        _ evidence: RolloutEvidence,
        _ memory: FitMemory?,
        isConstant: Bool
    ) -> Int {
        let rules = settings.rules
        let wanted = isConstant ? rules.firstConstantSamples : rules.firstFitSamples
        if evidence.cleanCount < wanted { return 1 }
        if let canary = state.canary {
            return rules.callsUntilPromotion(evidence.trial(of: canary))
        }
        guard let memory else { return 1 }
        let successes = evidence.calls.count { $0.id > memory.newestID && $0.need != nil && !$0.isMiss }
        return max(1, memory.successesWanted - successes)
    }

    /// What a fit leaves behind.
    private func remember(_ picture: FunctionPicture, hasChanged: Bool, _ outcome: inout Outcome) {
        var picture = picture
        let version = (picture.state.active ?? picture.state.candidate)?.version
        let evidence = picture.evidence(version.map { [$0] } ?? [])
        outcome.memory = FitMemory(
            settings.rules,
            after: outcome.memory,
            evidence,
            limits: version.flatMap { evidence.limits[$0] },
            hasChanged: hasChanged,
            at: picture.loadedAt.sinceEpoch
        )
    }

    // MARK: - Acting

    /// Publishes what was fitted, or does what follows from not doing so.
    ///
    /// - Returns: Whether there was a fit.
    private func act(
        on attempt: FitAttempt,
        of picture: inout FunctionPicture,
        because trigger: RefitTrigger,
        _ outcome: inout Outcome
    ) async throws(StoreError) -> Bool {
        switch attempt.verdict {
        case .publish(let plan):
            let reason = attempt.sentence(plan)
            let version = try await publish(attempt, plan, reason, of: &picture, because: trigger)
            outcome.steps.append(.published(version: version, plan, trigger, reason: reason))
            return true
        case .refuse(let refusal, let reason, let lookAgain):
            outcome.steps.append(.refused(refusal, trigger, reason: reason))
            outcome.lookAgain = lookAgain
            return true
        case nil:
            outcome.steps.append(.unfitted(trigger, reason: attempt.fitted.why))
            guard attempt.fitted.isTooFew,
                case .move(let move, let changes, let reason)? = settings.rules.withoutFit(
                    picture.state,
                    picture.observations.evidence
                )
            else { return false }
            try await perform(changes, reason, on: &picture)
            outcome.steps.append(.moved(move, changes, reason: reason))
            return true
        }
    }

    private func perform(
        _ changes: [RolloutChange],
        _ reason: String,
        on picture: inout FunctionPicture
    ) async throws(StoreError) {
        try await refuseStale(picture)
        _ = try await store.setStatus(
            changes.map { StatusChange(version: $0.version, to: $0.status, author: TunerNames.ladder, reason: reason) },
            of: picture.function.registration.name,
            at: picture.nextWrite(clock)
        )
        try await picture.reloadVersions(from: store)
    }

    private func publish(
        _ attempt: FitAttempt,
        _ plan: PublishPlan,
        _ reason: String,
        of picture: inout FunctionPicture,
        because trigger: RefitTrigger
    ) async throws(StoreError) -> Int {
        guard var document = attempt.document else { throw StoreError(.failed, "there is no document to publish") }
        try await refuseStale(picture)
        document.metadata.supersedes = plan.supersedes
        if let share = plan.canaryShare { document.safety.canaryShare = share }
        let notes = FitNotes(
            newestID: picture.observations.evidence.newestID,
            samples: attempt.fitted.samples,
            trigger: trigger.word,
            meanLimit: plan.meanAfter,
            meanLimitBefore: plan.meanBefore,
            toleratedFactor: attempt.worstFactor(in: picture.observations.evidence)
        )
        let stored = try await store.addPolicy(
            NewPolicy(
                document: document,
                status: plan.status,
                author: TunerNames.tuner,
                reason: reason,
                notes: notes.text
            ),
            at: picture.nextWrite(clock)
        )
        // The store retires whom the new version takes the place of; an older canary under a new active version stays.
        if plan.status == .active, let candidate = picture.state.candidate {
            let change = StatusChange(
                version: candidate.version,
                to: .retired,
                author: TunerNames.ladder,
                reason: "version \(stored.version) is active"
            )
            _ = try await store.setStatus([change], of: document.metadata.policyID, at: stored.createdAt)
        }
        try await picture.reloadVersions(from: store)
        return stored.version
    }

    /// Throws `conflict` when someone changed the function since it was loaded.
    private func refuseStale(_ picture: FunctionPicture) async throws(StoreError) {
        guard try await picture.isCurrent(in: store) else {
            throw StoreError(.conflict, "\(picture.function.registration.name) was changed meanwhile")
        }
    }

    // MARK: - On request

    /// Fits a function because someone asked, and publishes unless it is a dry run.
    ///
    /// - Throws: `StoreError`: `notFound` when the function is not known.
    func request(
        _ name: String,
        dryRun: Bool,
        _ outcome: inout Outcome
    ) async throws(StoreError) -> CoordinatorAPI.TuneReport {
        var report: CoordinatorAPI.TuneReport?
        try await retrying(name) { () async throws(StoreError) in
            guard var picture = try await FunctionPicture.load(name, from: store, settings, at: clock.now) else {
                throw StoreError(.notFound, "function \(name) is not known")
            }
            outcome.memory = outcome.memory ?? picture.rememberedFit(settings.rules)
            let before = picture
            let attempt = attempt(&picture, because: .request)
            if !dryRun { outcome.doubt = attempt.doubt }
            var version: Int?
            if !dryRun, picture.state.skeleton != nil {
                _ = try await act(on: attempt, of: &picture, because: .request, &outcome)
                if case .published(let published, _, _, _)? = outcome.steps.last { version = published }
                remember(picture, hasChanged: version != nil, &outcome)
            }
            report = attempt.report(before, published: version)
        }
        guard let report else { throw StoreError(.failed, "there is no report of \(name)") }
        return report
    }
}

extension FunctionLook.Step {
    /// Whether the next fit should not be long in coming: something changed, or will be allowed to later.
    fileprivate var asksForMore: Bool {
        switch self {
        case .published, .moved, .refused(.coolingDown, _, _): true
        case .refused, .unfitted: false
        }
    }

    /// Whether agents must know.
    var isForAgents: Bool {
        switch self {
        case .published, .moved: true
        case .refused, .unfitted: false
        }
    }
}
