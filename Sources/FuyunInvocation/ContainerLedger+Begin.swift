import Cgroup
import FuyunPolicy
import MemoryUnits

extension ContainerLedger {
    /// An invocation begins.
    ///
    /// The answer says what to write before the function may see its payload.
    ///
    /// Costs a pass over the invocations in flight, and allocates only when their table grows.
    public mutating func began(_ begin: BeginFacts) -> BeginOutcome {
        var actions = LimiterActions()
        let warmIndex = invocationCount
        if let found = begin.limitFound, found != limitInForce {
            actions = overwritten(with: found, current: begin.reading.current, at: begin.time)
        }
        guard index(of: begin.id) == nil else {
            actions.notes.insert(.duplicateBegin)
            return refusal(.tooManyInFlight, warmIndex: warmIndex, actions: actions)
        }
        guard inFlight.count < settings.maximumConcurrency else {
            return overflow(at: begin.time, warmIndex: warmIndex, actions: actions)
        }
        invocationCount += 1
        let (claim, reason) = claim(of: begin, &actions)
        var facts = begin
        facts.reading = begin.reading.completed(from: lastReading)
        // The figures of the begin must be the begin's own: an old memory.current says nothing of now.
        facts.reading.current = begin.reading.current
        facts.reading.stat = begin.reading.stat ?? (idleResidentIsStale ? nil : lastReading.stat)

        let placement = place(claim, reason: reason, at: begin)
        apply(placement.limit, &actions)
        if placement.isHeld { actions.notes.insert(.held) }
        let slot = UInt8(truncatingIfNeeded: (~slots).trailingZeroBitCount)
        slots |= 1 << UInt64(slot)
        actions.resetPeakWindow = slot
        if isIdle { actions.sampling = .start }

        var machine = InvocationMachine()
        machine.handle(.run)
        let inForce = min(limitInForce.ceiling, ancestorLimit.ceiling)
        inFlight.append(
            InFlightInvocation(
                facts: facts,
                slot: slot,
                machine: machine,
                reason: placement.reason,
                isHeld: placement.isHeld,
                warmIndex: warmIndex,
                limit: appliedLimit,
                lowestLimit: inForce,
                highestLimit: inForce,
                concurrency: inFlight.count + 1,
                highestResident: facts.reading.stat?.nonReclaimable,
                highestCurrent: begin.reading.current,
                claim: claim,
                latestEvents: nil,
                latestLocalEvents: nil
            )
        )
        for index in inFlight.indices { inFlight[index].concurrency = max(inFlight[index].concurrency, inFlight.count) }
        lastReading = begin.reading.completed(from: lastReading)
        idleResidentIsStale = true
        if inFlight.count == 1 { swapReasserts = 0 }
        setTripwire(above: begin.reading.current, begin.reading, at: begin.time, &actions)
        return BeginOutcome(
            isTracked: true,
            slot: slot,
            limit: appliedLimit,
            effectiveLimit: effectiveLimit,
            isApplied: placement.reason == .policy || placement.reason == .preset,
            isHeld: placement.isHeld,
            reason: placement.reason,
            warmIndex: warmIndex,
            concurrency: inFlight.count,
            actions: actions
        )
    }

    /// What an invocation asks of the limit, and why.
    private mutating func claim(
        of begin: BeginFacts,
        _ actions: inout LimiterActions
    ) -> (LimitClaim, LimitReason) {
        if binding.claim(begin.function, by: begin.claimant) == .mismatch {
            actions.notes.insert(.functionMismatch)
            return (.untouched, .functionMismatch)
        }
        guard isManaged, !isGone else { return (.untouched, .unmanaged) }
        guard let decision = begin.decision?.decision else { return (.untouched, .noPolicy) }
        switch begin.mode {
        case .observe: return (.untouched, .observe)
        case .shadow: return (.untouched, .shadow)
        case .canary where !begin.isInCanaryShare: return (.untouched, .canaryRest)
        case .canary, .enforce: break
        }
        if let ends = overflowEnds {
            if begin.time < ends { return (.untouched, .tooManyInFlight) }
            overflowEnds = nil
        }
        hasEnforced = true
        guard decision.reason == .policy else { return (.preset(decision.limit), .preset) }
        return (.decided(base: decision.limit - decision.inputPart, inputPart: decision.inputPart), .policy)
    }

    private struct Placement {
        var limit: MemoryLimit
        var isHeld = false
        var reason: LimitReason
    }

    /// Where the limit goes when `claim` joins the claims in flight.
    private func place(_ claim: LimitClaim, reason: LimitReason, at begin: BeginFacts) -> Placement {
        guard let wanted = wanted(with: claim, at: begin) else {
            let isOwnWish = claim == .untouched
            return Placement(limit: isManaged ? ceiling : appliedLimit, reason: isOwnWish ? reason : .concurrent)
        }
        var limit = min(wanted.roundedUp(toMultipleOf: settings.pageSize), ceiling.ceiling, ancestorLimit.ceiling)
        if !isIdle { limit = max(limit, appliedLimit.ceiling) }
        if limit < appliedLimit.ceiling {
            if isFrozen { return Placement(limit: appliedLimit, reason: .frozen) }
            if begin.reading.current == nil { return Placement(limit: appliedLimit, reason: .useUnknown) }
        }
        var isHeld = false
        if limit != appliedLimit.ceiling {
            // For a raise the limit in force will do where the use is not known, as the use cannot be above it.
            let floor = settings.floor(above: begin.reading.current ?? limitInForce.ceiling)
            isHeld = floor > limit && limit < ceiling.ceiling
            limit = max(limit, floor)
        }
        return Placement(limit: limit >= ceiling.ceiling ? ceiling : .bytes(limit), isHeld: isHeld, reason: reason)
    }

    /// What all claims together want; nil when one of them wants the ceiling.
    ///
    /// The base of the function once (the widest that any call in flight gives it), or what the container already holds
    /// when that is more, and the input-dependent part of every call.
    private func wanted(with claim: LimitClaim, at begin: BeginFacts) -> Bytes? {
        var base = Bytes.zero
        var parts = Bytes.zero
        var hasDecision = false
        func add(_ claim: LimitClaim) -> Bool {
            switch claim {
            case .untouched: return false
            case .preset(let preset): base = max(base, preset)
            case .decided(let own, let part):
                base = max(base, own)
                parts += part
                hasDecision = true
            }
            return true
        }
        guard add(claim) else { return nil }
        for other in inFlight where !add(other.claim) { return nil }
        guard hasDecision else { return base }
        if isIdle {
            return max(base, begin.reading.stat?.nonReclaimable ?? knownIdleResident ?? begin.reading.current ?? .zero)
                + parts
        }
        var wanted = max(base, idleResident ?? .zero) + parts
        // What is held now includes what the other calls hold, who may want more of their part yet: a lower bound only.
        if case .decided(_, let part) = claim, let resident = begin.reading.stat?.nonReclaimable {
            wanted = max(wanted, resident + part)
        }
        return wanted
    }

    private var knownIdleResident: Bytes? { idleResidentIsStale ? nil : idleResident }

    /// Too many at once: the invocation is let go without being followed, at the ceiling.
    private mutating func overflow(
        at time: MonotonicTime,
        warmIndex: UInt64,
        actions: LimiterActions
    ) -> BeginOutcome {
        var actions = actions
        untrackedCount += 1
        overflowEnds = time.advanced(by: settings.overflowPause)
        if isManaged { apply(ceiling, &actions) }
        liftTripwire(&actions)
        actions.notes.insert(.tooManyInFlight)
        return refusal(.tooManyInFlight, warmIndex: warmIndex, actions: actions)
    }

    private func refusal(_ reason: LimitReason, warmIndex: UInt64, actions: LimiterActions) -> BeginOutcome {
        BeginOutcome(
            isTracked: false,
            slot: 0,
            limit: appliedLimit,
            effectiveLimit: effectiveLimit,
            isApplied: false,
            isHeld: false,
            reason: reason,
            warmIndex: warmIndex,
            concurrency: inFlight.count,
            actions: actions
        )
    }
}
