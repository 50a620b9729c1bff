import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import Logging
import MemoryUnits

/// Saves calls in flight that need more than they were given: looks when the kernel says that a tripwire was touched, asks
/// the book for room, and has both limits raised.
///
/// It lives on the event loop. What it does per event: three short reads and two writes; nothing waits. A raise is
/// followed by looks of its own for a while, since the kernel tells of a cgroup's events at most once in 10 ms.
final class RescueDesk {
    /// The attribute in which it is noted down what `memory.high` held before the first tripwire.
    static let attribute = "user.fuyun.high"

    /// When a container is looked at again after a raise; a raise begins anew.
    static let followUps: [Duration] = [
        .milliseconds(2), .milliseconds(4), .milliseconds(8), .milliseconds(16), .milliseconds(32),
    ]

    /// For how long touches are not looked at after one that was for nothing; doubles up to `longestQuiet`.
    static let quiet: Duration = .milliseconds(5)
    /// Where that doubling ends.
    static let longestQuiet: Duration = .milliseconds(40)

    /// How often those who wait are looked at.
    static let tick: Duration = .milliseconds(50)

    private struct Case {
        let container: ManagedContainer
        var reason: RescueReason
        /// Follow-ups of an older raise are void.
        var round = 0
    }

    private unowned let engine: Engine
    private let availableMemory: () -> Bytes?
    private var book: RescueBook
    private var cases: [CgroupID: Case] = [:]
    private var isTicking = false
    private var isBatching = false

    init(engine: Engine, availableMemory: @escaping () -> Bytes?) {
        self.engine = engine
        self.availableMemory = availableMemory
        book = RescueBook(RescueBounds(engine.configuration.rescue))
    }

    /// Takes a new configuration into use.
    func reconfigure(_ configuration: AgentConfiguration.Rescue) { book.bounds = RescueBounds(configuration) }

    /// How many containers wait for room.
    var waitingCount: Int { book.waitingCount }

    /// What all rescues in flight have above what their calls began with.
    var granted: Bytes { book.granted }

    // MARK: - Looking

    /// Looks at several containers before any of them gets room, so that the order of those who ask in the same moment is
    /// the stated one and not that of their events.
    func batch(_ body: () -> Void) {
        isBatching = true
        body()
        isBatching = false
        if book.waitingCount > 0 { settle(at: Clocks.monotonic()) }
    }

    /// The kernel says that a counter of an armed container moved; it says so a hundred times a second of each that is slowed
    /// down, so that those who wait, or touch their tripwire with page cache only, are not looked at every time.
    ///
    /// - Returns: Whether it was looked at.
    func touched(_ container: ManagedContainer) -> Bool {
        if book.isWaiting(container.id) { return false }
        if let quiet = container.quiet, Clocks.monotonic() < quiet.until { return false }
        look(at: container)
        return true
    }

    /// Looks at an armed container.
    private func look(at container: ManagedContainer) {
        guard let reading = try? engine.meter.tripwire(container) else { return }
        look(at: container, reading)
    }

    /// Looks at what was read of an armed container.
    func look(at container: ManagedContainer, _ reading: MeterReading) {
        let time = Clocks.monotonic()
        let (need, actions) = container.ledger.tripped(reading, at: time)
        if !actions.isEmpty { _ = engine.perform(actions, on: container, at: time) }
        if let need {
            container.quiet = nil
            ask(for: container, need, at: time)
        } else {
            let length = min((container.quiet?.length ?? Self.quiet / 2) * 2, Self.longestQuiet)
            container.quiet = (time.advanced(by: length), length)
        }
        container.ledger.sampled(reading)
    }

    private func ask(for container: ManagedContainer, _ need: RescueNeed, at time: MonotonicTime) {
        guard !container.isGone, let function = container.ledger.function else { return }
        let ledger = container.ledger
        engine.metrics.rescue.trips.increment()
        cases[container.id, default: Case(container: container, reason: need.reason)].reason = need.reason
        book.ask(
            RescueRequest(
                container: container.id,
                function: function,
                priority: engine.grant(for: function).rescuePriority,
                granted: ledger.limitAtBegin ?? ledger.appliedLimit.ceiling,
                limit: ledger.appliedLimit.ceiling,
                wanted: need.wanted,
                current: need.current,
                greatest: greatestLimit(of: container, current: need.current)
            ),
            at: time
        )
        if !isBatching { settle(at: time) }
    }

    /// The greatest limit that ceiling and ancestors allow: an ancestor's room is what its limit leaves above its use.
    private func greatestLimit(of container: ManagedContainer, current: Bytes) -> Bytes {
        var greatest = container.ledger.ceiling.ceiling
        for level in container.ancestors.levels {
            guard case .some(.bytes(let limit)) = try? level.limit() else { continue }
            if level.directory.path == container.identity.path {
                greatest = min(greatest, limit)
            } else if case .some(.some(let use)) = try? level.directory.memoryCurrent() {
                greatest = min(greatest, current + (limit - use))
            }
        }
        return greatest
    }

    // MARK: - Room

    private func settle(at time: MonotonicTime) {
        for grant in book.settle(available: availableMemory(), at: time) { raise(grant, at: time) }
        guard book.waitingCount > 0 else { return }
        // What was promised and is used by now counts twice until it is looked at.
        refresh()
        for grant in book.settle(available: availableMemory(), at: time) { raise(grant, at: time) }
        if book.waitingCount > 0 { startTicking() }
    }

    private func refresh() {
        for id in book.containers {
            guard let known = cases[id], !known.container.isGone else {
                forget(id)
                continue
            }
            if case .some(.some(let current)) = try? known.container.files.current() {
                book.uses(current, container: id)
            }
        }
    }

    private func raise(_ grant: RescueGrant, at time: MonotonicTime) {
        guard let known = cases[grant.container] else { return book.ended(grant.container) }
        let container = known.container
        let before = container.ledger.appliedLimit
        let current = (try? container.files.current()) ?? nil
        let actions = container.ledger.rescued(to: grant.limit, for: known.reason, current: current, at: time)
        guard actions.writeMax != nil else { return forget(grant.container) }
        _ = engine.perform(actions, on: container, at: time)
        engine.metrics.rescue.raises[known.reason]?.increment()
        engine.metrics.rescue.granted.set(Double(book.granted.rawValue))
        engine.metrics.rescue.latency.recordNanoseconds(Clocks.monotonic().since(time).wholeNanoseconds)
        engine.logger.debug(
            "raised the limit of a call in flight",
            metadata: [
                "container": "\(container.path)", "function": "\(container.ledger.function ?? "")",
                "reason": "\(known.reason.rawValue)", "from": "\(before.ceiling)", "to": "\(grant.limit)",
            ]
        )
        cases[grant.container]?.round += 1
        followUp(grant.container, round: known.round + 1, step: 0)
    }

    private func followUp(_ id: CgroupID, round: Int, step: Int) {
        guard step < Self.followUps.count else { return }
        engine.after(Self.followUps[step]) { [weak self] in
            guard let self, let known = cases[id], known.round == round, !known.container.isGone,
                known.container.ledger.isArmed
            else { return }
            if case .bytes(let level) = known.container.ledger.tripwireLevel,
                case .some(.some(let current)) = try? known.container.files.current(), current >= level
            {
                look(at: known.container)
            }
            followUp(id, round: round, step: step + 1)
        }
    }

    // MARK: - Waiting

    private func startTicking() {
        guard !isTicking else { return }
        isTicking = true
        engine.metrics.rescue.waits.increment()
        tickLater()
    }

    private func tickLater() {
        engine.after(Self.tick) { [weak self] in
            guard let self else { return }
            let time = Clocks.monotonic()
            refresh()
            for grant in book.settle(available: availableMemory(), at: time) { raise(grant, at: time) }
            if let id = book.giveUp(at: time) { giveUp(id, at: time) }
            engine.metrics.rescue.waiting.set(book.waitingCount)
            guard book.waitingCount > 0 else {
                isTicking = false
                return
            }
            tickLater()
        }
    }

    private func giveUp(_ id: CgroupID, at time: MonotonicTime) {
        guard let known = cases[id] else { return }
        let container = known.container
        forget(id)
        engine.metrics.rescue.givenUp.increment()
        engine.logger.warning(
            "no room on the node to save a call that needs more memory; it goes on under its own limit",
            metadata: [
                "container": "\(container.path)", "function": "\(container.ledger.function ?? "")",
                "limit": "\(container.ledger.appliedLimit.ceiling)", "waiting": "\(book.waitingCount)",
            ]
        )
        _ = engine.perform(container.ledger.givenUp(), on: container, at: time)
    }

    private func forget(_ id: CgroupID) {
        book.ended(id)
        cases[id] = nil
    }

    /// The last call of a container ended, or the container is gone: what it had is free for others.
    func ended(_ container: ManagedContainer) {
        container.quiet = nil
        guard cases[container.id] != nil else { return }
        forget(container.id)
        engine.metrics.rescue.granted.set(Double(book.granted.rawValue))
        if book.waitingCount > 0 { settle(at: Clocks.monotonic()) }
    }
}

extension RescueBounds {
    /// The bounds as configured.
    init(_ configuration: AgentConfiguration.Rescue) {
        self.init(
            reserve: configuration.reserve,
            budget: configuration.budget,
            functionBudget: configuration.functionBudget,
            patience: configuration.patience
        )
    }
}
