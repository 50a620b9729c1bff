import Cgroup
public import MemoryUnits

/// Why a limit is raised during a run.
public enum RescueReason: String, Hashable, Sendable, CaseIterable {
    /// What the container cannot give back comes close to the tripwire.
    case nearLimit = "near_limit"
    /// It could give memory back, but waits for its own pages.
    case thrashing
    /// An allocation was about to fail.
    case allocationFailed = "allocation_failed"
}

/// What a container in flight needs now, to be had from the node's room.
public struct RescueNeed: Hashable, Sendable {
    /// The limit that would help.
    public var wanted: Bytes
    /// Why.
    public var reason: RescueReason
    /// `memory.current` at the look.
    public var current: Bytes

    /// Makes a need.
    public init(wanted: Bytes, reason: RescueReason, current: Bytes) {
        self.wanted = wanted
        self.reason = reason
        self.current = current
    }
}

/// Watches one container between the first begin and the last end: `memory.high` a little under `memory.max`, and what
/// was seen at the last look.
///
/// A raise is called for when the tripwire was touched (`high`, `max` or `oom` of `memory.events` moved, or use lies at
/// it) and the container has nothing left to give back, or has but spends its time reclaiming: mapped code that is
/// dropped and read again kills nothing and makes a run a hundred times slower. A run that merely fills the rest of its
/// limit with page cache touches the tripwire all the time and is left alone.
struct Tripwire: Hashable, Sendable {
    /// What the counters said at the last look.
    private var high: UInt64
    private var max: UInt64
    private var oom: UInt64
    private var current: Bytes?
    private var time: MonotonicTime
    private var stall: PressureStall?
    private var stallTime: MonotonicTime
    /// Whether the tripwire was touched since stalls were judged last.
    private var wasTouched = false

    /// Begins to watch, from what was read at the begin.
    init(_ reading: MeterReading, at time: MonotonicTime) {
        let events = reading.localEvents ?? reading.events
        high = events?.high ?? 0
        max = events?.max ?? 0
        oom = events?.oom ?? 0
        current = reading.current
        self.time = time
        stall = reading.pressure
        stallTime = time
    }

    /// Looks at a reading; nil: leave the limit alone.
    ///
    /// - Parameters:
    ///   - reading: What was read just now; without `current` nothing can be said.
    ///   - level: What `memory.high` holds.
    ///   - limit: What `memory.max` holds.
    ///   - settings: The constants.
    ///   - now: When it was read.
    mutating func look(
        _ reading: MeterReading,
        level: Bytes,
        limit: Bytes,
        _ settings: RescueSettings,
        at now: MonotonicTime
    ) -> RescueNeed? {
        guard let use = reading.current else { return nil }
        let rate = growthRate(to: use, at: now)
        let touched = count(reading) || use >= level
        let failed = countFailures(reading)
        current = use
        time = now
        wasTouched = wasTouched || touched
        let stalled = isStalled(reading.pressure, settings, at: now)
        guard touched || failed || stalled else { return nil }
        let margin = limit - level
        let isFull = reading.stat.map { $0.nonReclaimable + margin >= level } ?? true
        let reason: RescueReason
        if failed {
            reason = .allocationFailed
        } else if isFull {
            reason = .nearLimit
        } else if stalled {
            reason = .thrashing
        } else {
            return nil
        }
        let ahead = Bytes(roundingUp: rate * (settings.horizon / .seconds(1))) ?? .zero
        let wanted = Swift.min(
            Swift.max(limit.scaled(by: settings.growth), limit + settings.minimumMargin, use + ahead + margin),
            limit.scaled(by: settings.greatestGrowth)
        )
        return RescueNeed(wanted: Swift.max(wanted, limit + settings.minimumStep), reason: reason, current: use)
    }

    /// Bytes per second since the last look; 0 where that is not known or nothing grew.
    private func growthRate(to use: Bytes, at now: MonotonicTime) -> Double {
        let seconds = now.since(time) / .seconds(1)
        guard let current, seconds > 0.000_1 else { return 0 }
        return Double((use - current).rawValue) / seconds
    }

    private mutating func count(_ reading: MeterReading) -> Bool {
        guard let events = reading.localEvents ?? reading.events else { return false }
        let (high, max) = (events.high ?? 0, events.max ?? 0)
        defer { (self.high, self.max) = (high, max) }
        return high > self.high || max > self.max
    }

    private mutating func countFailures(_ reading: MeterReading) -> Bool {
        guard let events = reading.localEvents ?? reading.events else { return false }
        let oom = events.oom ?? 0
        defer { self.oom = oom }
        return oom > self.oom
    }

    private mutating func isStalled(
        _ pressure: PressureStall?,
        _ settings: RescueSettings,
        at now: MonotonicTime
    ) -> Bool {
        guard let pressure else { return false }
        guard let before = stall else {
            (stall, stallTime) = (pressure, now)
            return false
        }
        let window = now.since(stallTime)
        guard window >= settings.stallWindow else { return false }
        (stall, stallTime) = (pressure, now)
        defer { wasTouched = false }
        guard wasTouched else { return false }
        let growth = pressure.since(before)
        return growth.full / window >= settings.fullStallShare || growth.some / window >= settings.someStallShare
    }
}
