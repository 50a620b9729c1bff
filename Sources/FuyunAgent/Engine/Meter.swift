import Cgroup
import FuyunInvocation
import MemoryUnits

/// Reads what the ledger asks for.
///
/// A file that this kernel lacks reads as absent; a cgroup that is gone throws.
struct Meter {
    /// What was read of an ancestor, and when.
    private struct Level {
        var time: MonotonicTime
        var limit: MemoryLimit
        var reading: AncestorReading
    }

    /// How old an ancestor's reading may be.
    ///
    /// Ancestors are shared by many containers: under load they are read once for all calls of this time, and a kill
    /// that another container suffers in it is told apart by its path.
    static let ancestorAge: Duration = .milliseconds(5)

    private var levels: [CgroupID: Level] = [:]

    /// What a begin needs: a handful of short files, and what was read above.
    func begin(
        _ container: ManagedContainer,
        _ ancestors: [AncestorReading]
    ) throws(CgroupError) -> MeterReading {
        MeterReading(
            current: try container.files.current(),
            stat: container.ledger.needsStat ? try container.files.stat() : nil,
            events: try container.files.events(),
            localEvents: try container.files.localEvents(),
            pressure: try container.files.pressure(),
            ancestors: ancestors
        )
    }

    /// What is read from time to time while calls run.
    func sample(_ container: ManagedContainer) throws(CgroupError) -> MeterReading {
        MeterReading(current: try container.files.current(), stat: try container.files.stat())
    }

    /// What is read when a counter moved.
    func counters(_ container: ManagedContainer) throws(CgroupError) -> MeterReading {
        MeterReading(
            current: try container.files.current(),
            events: try container.files.events(),
            localEvents: try container.files.localEvents()
        )
    }

    /// What a touched tripwire needs: three short files, as the function waits.
    func tripwire(_ container: ManagedContainer) throws(CgroupError) -> MeterReading {
        let local = try container.files.localEvents()
        return MeterReading(
            current: try container.files.current(),
            stat: try container.files.stat(),
            events: local == nil ? try container.files.events() : nil,
            localEvents: local
        )
    }

    /// What is read from time to time of a container with a tripwire.
    func armedSample(_ container: ManagedContainer) throws(CgroupError) -> MeterReading {
        var reading = try tripwire(container)
        reading.pressure = try container.files.pressure()
        return reading
    }

    /// What an end needs.
    ///
    /// - Parameter isSuspicious: Whether something may have been killed, so that ancestors and userspace killers matter.
    mutating func end(
        _ container: ManagedContainer,
        isSuspicious: Bool,
        at time: MonotonicTime
    ) throws(CgroupError) -> MeterReading {
        var reading = MeterReading(
            current: try container.files.current(),
            stat: try container.files.stat(),
            events: try container.files.events(),
            localEvents: try container.files.localEvents(),
            pressure: try container.files.pressure()
        )
        if isSuspicious { addContext(of: container, to: &reading) }
        return reading
    }

    /// What can still be told of a container whose cgroup is gone: what the levels above counted.
    mutating func vanished(_ container: ManagedContainer) -> MeterReading {
        var reading = MeterReading()
        addContext(of: container, to: &reading)
        return reading
    }

    private mutating func addContext(of container: ManagedContainer, to reading: inout MeterReading) {
        for level in container.ancestors.levels { levels[level.directory.id] = nil }
        reading.ancestors = ancestors(of: container, at: Clocks.monotonic()).readings
        reading.userspaceKills = container.userspaceKills()
    }

    /// The counters of the levels above a container, nearest first, and the least limit among them; `max` where none
    /// can be read.
    mutating func ancestors(
        of container: ManagedContainer,
        at time: MonotonicTime
    ) -> (limit: MemoryLimit, readings: [AncestorReading]) {
        var least = MemoryLimit.max
        var readings: [AncestorReading] = []
        readings.reserveCapacity(container.ancestors.levels.count)
        for level in container.ancestors.levels {
            let level = read(level, of: container, at: time)
            if level.limit.ceiling < least.ceiling { least = level.limit }
            readings.append(level.reading)
        }
        return (least, readings)
    }

    private mutating func read(_ level: AncestorLevel, of container: ManagedContainer, at time: MonotonicTime) -> Level
    {
        let id = level.directory.id
        if let known = levels[id], time < known.time.advanced(by: Self.ancestorAge) { return known }
        let path = level.directory.path
        // The container's own cgroup above its processes (crun) counts as the container, not as someone above it.
        let isScope = path == container.identity.path
        let fresh = Level(
            time: time,
            limit: (try? level.limit()) ?? .max,
            reading: AncestorReading(
                path: path,
                isContainerScope: isScope,
                local: (try? level.localEvents()) ?? nil,
                events: (try? level.events()) ?? nil
            )
        )
        if levels.count > 4096 { levels.removeAll() }
        levels[id] = fresh
        return fresh
    }
}
