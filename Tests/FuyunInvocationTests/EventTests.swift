import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

@Suite("What happens to a container between begins")
struct EventTests {
    let decision = Driver.decision(limit: 100, part: 60)

    struct Admission: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var found: MemoryLimit?
        var stored: MemoryLimit?
        var managed = true
        var ceiling: MemoryLimit
        var write: MemoryLimit?
        var store: MemoryLimit?
    }

    @Test(
        "admission",
        arguments: [
            Admission(
                testDescription: "first sight",
                found: .mebibytes(512),
                stored: nil,
                ceiling: .mebibytes(512),
                write: nil,
                store: .mebibytes(512)
            ),
            Admission(
                testDescription: "first sight, no limit",
                found: .max,
                stored: nil,
                ceiling: .max,
                write: nil,
                store: .max
            ),
            Admission(
                testDescription: "an earlier agent's tight limit",
                found: .mebibytes(100),
                stored: .mebibytes(512),
                ceiling: .mebibytes(512),
                write: .mebibytes(512),
                store: nil
            ),
            Admission(
                testDescription: "an earlier agent's tight limit below no limit",
                found: .mebibytes(100),
                stored: .max,
                ceiling: .max,
                write: .max,
                store: nil
            ),
            Admission(
                testDescription: "raised by the platform meanwhile",
                found: .mebibytes(900),
                stored: .mebibytes(512),
                ceiling: .mebibytes(900),
                write: nil,
                store: .mebibytes(900)
            ),
            Admission(
                testDescription: "seen before",
                found: .mebibytes(512),
                stored: .mebibytes(512),
                ceiling: .mebibytes(512),
                write: nil,
                store: nil
            ),
            Admission(
                testDescription: "not managed",
                found: .mebibytes(100),
                stored: .mebibytes(512),
                managed: false,
                ceiling: .mebibytes(100),
                write: nil,
                store: nil
            ),
            Admission(
                testDescription: "memory.max unreadable",
                found: nil,
                stored: .mebibytes(512),
                ceiling: .max,
                write: nil,
                store: nil
            ),
        ]
    )
    func admission(row: Admission) {
        let (ledger, actions) = ContainerLedger.admit(
            AdmissionFacts(
                id: CgroupID(rawValue: 7),
                path: "/faas/c1",
                isManaged: row.managed,
                limitFound: row.found,
                storedCeiling: row.stored,
                swapLimit: .bytes(.zero)
            )
        )
        #expect(ledger.ceiling == row.ceiling)
        #expect(ledger.appliedLimit == row.ceiling)
        #expect(actions.writeMax == row.write)
        #expect(actions.storeCeiling == row.store)
        let isManaged = row.managed && row.found != nil
        #expect(ledger.isManaged == isManaged)
        #expect(
            actions.proposeUnitProperties
                == (isManaged ? UnitLimits(memoryMax: row.ceiling, swapMax: .bytes(.zero)) : nil)
        )
    }

    @Test("an overwrite while idle is the platform's new ceiling", arguments: [MemoryLimit.mebibytes(256), .max])
    func idleOverwrite(found: MemoryLimit) {
        var driver = Driver()
        let actions = driver.ledger.overwritten(with: found, current: nil, at: driver.now)
        #expect(actions.writeMax == nil)
        #expect(actions.storeCeiling == found)
        #expect(actions.notes == .ceilingAdopted)
        #expect(driver.ledger.overwriteCount == 0)
        #expect(driver.begin(decision).limit == .mebibytes(100))
        #expect(driver.end()?.actions.writeMax == found)
    }

    @Test("a revert in flight is counted and undone, within time and budget, and never below use")
    func reassertion() {
        var driver = Driver()
        _ = driver.begin(decision)
        let first = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(50), at: driver.now)
        #expect(first.writeMax == .mebibytes(100))
        #expect(first.notes == [.overwritten, .reasserted])
        driver.wait(milliseconds: 40)
        let soon = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(50), at: driver.now)
        #expect(soon.writeMax == nil)
        #expect(soon.recheckLimit == driver.now.advanced(by: .milliseconds(60)))
        driver.wait(milliseconds: 60)
        let recheck = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(160), at: driver.now)
        #expect(recheck.writeMax == .mebibytes(170))
        #expect(recheck.notes == .reasserted)
        for _ in 0..<8 {
            driver.wait(milliseconds: 100)
            let again = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(160), at: driver.now)
            #expect(again.writeMax == .mebibytes(170))
        }
        driver.wait(milliseconds: 100)
        let spent = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(160), at: driver.now)
        #expect(spent.writeMax == nil)
        #expect(spent.notes == [.overwritten, .reassertBudgetSpent])
        #expect(driver.ledger.appliedLimit == .mebibytes(512))
        let observation = driver.end()?.observation
        #expect(observation?.overwrites == 11)
        #expect(observation?.reasserts == 10)
        #expect(observation?.lowestLimit == .mebibytes(100))
        #expect(observation?.highestLimit == .mebibytes(512))
    }

    @Test("a lower value in flight clamps at once and stays")
    func clamp() {
        var driver = Driver()
        _ = driver.begin(decision)
        let actions = driver.ledger.overwritten(with: .mebibytes(64), current: .mebibytes(50), at: driver.now)
        #expect(actions.writeMax == nil)
        #expect(actions.storeCeiling == .mebibytes(64))
        #expect(driver.ledger.appliedLimit == .mebibytes(64))
        let second = driver.begin(decision, reading: MeterReading(current: .mebibytes(60)))
        #expect(second.limit == .mebibytes(64))
        #expect(driver.end(1)?.observation.lowestLimit == .mebibytes(64))
        #expect(driver.end(2)?.actions.writeMax == nil)
    }

    @Test("a new ceiling above the limit in flight is noted, and the limit kept", arguments: [UInt64(300), 900])
    func newCeilingInFlight(found: UInt64) {
        var driver = Driver()
        _ = driver.begin(decision)
        let actions = driver.ledger.overwritten(with: .mebibytes(found), current: .mebibytes(50), at: driver.now)
        #expect(actions.writeMax == .mebibytes(100))
        #expect(actions.storeCeiling == .mebibytes(found))
        #expect(driver.end()?.actions.writeMax == .mebibytes(found))
    }

    @Test("a new ceiling that is found only at the end is not undone")
    func newCeilingAtEnd() {
        var driver = Driver()
        _ = driver.begin(decision)
        let actions = driver.end(found: .mebibytes(900))?.actions
        #expect(actions?.writeMax == nil)
        #expect(actions?.storeCeiling == .mebibytes(900))
        #expect(driver.ledger.appliedLimit == .mebibytes(900))
    }

    @Test("a call at the ceiling follows the platform")
    func overwriteAtCeiling() {
        var driver = Driver()
        _ = driver.begin(decision, mode: .observe)
        let actions = driver.ledger.overwritten(with: .mebibytes(300), current: .mebibytes(50), at: driver.now)
        #expect(actions.writeMax == nil)
        #expect(driver.ledger.appliedLimit == .mebibytes(300))
    }

    @Test("a frozen container's limit is written again when it thaws")
    func frozenOverwrite() {
        var driver = Driver()
        _ = driver.begin(decision)
        #expect(driver.ledger.frozen(true, at: driver.now).isEmpty)
        let frozen = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(50), at: driver.now)
        #expect(frozen.writeMax == nil)
        #expect(frozen.recheckLimit == nil)
        #expect(driver.ledger.frozen(false, at: driver.now).recheckLimit == driver.now)
        let thawed = driver.ledger.overwritten(with: .mebibytes(512), current: .mebibytes(50), at: driver.now)
        #expect(thawed.writeMax == .mebibytes(100))
    }

    @Test("swap that a reload has given back is taken away again where calls are limited, else adopted")
    func swap() {
        var driver = Driver()
        let untouched = driver.ledger.swapOverwritten(with: .max, at: driver.now)
        #expect(untouched.writeSwapMax == nil)
        #expect(untouched.notes == [.swapOverwritten, .swapAdopted])

        driver = Driver()
        _ = driver.begin(decision)
        #expect(driver.ledger.swapOverwritten(with: .max, at: driver.now).writeSwapMax == .bytes(.zero))
        let soon = driver.ledger.swapOverwritten(with: .max, at: driver.now)
        #expect(soon.writeSwapMax == nil)
        #expect(soon.recheckLimit == driver.now.advanced(by: .milliseconds(100)))
        for _ in 0..<9 {
            driver.wait(milliseconds: 100)
            #expect(driver.ledger.swapOverwritten(with: .max, at: driver.now).writeSwapMax == .bytes(.zero))
        }
        driver.wait(milliseconds: 100)
        #expect(driver.ledger.swapOverwritten(with: .max, at: driver.now).notes.contains(.swapAdopted))
        #expect(driver.ledger.swapLimit == .max)
    }

    @Test("cache above the allowance is given back after the last call, but not in a container that is only observed")
    func settling() {
        var driver = Driver()
        _ = driver.begin(decision, mode: .observe)
        #expect(driver.end(reading: .use(heap: 20, cache: 300))?.actions.scheduleSettle == nil)
        _ = driver.begin(decision, reading: .use(heap: 20))
        _ = driver.begin(decision, reading: MeterReading(current: .mebibytes(30)))
        #expect(driver.end(2, reading: .use(heap: 20, cache: 300))?.actions.scheduleSettle == nil)
        let request = driver.end(3, reading: .use(heap: 20, cache: 300))?.actions.scheduleSettle
        #expect(request == SettleRequest(target: .mebibytes(84), cacheAllowance: .mebibytes(64)))
        let stat = MeterReading.use(heap: 20, cache: 300)
        #expect(request?.reclaimAmount(current: .mebibytes(320), stat: stat.stat ?? MemoryStat()) == .mebibytes(236))
        let heap = MeterReading.use(heap: 300)
        #expect(request?.reclaimAmount(current: .mebibytes(300), stat: heap.stat ?? MemoryStat()) == nil)
        #expect(driver.ledger.settled(.use(heap: 20, cache: 64)).isEmpty)
        #expect(!driver.ledger.needsStat)
    }

    @Test("a settle that a call overtook is not believed, and done again")
    func settleOvertaken() {
        var driver = Driver()
        _ = driver.begin(decision)
        #expect(driver.end(reading: .use(heap: 20, cache: 300))?.actions.scheduleSettle != nil)
        _ = driver.begin(decision, reading: .use(heap: 20, cache: 300))
        #expect(driver.end(reading: MeterReading(current: .mebibytes(400)))?.actions.scheduleSettle == nil)
        #expect(driver.ledger.settled(.use(heap: 20, cache: 64)).scheduleSettle != nil)
        #expect(driver.ledger.needsStat)
        #expect(driver.ledger.settled(nil).notes == .settleFailed)
    }

    @Test("a frozen container is settled when it thaws")
    func settleFrozen() {
        var driver = Driver()
        _ = driver.begin(decision)
        _ = driver.ledger.frozen(true, at: driver.now)
        let end = driver.end(reading: .use(heap: 20, cache: 300))
        #expect(end?.actions.scheduleSettle == nil)
        #expect(end?.actions.writeMax == .mebibytes(512))
        #expect(driver.ledger.frozen(false, at: driver.now).scheduleSettle != nil)
    }

    @Test("a write that failed is believed, and tried again when it was the way back up")
    func writeFailure() {
        var driver = Driver()
        _ = driver.begin(decision)
        let id = InvocationID(epoch: 1, sequence: 1)
        let failed = driver.ledger.limitWriteFailed(actual: .mebibytes(512), ofBegin: id, at: driver.now)
        #expect(failed.notes == .writeFailed)
        #expect(driver.ledger.invocation(id)?.lowestLimit == .mebibytes(512))
        #expect(driver.end()?.observation.limit == .mebibytes(512))

        _ = driver.begin(decision)
        #expect(driver.end()?.actions.writeMax == .mebibytes(512))
        let retry = driver.ledger.limitWriteFailed(actual: .mebibytes(100), at: driver.now)
        #expect(retry.recheckLimit == driver.now.advanced(by: .milliseconds(100)))
        let again = driver.ledger.overwritten(with: .mebibytes(100), current: nil, at: driver.now)
        #expect(again.writeMax == .mebibytes(512))
        #expect(driver.ledger.appliedLimit == .mebibytes(512))
    }

    @Test("a closed connection names its calls, and a removed container all of them")
    func leaving() {
        var driver = Driver()
        _ = driver.begin(decision, connection: 1)
        _ = driver.begin(decision, connection: 2)
        #expect(driver.ledger.invocations(of: 2) == [InvocationID(epoch: 1, sequence: 2)])
        #expect(driver.ledger.removed().count == 2)
        let end = driver.end(1, .abandoned, vanished: true)
        #expect(end?.actions.writeMax == nil)
        #expect(end?.observation.verdict.oomClass == .unknown)
        let last = driver.end(2, .abandoned, vanished: true)
        #expect(last?.actions.writeMax == nil)
        #expect(last?.actions.sampling == .stop)
        #expect(driver.begin(decision).reason == .unmanaged)
    }

    @Test("a container that is let go is at its ceiling and stays there, while its calls go on")
    func release() {
        var driver = Driver()
        _ = driver.begin(decision)
        #expect(driver.ledger.released().writeMax == .mebibytes(512))
        #expect(driver.begin(decision).actions.writeMax == nil)
        #expect(driver.end(1)?.actions.writeMax == nil)
        #expect(driver.end(2)?.observation.highestLimit == .mebibytes(512))
        #expect(driver.ledger.released().isEmpty)
    }

    @Test("an ancestor's new limit shows in what calls are promised")
    func ancestors() {
        var driver = Driver()
        _ = driver.begin(decision)
        driver.ledger.ancestorsChanged(to: .mebibytes(50))
        #expect(driver.ledger.effectiveLimit == .mebibytes(50))
        #expect(driver.end()?.observation.lowestLimit == .mebibytes(50))
    }
}
