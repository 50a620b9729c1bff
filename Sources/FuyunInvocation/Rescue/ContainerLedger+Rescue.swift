public import Cgroup
public import MemoryUnits

/// Whether calls of a container can be rescued.
public enum RescueSupport: String, Hashable, Sendable {
    /// A tripwire can be set.
    case available
    /// There is no `memory.high` here, or it is not to be used.
    case off
    /// Somebody else uses this container's `memory.high`.
    case foreign
    /// It could not be written, or what it held could not be noted down.
    case refused

    /// What was found of `memory.high`: anything but `max` is somebody else's, unless an earlier run of the agent left it.
    init(_ facts: AdmissionFacts) {
        guard facts.isRescueOn, let found = facts.highFound else {
            self = .off
            return
        }
        self = found == .max || facts.storedHigh == .max ? .available : .foreign
    }
}

extension ContainerLedger {
    /// Whether a call that begins now, with a limit below the ceiling, would be rescued when it needs more.
    ///
    /// Then its decision may use the policy's tight bound.
    public var isRescuable: Bool { isManaged && !isGone && !isGivenUp && rescueSupport == .available }

    /// Whether a tripwire is set.
    public var isArmed: Bool { tripwireLevel != .max }

    /// The limit with which the calls in flight began: the widest of them; nil when idle.
    public var limitAtBegin: Bytes? { inFlight.lazy.map { $0.limit.ceiling }.max() }

    /// Something was read because `memory.events` changed or it is time to look, and says whether the container needs more.
    ///
    /// Nil: leave it alone. At its ceiling, or where its ancestors allow no more, a container loses its tripwire: then
    /// the platform's own limit is what counts.
    public mutating func tripped(
        _ reading: MeterReading,
        at time: MonotonicTime
    ) -> (need: RescueNeed?, actions: LimiterActions) {
        var actions = LimiterActions()
        guard case .bytes(let level) = tripwireLevel, !isIdle, !isGone, var watch = tripwire else {
            return (nil, actions)
        }
        let limit = min(limitInForce.ceiling, appliedLimit.ceiling)
        let need = watch.look(reading, level: level, limit: limit, settings.rescue, at: time)
        tripwire = watch
        guard var need else { return (nil, actions) }
        let greatest = min(ceiling.ceiling, ancestorLimit.ceiling)
        guard limit < greatest else {
            liftTripwire(&actions)
            return (nil, actions)
        }
        need.wanted = min(need.wanted.roundedUp(toMultipleOf: settings.pageSize), greatest)
        return (need, actions)
    }

    /// The node has room: the limit goes up to save the calls in flight, `memory.max` first and the tripwire after it.
    public mutating func rescued(
        to limit: Bytes,
        for reason: RescueReason,
        current: Bytes?,
        at time: MonotonicTime
    ) -> LimiterActions {
        var actions = LimiterActions()
        guard isArmed, !isIdle, isManaged, !isGone else { return actions }
        let greatest = min(ceiling.ceiling, ancestorLimit.ceiling)
        let raised = min(limit.roundedDown(toMultipleOf: settings.pageSize), greatest)
        guard raised > appliedLimit.ceiling else { return actions }
        apply(raised >= ceiling.ceiling ? ceiling : .bytes(raised), &actions)
        for index in inFlight.indices {
            inFlight[index].raises += 1
            if reason == .thrashing { inFlight[index].wasThrashing = true }
        }
        setTripwire(above: current, nil, at: time, &actions)
        return actions
    }

    /// No room will come: the calls in flight go on under their own limit, without a tripwire.
    public mutating func givenUp() -> LimiterActions {
        var actions = LimiterActions()
        guard !isIdle, !isGone else { return actions }
        isGivenUp = true
        liftTripwire(&actions)
        return actions
    }

    /// A write of `memory.high` failed, or must not be done: there is no tripwire here any more, and the calls in flight
    /// get the ceiling, as their limit may have been decided with a rescue in mind.
    public mutating func tripwireRefused() -> LimiterActions {
        var actions = LimiterActions(notes: .writeFailed)
        rescueSupport = .refused
        tripwireLevel = .max
        tripwire = nil
        guard !isIdle, isManaged, !isGone else { return actions }
        apply(ceiling, &actions)
        return actions
    }

    /// Someone else wrote `memory.high`, which now reads `found`.
    ///
    /// While a tripwire is set it is set again, within the same budget as for the limit. While none is, a value means
    /// that somebody else uses the file, and then Fuyun does not.
    public mutating func highOverwritten(
        with found: MemoryLimit,
        current: Bytes?,
        at time: MonotonicTime
    ) -> LimiterActions {
        var actions = LimiterActions()
        guard !isGone, found != tripwireLevel, rescueSupport != .off, rescueSupport != .refused else { return actions }
        guard isArmed else {
            rescueSupport = found == .max ? .available : .foreign
            return actions
        }
        overwriteCount += 1
        for index in inFlight.indices { inFlight[index].overwrites += 1 }
        actions.notes.insert(.highOverwritten)
        if hasFoughtEnough {
            tripwireLevel = .max
            yield(to: found, &actions)
            return actions
        }
        guard inFlight.contains(where: { $0.reasserts < settings.reassertBudget }), current != nil else {
            // What they wrote stays for this run, which is not rescued then: at its ceiling it does not need to be.
            rescueSupport = found == .max ? .available : .foreign
            tripwireLevel = .max
            tripwire = nil
            isGivenUp = true
            apply(ceiling, &actions)
            return actions
        }
        for index in inFlight.indices { inFlight[index].reasserts += 1 }
        tripwireLevel = .max
        setTripwire(above: current, nil, at: time, &actions)
        actions.notes.insert(.reasserted)
        return actions
    }

    // MARK: - The tripwire

    /// Puts the tripwire where the limit of now wants it, or takes it away.
    ///
    /// `memory.high` is never written below `memory.current` and half its slack: that would reclaim in the writer, so in
    /// the agent. It is never above the limit either; where there is no room between the two there is no tripwire.
    mutating func setTripwire(
        above current: Bytes?,
        _ reading: MeterReading?,
        at time: MonotonicTime,
        _ actions: inout LimiterActions
    ) {
        let level = level(above: current)
        if level == .max {
            liftTripwire(&actions)
            return
        }
        if tripwire == nil { tripwire = Tripwire((reading ?? MeterReading()).completed(from: lastReading), at: time) }
        guard level != tripwireLevel else { return }
        tripwireLevel = level
        actions.writeHigh = level
    }

    private func level(above current: Bytes?) -> MemoryLimit {
        guard isRescuable, !isIdle, case .bytes(let limit) = appliedLimit, limit < ceiling.ceiling else { return .max }
        var level = limit - settings.rescue.margin(below: limit)
        if let current {
            level = max(level, current + Bytes(settings.slack(above: current).rawValue / 2))
        } else if case .bytes(let known) = tripwireLevel {
            level = max(level, known)
        } else {
            return .max
        }
        level = level.roundedUp(toMultipleOf: settings.pageSize)
        return level < limit ? .bytes(level) : .max
    }

    mutating func liftTripwire(_ actions: inout LimiterActions) {
        tripwire = nil
        guard tripwireLevel != .max else {
            actions.writeHigh = nil
            return
        }
        tripwireLevel = .max
        if !isGone { actions.writeHigh = .max }
    }

    /// Takes away a tripwire that an earlier run of the agent left.
    mutating func takeBackTripwire(_ facts: AdmissionFacts, _ actions: inout LimiterActions) {
        guard let stored = facts.storedHigh, let found = facts.highFound, found != stored else { return }
        actions.writeHigh = stored
        actions.notes.insert(.leftoverRaised)
    }

    // MARK: - Fights

    /// Whether someone else has changed this container's limits so often that Fuyun leaves them alone.
    var hasFoughtEnough: Bool { settings.fightLimit > 0 && overwriteCount >= settings.fightLimit }

    /// Leaves the container to who else writes its limits: it is only observed from now on.
    mutating func yield(to found: MemoryLimit, _ actions: inout LimiterActions) {
        yieldedTo = found
        overwrittenWith = nil
        actions.writeMax = nil
        if !actions.notes.contains(.highOverwritten) {
            // The value stays as they want it; a ceiling that they gave is the container's.
            appliedLimit = found
            if found.ceiling > ceiling.ceiling { ceiling = found }
        } else if limitInForce != ceiling {
            actions.writeMax = ceiling
            appliedLimit = ceiling
        }
        noteEffectiveLimit()
        liftTripwire(&actions)
        isManaged = false
        actions.notes.insert(.observeOnly)
    }

    // MARK: - The observation

    /// How often a call was saved: raises that it turned out to need.
    ///
    /// The tripwire lies below the limit, so that a call may touch it and be raised without ever needing more than it
    /// was given; that is no miss.
    func rescues(of run: InFlightInvocation, peak: Bytes?) -> Int {
        guard run.raises > 0 else { return 0 }
        if run.wasThrashing { return run.raises }
        guard let used = peak ?? run.highestCurrent else { return run.raises }
        return used > run.limit.ceiling ? run.raises : 0
    }

    /// How often a run was slowed down at its limit, the tripwire below it included.
    func limitHits(_ events: MemoryEvents?) -> UInt64? {
        guard let events else { return nil }
        guard rescueSupport == .available else { return events.max }
        guard let max = events.max else { return events.high }
        return max + (events.high ?? 0)
    }
}
