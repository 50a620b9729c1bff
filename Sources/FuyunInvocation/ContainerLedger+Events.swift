public import Cgroup
public import FuyunPolicy
public import MemoryUnits

extension ContainerLedger {
    /// Someone else wrote `memory.max`, which now reads `found`; or it is time to look again (`recheckLimit`).
    ///
    /// - Idle: the platform gave the container another limit. It is the new ceiling.
    /// - In flight, back to the ceiling: systemd or a runtime has put its own value back. It is counted, and ours is
    ///   written again: at most every 100 ms and ten times per invocation, never below current + slack.
    /// - In flight, any other value: the new ceiling. One below our limit clamps it at once, by being there; one above
    ///   it is taken note of, and our limit written again as before.
    public mutating func overwritten(
        with found: MemoryLimit,
        current: Bytes?,
        at time: MonotonicTime
    ) -> LimiterActions {
        var actions = LimiterActions()
        guard !isGone else { return actions }
        guard found != appliedLimit else {
            overwrittenWith = nil
            // A write back to the ceiling had failed: try again.
            if isIdle, isManaged, appliedLimit != ceiling { apply(ceiling, &actions) }
            return actions
        }
        guard !isIdle, isManaged else {
            adopt(ceiling: found, &actions)
            return actions
        }
        if overwrittenWith != found {
            overwriteCount += 1
            for index in inFlight.indices { inFlight[index].overwrites += 1 }
            actions.notes.insert(.overwritten)
            if hasFoughtEnough {
                yield(to: found, &actions)
                return actions
            }
        }
        let wasAtCeiling = appliedLimit == ceiling
        if found != ceiling { adopt(ceiling: found, keepingApplied: true, &actions) }
        if wasAtCeiling || found.ceiling < appliedLimit.ceiling {
            overwrittenWith = nil
            appliedLimit = found
            noteEffectiveLimit()
            setTripwire(above: current, nil, at: time, &actions)
            return actions
        }
        overwrittenWith = found
        noteEffectiveLimit()
        reassert(current: current, at: time, &actions)
        return actions
    }

    private mutating func reassert(current: Bytes?, at time: MonotonicTime, _ actions: inout LimiterActions) {
        guard inFlight.contains(where: { $0.reasserts < settings.reassertBudget }) else {
            actions.notes.insert(.reassertBudgetSpent)
            appliedLimit = limitInForce
            overwrittenWith = nil
            return
        }
        if let last = lastReassert, time < last.advanced(by: settings.reassertInterval) {
            actions.recheckLimit = last.advanced(by: settings.reassertInterval)
            return
        }
        // A frozen container is looked at again when it thaws.
        guard !isFrozen else { return }
        guard let current else {
            actions.recheckLimit = time.advanced(by: settings.reassertInterval)
            return
        }
        lastReassert = time
        for index in inFlight.indices { inFlight[index].reasserts += 1 }
        let limit = max(appliedLimit.ceiling, settings.floor(above: current))
        overwrittenWith = nil
        appliedLimit = limit >= ceiling.ceiling ? ceiling : .bytes(limit)
        if appliedLimit != ceiling { actions.writeMax = appliedLimit }
        noteEffectiveLimit()
        actions.notes.insert(.reasserted)
    }

    /// Someone else wrote `memory.swap.max`, which now reads `found`.
    ///
    /// Swap makes a limit soft, and reverts by a reload are known to lose a swap limit of 0. So a wider value is taken
    /// back, within the same budget as for memory.max, where Fuyun limits the container at all; a narrower one is the
    /// platform's word.
    public mutating func swapOverwritten(with found: MemoryLimit, at time: MonotonicTime) -> LimiterActions {
        var actions = LimiterActions()
        guard !isGone, found != swapLimit else {
            swapOverwrittenWith = nil
            return actions
        }
        if swapOverwrittenWith != found { actions.notes.insert(.swapOverwritten) }
        swapOverwrittenWith = found
        let isWider = swapLimit.map { found.ceiling > $0.ceiling } ?? false
        guard let swapLimit, isWider, isManaged, hasEnforced, swapReasserts < settings.reassertBudget else {
            self.swapLimit = found
            swapOverwrittenWith = nil
            actions.notes.insert(.swapAdopted)
            if isManaged { actions.proposeUnitProperties = unitLimits }
            return actions
        }
        if let last = lastSwapReassert, time < last.advanced(by: settings.reassertInterval) {
            actions.recheckLimit = last.advanced(by: settings.reassertInterval)
            return actions
        }
        lastSwapReassert = time
        swapReasserts += 1
        swapOverwrittenWith = nil
        actions.writeSwapMax = swapLimit
        return actions
    }

    /// Something was read while invocations run or not: a sample, or because `memory.events` changed.
    public mutating func sampled(_ reading: MeterReading) {
        lastReading = reading.completed(from: lastReading)
        for index in inFlight.indices { inFlight[index].note(reading) }
        if isIdle, let stat = reading.stat { noteIdle(stat) }
    }

    /// The worker has given cache back, or tried to; `reading` is what it read afterwards, nil when it failed.
    public mutating func settled(_ reading: MeterReading?) -> LimiterActions {
        var actions = LimiterActions()
        isSettling = false
        if var reading {
            // Figures from before the last invocation say nothing of what it left behind.
            if settleBegan != invocationCount { reading.stat = nil }
            sampled(reading)
        } else {
            actions.notes.insert(.settleFailed)
        }
        settle(&actions)
        return actions
    }

    /// The container was frozen or thawed.
    ///
    /// What had to wait for the thaw is made up for.
    public mutating func frozen(_ isFrozen: Bool, at time: MonotonicTime) -> LimiterActions {
        var actions = LimiterActions()
        self.isFrozen = isFrozen
        if !isFrozen, !isGone, overwrittenWith != nil { actions.recheckLimit = time }
        settle(&actions)
        return actions
    }

    /// The least limit of the ancestors changed.
    public mutating func ancestorsChanged(to limit: MemoryLimit) {
        ancestorLimit = limit
        noteEffectiveLimit()
    }

    /// A write of `memory.max` failed; `actual` is what the file holds, nil when that is not known either.
    ///
    /// The ledger believes the file. When it was the write of a begin, the answer to that begin is the ledger's
    /// `appliedLimit` and `effectiveLimit`. In an idle container a limit below the ceiling is tried again, at
    /// `recheckLimit`.
    public mutating func limitWriteFailed(
        actual: MemoryLimit?,
        ofBegin id: InvocationID? = nil,
        at time: MonotonicTime
    ) -> LimiterActions {
        var actions = LimiterActions(notes: .writeFailed)
        guard !isGone else { return actions }
        appliedLimit = actual ?? ceiling
        overwrittenWith = nil
        if let id, let index = index(of: id) {
            inFlight[index].limit = appliedLimit
            inFlight[index].lowestLimit = .max
            inFlight[index].highestLimit = .zero
        }
        noteEffectiveLimit()
        setTripwire(above: nil, nil, at: time, &actions)
        if isIdle, appliedLimit != ceiling {
            actions.recheckLimit = time.advanced(by: settings.reassertInterval)
        }
        return actions
    }

    /// The cgroup was removed.
    ///
    /// What is in flight must now be ended, with `cgroupVanished`; these are the names.
    public mutating func removed() -> [InvocationID] {
        isGone = true
        return inFlight.map(\.facts.id)
    }

    /// The agent lets go of the container, to stop or because it is not to be managed any more: the limit goes to the
    /// ceiling at once and stays there; invocations in flight go on being observed.
    public mutating func released() -> LimiterActions {
        var actions = LimiterActions()
        guard isManaged, !isGone else { return actions }
        if limitInForce != ceiling { actions.writeMax = ceiling }
        overwrittenWith = nil
        appliedLimit = ceiling
        noteEffectiveLimit()
        liftTripwire(&actions)
        isManaged = false
        return actions
    }

    // MARK: - Shared by the events

    /// Takes the platform's new ceiling.
    mutating func adopt(
        ceiling found: MemoryLimit,
        keepingApplied: Bool = false,
        _ actions: inout LimiterActions
    ) {
        ceiling = found
        if !keepingApplied {
            appliedLimit = found
            overwrittenWith = nil
            noteEffectiveLimit()
        }
        guard isManaged else { return }
        actions.notes.insert(.ceilingAdopted)
        actions.storeCeiling = found
        actions.proposeUnitProperties = unitLimits
    }

    /// Makes `limit` the container's limit, with a write where the file holds another value.
    mutating func apply(_ limit: MemoryLimit, _ actions: inout LimiterActions) {
        guard limit != appliedLimit, isManaged, !isGone else { return }
        // An overwriter's wider value stands until the re-assertion that is due; it will write the new limit.
        let stands = overwrittenWith.map { $0.ceiling >= limit.ceiling } ?? false
        appliedLimit = limit
        if !stands {
            overwrittenWith = nil
            actions.writeMax = limit
        }
        noteEffectiveLimit()
    }

    mutating func noteEffectiveLimit() {
        let effective = min(limitInForce.ceiling, ancestorLimit.ceiling)
        for index in inFlight.indices { inFlight[index].note(effective: effective) }
    }
}
