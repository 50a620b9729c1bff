import FuyunPolicy

extension RolloutRules {
    /// What is to be done about a function: take a version back, fit, promote, or nothing.
    ///
    /// - Parameters:
    ///   - evidence: The latest calls, with the limits of the active version, the candidate and the `predecessors`.
    ///   - memory: What the last fit left behind; nil when none is remembered.
    ///   - isConstant: Whether the function's formula has no terms.
    ///   - now: Since 1970.
    public func next(
        _ state: RolloutState,
        _ evidence: RolloutEvidence,
        _ memory: FitMemory?,
        isConstant: Bool = false,
        at now: Duration
    ) -> RolloutDecision {
        if let version = state.switches.pinnedVersion {
            return .keep(reason: "the function is pinned to version \(version)", lookAgain: nil)
        }
        if state.switches.isExcluded {
            return .keep(reason: "the function is excluded: it is only observed", lookAgain: nil)
        }
        if let decision = takenBack(state, evidence, memory) { return decision }
        guard state.switches.isTuningEnabled else {
            return .keep(reason: "tuning is switched off", lookAgain: nil)
        }
        guard state.skeleton != nil else {
            return .keep(reason: "there is no policy in use to fit", lookAgain: nil)
        }
        let trigger = trigger(state, evidence, memory, isConstant: isConstant, at: now)
        if let canary = state.canary {
            switch trigger {
            case .miss, .canaryMiss, .error: break
            default: return trial(of: canary, state, evidence, at: now)
            }
        }
        if let trigger { return .refit(trigger) }
        let wanted = isConstant ? firstConstantSamples : firstFitSamples
        guard evidence.cleanCount >= wanted else {
            return .keep(
                reason: "\(evidence.cleanCount) of the \(wanted) clean calls that a first fit takes",
                lookAgain: nil
            )
        }
        return .keep(reason: "nothing new asks for a fit", lookAgain: nil)
    }

    /// What is to be done when a fit was asked for and there are not enough samples for one.
    ///
    /// An active version that misses, with nothing before it to go back to and nothing to learn from, goes back into
    /// shadow.
    public func withoutFit(_ state: RolloutState, _ evidence: RolloutEvidence) -> RolloutDecision? {
        guard state.switches.pinnedVersion == nil, !state.switches.isExcluded, let active = state.active else {
            return nil
        }
        let misses = evidence.trial(of: active).appliedMisses
        guard misses > 0 else { return nil }
        var changes = [RolloutChange(active.version, to: .shadow)]
        if let candidate = state.candidate { changes.insert(RolloutChange(candidate.version, to: .retired), at: 0) }
        return .move(
            .suspension,
            changes,
            reason:
                "version \(active.version) ran out of memory \(times(misses)) and there is neither an earlier version "
                + "that would have been enough nor enough calls to fit; the preset applies meanwhile"
        )
    }

    /// Takes back a canary or an active version that missed, if that is what helps.
    private func takenBack(
        _ state: RolloutState,
        _ evidence: RolloutEvidence,
        _ memory: FitMemory?
    ) -> RolloutDecision? {
        let known = memory?.newestID ?? 0
        if let canary = state.canary {
            let misses = missed(canary, evidence)
            let areNew = misses.contains { evidence.calls[$0].id > known }
            if !misses.isEmpty, let active = state.active,
                isEnough(active.version, evidence, since: canary.statusSince, for: misses) || !areNew
            {
                return .move(
                    .withdrawal,
                    [RolloutChange(canary.version, to: .retired)],
                    reason: "canary version \(canary.version) ran out of memory \(times(misses.count)); "
                        + "version \(active.version) stays active"
                )
            }
            if !misses.isEmpty, state.active == nil, !areNew {
                return .move(
                    .withdrawal,
                    [RolloutChange(canary.version, to: .retired)],
                    reason:
                        "canary version \(canary.version) ran out of memory \(times(misses.count)); the preset applies"
                )
            }
        }
        guard let active = state.active else { return nil }
        let misses = missed(active, evidence).filter { evidence.calls[$0].id > known }
        guard !misses.isEmpty else { return nil }
        for version in state.predecessors() {
            // A version newer than the active one has been taken back before: it has to be clean over all that is known.
            let since = version > active.version ? .zero : active.statusSince
            guard isEnough(version, evidence, since: since, for: misses) else { continue }
            var changes = [RolloutChange(active.version, to: .retired)]
            if let candidate = state.candidate { changes.append(RolloutChange(candidate.version, to: .retired)) }
            changes.append(RolloutChange(version, to: .active))
            return .move(
                .rollBack,
                changes,
                reason: "version \(active.version) ran out of memory \(times(misses.count)) where version \(version) "
                    + "would have been enough for all that came since; version \(version) is active again"
            )
        }
        return nil
    }

    /// The calls, as indexes, that ran out under a version since it got its status.
    private func missed(_ version: RolloutVersion, _ evidence: RolloutEvidence) -> [Int] {
        evidence.calls.indices.filter { index in
            let call = evidence.calls[index]
            return call.isMiss && call.appliedVersion == version.version && call.receivedAt >= version.statusSince
        }
    }

    /// Whether more of a version's calls were rescued than a tight bound is meant to leave to the rescue.
    func isTooTight(_ trial: RolloutEvidence.Trial) -> Bool {
        trial.appliedRescues > max(rescuedCalls, Int(Double(trial.appliedCalls) * rescuedShare))
    }

    /// What a canary's calls count for together, as recorded ones.
    private func recorded(_ trial: RolloutEvidence.Trial) -> Int {
        trial.recordedCovered + appliedCallWeight * trial.appliedCalls
    }

    /// New calls before which a canary cannot be promoted, at least 1.
    public func callsUntilPromotion(_ trial: RolloutEvidence.Trial) -> Int {
        let weight = max(appliedCallWeight, 1)
        let byRecord = (canaryRecordedCalls - recorded(trial) + weight - 1) / weight
        return max(1, min(canaryAppliedCalls - trial.appliedCalls, byRecord))
    }

    /// Whether a version would have been enough for every clean call since `moment` and the newest ones, and decides for
    /// those that missed.
    private func isEnough(
        _ version: Int,
        _ evidence: RolloutEvidence,
        since moment: Duration,
        for missed: [Int]
    ) -> Bool {
        guard let limits = evidence.limits[version] else { return false }
        let decides = missed.allSatisfy { index in
            guard let limit = limits[index], let need = evidence.calls[index].need else { return false }
            return limit.mayHold(need)
        }
        guard decides else { return false }
        let since = evidence.calls.indices.filter { evidence.calls[$0].receivedAt >= moment }
        let newest = evidence.window(newest: replayedCalls, missesSince: moment)
        return evidence.misses(of: limits, at: since) == 0 && evidence.misses(of: limits, at: newest) == 0
    }

    /// Whether a canary may become active.
    private func trial(
        of canary: RolloutVersion,
        _ state: RolloutState,
        _ evidence: RolloutEvidence,
        at now: Duration
    ) -> RolloutDecision {
        let trial = evidence.trial(of: canary)
        if trial.recordedMisses > 0 {
            // The fit that these asked for led to nothing better.
            return .move(
                .withdrawal,
                [RolloutChange(canary.version, to: .retired)],
                reason: "canary version \(canary.version) would not have been enough for "
                    + (trial.recordedMisses == 1 ? "a call" : "\(trial.recordedMisses) calls")
            )
        }
        if isTooTight(trial) {
            return .move(
                .withdrawal,
                [RolloutChange(canary.version, to: .retired)],
                reason: "canary version \(canary.version) is too tight: \(trial.appliedRescues) of "
                    + "\(trial.appliedCalls) calls had to be rescued"
            )
        }
        let clean = trial.appliedMisses == 0
        let byCalls = trial.appliedCalls >= canaryAppliedCalls
        let byRecord = recorded(trial) >= canaryRecordedCalls
        let end = canary.statusSince + canaryTime
        if clean, byCalls || byRecord && now >= end {
            var changes: [RolloutChange] = []
            if let active = state.active { changes.append(RolloutChange(active.version, to: .retired)) }
            changes.append(RolloutChange(canary.version, to: .active))
            let proof =
                byCalls
                ? "\(trial.appliedCalls) calls ran under it"
                : (trial.appliedCalls > 0 ? "\(trial.appliedCalls) calls ran under it and " : "")
                    + "it would have been enough for \(trial.recordedCovered) others"
            return .move(
                .promotion,
                changes,
                reason: "canary version \(canary.version) missed nothing: \(proof)"
            )
        }
        let state = "\(trial.appliedCalls) of \(canaryAppliedCalls) calls under it, "
        return .keep(
            reason: "version \(canary.version) is in canary: " + state
                + "\(trial.recordedCovered) of \(canaryRecordedCalls) others it would have covered",
            lookAgain: clean && byRecord ? end : nil
        )
    }
}

/// How often, in words.
func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
