import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import Logging
import MemoryUnits
import Systemd

extension Engine {
    /// The attribute in which a container's ceiling is kept where a restarted agent finds it.
    static let ceilingAttribute = "user.fuyun.ceiling"

    /// How long a proposal to systemd waits for a newer one.
    static let proposalDelay: Duration = .milliseconds(200)

    /// Performs what the ledger says, in the order of its fields.
    ///
    /// - Parameters:
    ///   - actions: What to do.
    ///   - container: Whose files are written.
    ///   - time: The event's time.
    ///   - begin: The call whose begin asked for it, so that a failed write is put down to it.
    /// - Returns: Whether the limit holds what the ledger wanted; false when a write of it failed.
    func perform(
        _ actions: LimiterActions,
        on container: ManagedContainer,
        at time: MonotonicTime,
        begin: InvocationID? = nil
    ) -> Bool {
        guard !container.isGone else { return false }
        var isWritten = true
        var followUp: LimiterActions?
        do {
            if let slot = actions.resetPeakWindow { try container.peakSlot(slot).window.begin() }
        } catch {
            note(error, on: container)
        }
        if let limit = actions.writeMax {
            do {
                try container.files.writeMax(limit)
                metrics.limiter.writes.increment()
            } catch {
                isWritten = false
                metrics.limiter.writeFailures.increment()
                note(error, on: container)
                followUp = container.ledger.limitWriteFailed(
                    actual: (try? container.files.readMax()) ?? nil,
                    ofBegin: begin,
                    at: time
                )
            }
        }
        if let level = actions.writeHigh, !writeTripwire(level, of: container) {
            _ = perform(container.ledger.tripwireRefused(), on: container, at: time)
        }
        if let limit = actions.writeSwapMax {
            do { try container.directory.setMemorySwapMax(limit) } catch { note(error, on: container) }
        }
        if let ceiling = actions.storeCeiling { store(ceiling, of: container) }
        if let limits = actions.proposeUnitProperties {
            container.proposal = limits
            propose(for: container)
        }
        if let request = actions.scheduleSettle { settle(request, container) }
        switch actions.sampling {
        case .start: startSampling(container)
        case .stop: container.isSampling = false
        case nil: break
        }
        if let moment = actions.recheckLimit { recheck(container, at: moment) }
        if !actions.notes.isEmpty { count(actions.notes, container) }
        if let followUp { _ = perform(followUp, on: container, at: time) }
        return isWritten
    }

    /// Writes `memory.high`; before the first tripwire it is noted down on the directory what the file held, so that
    /// whoever finds the tripwire can take it away.
    private func writeTripwire(_ level: MemoryLimit, of container: ManagedContainer) -> Bool {
        guard !container.isGone else { return true }
        do {
            if level != .max, !container.hasTripwireMark {
                guard try container.directory.setAttribute(RescueDesk.attribute, MemoryLimit.max.text) else {
                    metrics.rescue.refused.increment()
                    return false
                }
                container.hasTripwireMark = true
            }
            try container.files.writeHigh(level)
            return true
        } catch {
            metrics.rescue.refused.increment()
            note(error, on: container)
            return container.isGone || level == .max
        }
    }

    private func note(_ error: CgroupError, on container: ManagedContainer) {
        if error.code == .gone { return disappeared(container) }
        logger.warning("cannot write a container's cgroup", metadata: ["file": "\(error.file)", "error": "\(error)"])
    }

    private func count(_ notes: LimiterNotes, _ container: ManagedContainer) {
        if notes.contains(.overwritten) || notes.contains(.swapOverwritten) { metrics.limiter.overwrites.increment() }
        if notes.contains(.reasserted) { metrics.limiter.reassertions.increment() }
        if notes.contains(.ceilingAdopted) { metrics.limiter.ceilingsAdopted.increment() }
        if notes.contains(.held) { metrics.limiter.held.increment() }
        if notes.contains(.highOverwritten) { metrics.limiter.overwrites.increment() }
        if notes.contains(.observeOnly) {
            metrics.rescue.observeOnly.increment()
            logger.warning(
                "another process keeps writing a container's limits; it is only observed from now on",
                metadata: [
                    "container": "\(container.path)", "value": "\(container.ledger.yieldedTo?.text ?? "")",
                    "changes": "\(container.ledger.overwriteCount)",
                ]
            )
        }
        let words: [(LimiterNotes, Logger.Message)] = [
            (.reassertBudgetSpent, "another process keeps writing a container's limit; it stays as they want it"),
            (.functionMismatch, "a container names another function than its own; it gets no limit"),
            (.tooManyInFlight, "a container has more calls at once than are followed; it stays at its ceiling"),
            (.leftoverRaised, "raised a limit that an earlier run of the agent left"),
        ]
        for (note, message) in words where notes.contains(note) && !container.noted.contains(note) {
            container.noted.insert(note)
            logger.notice(message, metadata: ["container": "\(container.path)"])
        }
    }

    private func store(_ ceiling: MemoryLimit, of container: ManagedContainer) {
        let isStored = (try? container.directory.setAttribute(Self.ceilingAttribute, ceiling.text)) ?? false
        guard !isStored, !hasNoAttributes, !container.isGone else { return }
        hasNoAttributes = true
        logger.warning(
            "cannot store a container's ceiling as an attribute; a killed agent's limits will outlive it",
            metadata: ["container": "\(container.path)", "attribute": "\(Self.ceilingAttribute)"]
        )
    }

    // MARK: - Settling

    private func settle(_ request: SettleRequest, _ container: ManagedContainer) {
        let shared = Confined((self, container), to: loop)
        let deadline = configuration.limiter.settleDeadline
        let job = SettleJob(
            request: request,
            path: container.path,
            id: container.id,
            hierarchy: parts.hierarchy,
            deadline: deadline
        )
        let loop = loop
        let accepted = parts.settler.submit {
            let reading = job.run()
            loop.execute {
                let (engine, container) = shared.value
                engine.settled(container, reading)
            }
        }
        guard !accepted else { return }
        metrics.limiter.settleDropped.increment()
        _ = perform(container.ledger.settled(nil), on: container, at: Clocks.monotonic())
    }

    private func settled(_ container: ManagedContainer, _ reading: MeterReading?) {
        if reading == nil { metrics.limiter.settleFailures.increment() } else { metrics.limiter.settled.increment() }
        _ = perform(container.ledger.settled(reading), on: container, at: Clocks.monotonic())
    }

    // MARK: - Overwrites

    /// Looks at both limits as they are now, because someone may have written them.
    func lookAtLimits(of container: ManagedContainer) {
        let time = Clocks.monotonic()
        do {
            if let found = try container.files.readMax() {
                let current = try container.files.current()
                let actions = container.ledger.overwritten(with: found, current: current, at: time)
                _ = perform(actions, on: container, at: time)
            }
            if container.ledger.rescueSupport != .off, let found = try container.files.readHigh() {
                let current = try container.files.current()
                _ = perform(
                    container.ledger.highOverwritten(with: found, current: current, at: time),
                    on: container,
                    at: time
                )
            }
            if let found = try container.directory.memorySwapMax() {
                _ = perform(container.ledger.swapOverwritten(with: found, at: time), on: container, at: time)
            }
        } catch {
            note(error, on: container)
        }
    }

    private func recheck(_ container: ManagedContainer, at moment: MonotonicTime) {
        after(moment.since(Clocks.monotonic())) { [weak self] in
            guard let self, !container.isGone else { return }
            lookAtLimits(of: container)
        }
    }

    // MARK: - systemd

    /// Tells systemd of a container's ceiling, when it owns the very cgroup, and not before the container was used: a scope
    /// that is just being made has no limit yet, and a proposal of that would undo its maker's.
    func propose(for container: ManagedContainer) {
        guard container.proposal != nil, !container.hasProposalTimer, let bus = parts.bus,
            configuration.systemdCeilings, container.ledger.invocationCount > 0,
            let unit = UnitName.owning(cgroupPath: container.path), container.path.hasSuffix("/" + unit)
        else { return }
        container.hasProposalTimer = true
        after(Self.proposalDelay) { [weak self] in
            container.hasProposalTimer = false
            guard let self, !container.isGone, let limits = container.proposal else { return }
            container.proposal = nil
            metrics.limiter.proposals.increment()
            let (metrics, logger) = (metrics, logger)
            Task {
                do {
                    try await bus.setUnitProperties(unit: unit, limits.properties)
                } catch {
                    metrics.limiter.proposalFailures.increment()
                    logger.warning("systemd refused a ceiling", metadata: ["unit": "\(unit)", "error": "\(error)"])
                }
            }
        }
    }
}

extension UnitLimits {
    /// The limits as systemd's properties.
    fileprivate var properties: [UnitProperty] {
        func bytes(_ limit: MemoryLimit) -> Bytes? { limit == .max ? nil : limit.ceiling }
        var properties = [UnitProperty(.memoryMax, bytes(memoryMax))]
        if let swapMax { properties.append(UnitProperty(.memorySwapMax, bytes(swapMax))) }
        return properties
    }
}

extension MemoryLimit {
    /// The limit as a limit file has it.
    var text: String {
        switch self {
        case .max: "max"
        case .bytes(let bytes): String(bytes.rawValue)
        }
    }

    /// Reads a limit as a limit file has it; nil when it is none.
    init?(text: String) {
        if text == "max" {
            self = .max
        } else if let count = UInt64(text) {
            self = .bytes(Bytes(count))
        } else {
            return nil
        }
    }
}
