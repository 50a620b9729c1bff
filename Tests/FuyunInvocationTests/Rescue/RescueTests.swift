import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

extension MeterReading {
    /// A reading with counters and stalls besides.
    static func use(
        heap: UInt64,
        cache: UInt64 = 0,
        high: UInt64,
        max: UInt64 = 0,
        oom: UInt64 = 0,
        stalled: Duration = .zero
    ) -> MeterReading {
        var reading = MeterReading.use(heap: heap, cache: cache)
        reading.localEvents = MemoryEvents(low: 0, high: high, max: max, oom: oom, oomKill: 0, oomGroupKill: 0)
        reading.events = reading.localEvents
        reading.pressure = PressureStall(some: stalled, full: stalled)
        return reading
    }
}

@Suite("Rescue of a call in flight")
struct RescueTests {
    private func armed(limit: UInt64 = 128, ceiling: MemoryLimit = .mebibytes(1_024)) -> Driver {
        var driver = Driver(limit: ceiling, high: .max)
        _ = driver.begin(Driver.decision(limit: limit, part: 40), reading: .use(heap: 20, high: 0))
        return driver
    }

    @Test("The tripwire is set with the limit, below it, and goes with the last end")
    func life() throws {
        var driver = Driver(limit: .mebibytes(1_024), high: .max)
        let begin = driver.begin(Driver.decision(limit: 128, part: 40), reading: .use(heap: 20, high: 0))
        #expect(begin.actions.writeMax == .mebibytes(128))
        #expect(begin.actions.writeHigh == .mebibytes(112))
        #expect(driver.ledger.isArmed)
        let ended = driver.end(reading: .use(heap: 20, high: 0))
        let end = try #require(ended)
        #expect(end.actions.writeMax == .mebibytes(1_024))
        #expect(end.actions.writeHigh == .max)
        #expect(!driver.ledger.isArmed)
    }

    @Test("Without memory.high, or where somebody else uses it, nothing is armed")
    func unsupported() {
        for found in [nil, MemoryLimit.mebibytes(500)] {
            var driver = Driver(high: found)
            let begin = driver.begin(Driver.decision(limit: 128, part: 40), reading: .use(heap: 20, high: 0))
            #expect(begin.actions.writeHigh == nil)
            #expect(!driver.ledger.isRescuable)
        }
    }

    @Test("A tripwire that an earlier run left is taken away at admission")
    func leftover() {
        let (ledger, actions) = ContainerLedger.admit(
            AdmissionFacts(
                id: CgroupID(rawValue: 7),
                path: "/c",
                limitFound: .mebibytes(100),
                storedCeiling: .mebibytes(512),
                ancestorLimit: .max,
                highFound: .mebibytes(88),
                storedHigh: .max
            )
        )
        #expect(actions.writeMax == .mebibytes(512))
        #expect(actions.writeHigh == .max)
        #expect(ledger.isRescuable)
    }

    @Test("It is never set below use: that would reclaim in the agent")
    func aboveUse() {
        var driver = Driver(limit: .mebibytes(1_024), high: .max)
        let begin = driver.begin(Driver.decision(limit: 128, part: 40), reading: .use(heap: 120, high: 0))
        guard case .bytes(let level) = begin.actions.writeHigh else { return #expect(Bool(false)) }
        #expect(level > .mebibytes(120))
        #expect(level < driver.ledger.appliedLimit.ceiling)
    }

    @Test("A heap at the tripwire is raised: limit first, tripwire after it")
    func heap() throws {
        var driver = armed()
        driver.wait(milliseconds: 100)
        let seen = driver.ledger.tripped(.use(heap: 113, high: 1), at: driver.now)
        let need = try #require(seen.need)
        #expect(need.reason == .nearLimit)
        #expect(need.wanted >= .mebibytes(143))
        let actions = driver.ledger.rescued(to: need.wanted, for: need.reason, current: need.current, at: driver.now)
        #expect(actions.writeMax == .bytes(need.wanted))
        guard case .bytes(let level) = actions.writeHigh else { return #expect(Bool(false)) }
        #expect(level < need.wanted && level > .mebibytes(112))
    }

    @Test("Fast growth asks for more than the factor, up to twice")
    func fast() throws {
        var driver = armed()
        driver.wait(milliseconds: 10)
        let seen = driver.ledger.tripped(.use(heap: 113, high: 1), at: driver.now).need
        let need = try #require(seen)
        #expect(need.wanted == .mebibytes(256))
    }

    @Test("Page cache at the tripwire is left alone, unless the run stands still for it")
    func cache() throws {
        var driver = armed()
        driver.wait(milliseconds: 50)
        var reading = MeterReading.use(heap: 30, cache: 82, high: 50)
        let first = driver.ledger.tripped(reading, at: driver.now).need
        #expect(first == nil)
        driver.wait(milliseconds: 50)
        reading = .use(heap: 30, cache: 82, high: 90, stalled: .milliseconds(2))
        let second = driver.ledger.tripped(reading, at: driver.now).need
        #expect(second == nil)
        driver.wait(milliseconds: 50)
        reading = .use(heap: 30, cache: 82, high: 140, stalled: .milliseconds(42))
        let third = driver.ledger.tripped(reading, at: driver.now).need
        let need = try #require(third)
        #expect(need.reason == .thrashing)
    }

    @Test("No counter moved and use is below: nothing to do")
    func quiet() {
        var driver = armed()
        driver.wait(milliseconds: 10)
        let seen = driver.ledger.tripped(.use(heap: 60, high: 0), at: driver.now).need
        #expect(seen == nil)
    }

    @Test("At the ceiling the tripwire goes away")
    func atCeiling() throws {
        var driver = armed(limit: 128, ceiling: .mebibytes(145))
        driver.wait(milliseconds: 100)
        let seen = driver.ledger.tripped(.use(heap: 113, high: 1), at: driver.now).need
        let need = try #require(seen)
        #expect(need.wanted == .mebibytes(145))
        let actions = driver.ledger.rescued(to: need.wanted, for: .nearLimit, current: need.current, at: driver.now)
        #expect(actions.writeMax == .mebibytes(145))
        #expect(actions.writeHigh == .max)
    }

    @Test("A raise that the call turned out to need is counted, one that it did not is not")
    func counted() throws {
        for (peak, rescues) in [(120, 0), (180, 1)] as [(UInt64, Int)] {
            var driver = armed()
            driver.wait(milliseconds: 100)
            let seen = driver.ledger.tripped(.use(heap: 113, high: 1), at: driver.now).need
            let need = try #require(seen)
            _ = driver.ledger.rescued(to: need.wanted, for: need.reason, current: need.current, at: driver.now)
            let ended = driver.end(
                peak: PeakReading(bytes: .mebibytes(peak), method: .window, isExact: true),
                reading: .use(heap: 30, high: 2)
            )
            let end = try #require(ended)
            #expect(end.observation.rescues == rescues)
            #expect(end.observation.verdict.oomClass == nil)
        }
    }

    @Test("Given up: the tripwire goes, the limit stays, and the next calls are armed again")
    func givenUp() throws {
        var driver = armed()
        let actions = driver.ledger.givenUp()
        #expect(actions.writeHigh == .max && actions.writeMax == nil)
        let seen = driver.ledger.tripped(.use(heap: 113, high: 1), at: driver.now).need
        #expect(seen == nil)
        let ended = driver.end(reading: .use(heap: 20, high: 1))
        _ = try #require(ended)
        let begin = driver.begin(Driver.decision(limit: 128, part: 40), reading: .use(heap: 20, high: 1))
        #expect(begin.actions.writeHigh == .mebibytes(112))
    }

    @Test("When the tripwire cannot be written the call gets its ceiling")
    func refused() {
        var driver = armed()
        let actions = driver.ledger.tripwireRefused()
        #expect(actions.writeMax == .mebibytes(1_024))
        #expect(!driver.ledger.isRescuable)
    }

    @Test("An overwritten tripwire is set again within the budget")
    func overwritten() {
        var driver = armed()
        var actions = driver.ledger.highOverwritten(with: .max, current: .mebibytes(30), at: driver.now)
        #expect(actions.writeHigh == .mebibytes(112))
        for _ in 0..<9 {
            actions = driver.ledger.highOverwritten(with: .max, current: .mebibytes(30), at: driver.now)
        }
        actions = driver.ledger.highOverwritten(with: .max, current: .mebibytes(30), at: driver.now)
        #expect(actions.writeHigh == nil && actions.writeMax == .mebibytes(1_024))
    }

    @Test("After too many fights a container is only observed, at the other's value")
    func fights() {
        var driver = Driver(settings: LimiterSettings(reassertBudget: 1_000, fightLimit: 5), high: .max)
        _ = driver.begin(Driver.decision(limit: 128, part: 40), reading: .use(heap: 20, high: 0))
        var notes: LimiterNotes = []
        for _ in 0..<5 {
            driver.wait(milliseconds: 200)
            notes = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(30), at: driver.now).notes
        }
        #expect(notes.contains(.observeOnly))
        #expect(driver.ledger.yieldedTo == .mebibytes(512))
        #expect(!driver.ledger.isManaged && !driver.ledger.isArmed)
        let actions = driver.ledger.overwritten(with: .mebibytes(300), current: .mebibytes(30), at: driver.now)
        #expect(actions.writeMax == nil)
    }
}
