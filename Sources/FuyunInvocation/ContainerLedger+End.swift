import Cgroup
import MemoryUnits

extension ContainerLedger {
    /// An invocation ended, by report or because its connection, its container or the agent goes away (`abandoned`).
    ///
    /// Nil when no such invocation is in flight: it ended before, or another run of the agent began it
    /// (`Observation.unknown` accounts for that one). The last end takes the limit back to the ceiling.
    public mutating func ended(_ end: EndFacts) -> EndOutcome? {
        guard let index = index(of: end.id) else { return nil }
        var actions = LimiterActions()
        inFlight[index].note(end.reading)
        inFlight[index].machine.handle(end.outcome == .abandoned ? .abandon : .end)
        let observation = observe(inFlight[index], end)
        let slot = inFlight[index].slot
        inFlight.swapAt(index, inFlight.count - 1)
        inFlight.removeLast()
        slots &= ~(1 << UInt64(slot))
        lastReading = end.reading.completed(from: lastReading)
        lastReading.current = end.reading.current
        if end.cgroupVanished { isGone = true }
        noteForeignCeiling(end.limitFound, &actions)
        if isIdle { becameIdle(end.reading, &actions) }
        return EndOutcome(observation: observation, slot: slot, actions: actions)
    }

    /// The last invocation is over: back to the ceiling, and give cache back.
    private mutating func becameIdle(_ reading: MeterReading, _ actions: inout LimiterActions) {
        actions.sampling = .stop
        lastReassert = nil
        swapReasserts = 0
        isGivenUp = false
        if let stat = reading.stat { noteIdle(stat) }
        guard isManaged, !isGone else { return }
        if limitInForce != ceiling { actions.writeMax = ceiling }
        appliedLimit = ceiling
        overwrittenWith = nil
        liftTripwire(&actions)
        settleIsDue = hasEnforced
        settle(&actions)
    }

    /// In a container that has just become idle, a value that is neither ours nor the known ceiling is a new ceiling
    /// whose notice has not come yet.
    private mutating func noteForeignCeiling(_ found: MemoryLimit?, _ actions: inout LimiterActions) {
        guard let found, isIdle, !isGone, found != appliedLimit, found != ceiling else { return }
        adopt(ceiling: found, keepingApplied: found.ceiling > appliedLimit.ceiling, &actions)
        overwrittenWith = found == appliedLimit ? nil : found
    }

    mutating func noteIdle(_ stat: MemoryStat) {
        idleResident = stat.nonReclaimable
        idleResidentIsStale = false
    }

    /// Orders the worker to give cache back where that is due, possible, and worth it.
    mutating func settle(_ actions: inout LimiterActions) {
        guard settleIsDue, isIdle, isManaged, !isGone, !isFrozen, !isSettling else { return }
        settleIsDue = false
        let target = (idleResident ?? .zero) + settings.cacheAllowance
        // With a fresh reading small gains are left alone; without one the worker has to look, and tells what it saw.
        if !idleResidentIsStale, let current = lastReading.current, current <= target + settings.minimumSlack { return }
        isSettling = true
        settleBegan = invocationCount
        actions.scheduleSettle = SettleRequest(target: target, cacheAllowance: settings.cacheAllowance)
    }

    private func observe(_ run: InFlightInvocation, _ end: EndFacts) -> Observation {
        let begin = run.facts
        let reading = end.reading
        // Counters that were read before the cgroup went away prove a kill, but never that there was none.
        let events = growth(reading.events, run.latestEvents, since: begin.reading.events)
        let local = growth(reading.localEvents, run.latestLocalEvents, since: begin.reading.localEvents)
        let verdict = classify(run, end, events: events, local: local)
        let duration = end.time.since(begin.time)
        let stall = reading.pressure.flatMap { now in begin.reading.pressure.map { now.since($0) } }
        let killed = (events?.oomKill ?? 0) > 0 || verdict.oomClass != nil
        let thrash = settings.thrash.judge(
            stall: stall,
            limitHits: limitHits(local ?? events),
            killed: killed,
            duration: duration
        )
        let need = NeedInterval(
            highestResident: run.highestResident ?? .zero,
            peak: end.peak,
            lowestLimit: run.lowestLimit,
            highestLimit: run.highestLimit,
            succeeded: end.outcome == .success,
            verdict: verdict
        )
        return Observation(
            id: begin.id,
            activation: begin.activation,
            function: begin.function,
            container: id,
            path: path,
            beganAt: begin.epochMilliseconds,
            endedAt: end.epochMilliseconds,
            duration: duration,
            reportedDuration: end.reportedDuration,
            decision: begin.decision,
            shadow: begin.shadow,
            mode: begin.mode,
            reason: run.reason,
            features: begin.features,
            limit: run.limit,
            lowestLimit: run.lowestLimit,
            highestLimit: run.highestLimit,
            ceiling: ceiling,
            isHeld: run.isHeld,
            peak: end.peak,
            residentAtStart: begin.reading.stat?.nonReclaimable,
            residentAtEnd: reading.stat?.nonReclaimable,
            highestResident: run.highestResident,
            need: need,
            events: events,
            localEvents: local,
            stall: stall,
            thrash: thrash,
            outcome: end.outcome,
            exitStatus: end.exitStatus,
            httpStatus: end.httpStatus,
            verdict: verdict,
            warmIndex: run.warmIndex,
            concurrency: run.concurrency,
            overwrites: run.overwrites,
            reasserts: run.reasserts,
            rescues: rescues(of: run, peak: end.peak?.bytes),
            isKnown: true
        )
    }

    private func growth(
        _ now: MemoryEvents?,
        _ latest: MemoryEvents?,
        since begin: MemoryEvents?
    ) -> MemoryEvents? {
        guard let begin else { return nil }
        if let now { return now.since(begin) }
        guard let seen = latest?.since(begin), (seen.oom ?? 0) > 0 || (seen.oomKill ?? 0) > 0 else { return nil }
        return seen
    }

    private func classify(
        _ run: InFlightInvocation,
        _ end: EndFacts,
        events: MemoryEvents?,
        local: MemoryEvents?
    ) -> OOMVerdict {
        let userspace = end.reading.userspaceKills.flatMap { now in
            run.facts.reading.userspaceKills.map { now > $0 ? now - $0 : 0 }
        }
        // The common case by far: the function answered, and no counter moved.
        if end.outcome == .success, let events, events.oom ?? 0 == 0, events.oomKill ?? 0 == 0, userspace ?? 0 == 0 {
            return .none
        }
        let before = run.facts.reading.ancestors
        let ancestors = end.reading.ancestors.flatMap { now in before.map { AncestorReading.growth(of: now, since: $0) }
        }
        let highest = end.peak?.bytes ?? run.highestCurrent
        let nearLimit = run.lowestLimit == .max ? nil : highest.map { $0 >= run.lowestLimit.scaled(by: 0.9) }
        return OOMClassifier.classify(
            OOMEvidence(
                events: events,
                localEvents: local,
                killsAsGroup: end.killsAsGroup,
                ancestors: ancestors,
                userspaceKills: userspace,
                unitResultIsOOM: end.unitResultIsOOM,
                outcome: end.outcome,
                exitStatus: end.exitStatus,
                httpStatus: end.httpStatus,
                deadlinePassed: end.deadlinePassed,
                cgroupVanished: end.cgroupVanished,
                populated: end.populated,
                nearLimit: nearLimit
            )
        )
    }
}

extension AncestorReading {
    /// The growth of each ancestor's counters; one that was not there before is left out.
    static func growth(of now: [AncestorReading], since before: [AncestorReading]) -> [AncestorReading] {
        now.compactMap { reading in
            guard let old = before.first(where: { $0.path == reading.path }) else { return nil }
            return AncestorReading(
                path: reading.path,
                isContainerScope: reading.isContainerScope,
                local: reading.local.flatMap { now in old.local.map { now.since($0) } },
                events: reading.events.flatMap { now in old.events.map { now.since($0) } }
            )
        }
    }
}

extension PressureStall {
    /// How far both totals moved since `earlier`, never below zero.
    func since(_ earlier: PressureStall) -> PressureStall {
        PressureStall(some: max(some - earlier.some, .zero), full: max(full - earlier.full, .zero))
    }
}
