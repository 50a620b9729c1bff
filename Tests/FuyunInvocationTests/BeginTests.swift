import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

@Suite("A begin places the limit")
struct BeginTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var decision: DecisionRecord?
        var mode: Mode = .enforce
        var canary = false
        var ceiling: MemoryLimit = .mebibytes(512)
        var ancestors: MemoryLimit = .max
        var reading: MeterReading = .use(heap: 10)
        var frozen = false
        var managed = true
        var write: MemoryLimit?
        var effective: MemoryLimit
        var held = false
        var reason: LimitReason
    }

    static let cases: [Case] = [
        Case(
            testDescription: "the decision",
            decision: Driver.decision(limit: 100, part: 60),
            write: .mebibytes(100),
            effective: .mebibytes(100),
            reason: .policy
        ),
        Case(
            testDescription: "no limit found, the decision all the same",
            decision: Driver.decision(limit: 100),
            ceiling: .max,
            write: .mebibytes(110),
            effective: .mebibytes(110),
            reason: .policy
        ),
        Case(
            testDescription: "a warm heap and the call's part",
            decision: Driver.decision(limit: 100, part: 60),
            reading: .use(heap: 150),
            write: .mebibytes(210),
            effective: .mebibytes(210),
            reason: .policy
        ),
        Case(
            testDescription: "page cache holds the limit up",
            decision: Driver.decision(limit: 100, part: 60),
            reading: .use(heap: 10, cache: 150),
            write: .mebibytes(170),
            effective: .mebibytes(170),
            held: true,
            reason: .policy
        ),
        Case(
            testDescription: "page cache up to the ceiling: nothing to lower",
            decision: Driver.decision(limit: 100),
            reading: .use(heap: 10, cache: 500),
            write: nil,
            effective: .mebibytes(512),
            held: true,
            reason: .policy
        ),
        Case(
            testDescription: "more than the ceiling",
            decision: Driver.decision(limit: 900, part: 10),
            write: nil,
            effective: .mebibytes(512),
            reason: .policy
        ),
        Case(
            testDescription: "an ancestor allows less",
            decision: Driver.decision(limit: 100, part: 10),
            ancestors: .mebibytes(80),
            write: .mebibytes(80),
            effective: .mebibytes(80),
            reason: .policy
        ),
        Case(
            testDescription: "an ancestor allows less, and nothing is decided",
            decision: nil,
            ancestors: .mebibytes(80),
            write: nil,
            effective: .mebibytes(80),
            reason: .noPolicy
        ),
        Case(
            testDescription: "the preset below the ceiling",
            decision: Driver.decision(limit: 256, reason: .wrongType),
            write: .mebibytes(256),
            effective: .mebibytes(256),
            reason: .preset
        ),
        Case(
            testDescription: "the preset is the container's, whatever it holds",
            decision: Driver.decision(limit: 256, reason: .emptyPayload),
            reading: .use(heap: 100),
            write: .mebibytes(256),
            effective: .mebibytes(256),
            reason: .preset
        ),
        Case(
            testDescription: "the preset at the ceiling",
            decision: Driver.decision(limit: 512, reason: .notFinite),
            write: nil,
            effective: .mebibytes(512),
            reason: .preset
        ),
        Case(
            testDescription: "observe",
            decision: Driver.decision(limit: 100),
            mode: .observe,
            write: nil,
            effective: .mebibytes(512),
            reason: .observe
        ),
        Case(
            testDescription: "shadow",
            decision: Driver.decision(limit: 100),
            mode: .shadow,
            write: nil,
            effective: .mebibytes(512),
            reason: .shadow
        ),
        Case(
            testDescription: "canary, of the share",
            decision: Driver.decision(limit: 100, part: 50),
            mode: .canary,
            canary: true,
            write: .mebibytes(100),
            effective: .mebibytes(100),
            reason: .policy
        ),
        Case(
            testDescription: "canary, of the rest",
            decision: Driver.decision(limit: 100),
            mode: .canary,
            write: nil,
            effective: .mebibytes(512),
            reason: .canaryRest
        ),
        Case(
            testDescription: "memory.current is not known",
            decision: Driver.decision(limit: 100, part: 50),
            reading: MeterReading(),
            write: nil,
            effective: .mebibytes(512),
            reason: .useUnknown
        ),
        Case(
            testDescription: "no memory.stat: what the container holds is taken from its last idle reading",
            decision: Driver.decision(limit: 100, part: 50),
            reading: MeterReading(current: .mebibytes(60)),
            write: .mebibytes(100),
            effective: .mebibytes(100),
            reason: .policy
        ),
        Case(
            testDescription: "frozen",
            decision: Driver.decision(limit: 100, part: 50),
            frozen: true,
            write: nil,
            effective: .mebibytes(512),
            reason: .frozen
        ),
        Case(
            testDescription: "not managed",
            decision: Driver.decision(limit: 100, part: 50),
            managed: false,
            write: nil,
            effective: .mebibytes(512),
            reason: .unmanaged
        ),
    ]

    @Test("alone", arguments: cases)
    func alone(row: Case) {
        var driver = Driver(
            limit: row.ceiling,
            managed: row.managed,
            ancestors: row.ancestors,
            frozen: row.frozen
        )
        let outcome = driver.begin(row.decision, mode: row.mode, canary: row.canary, reading: row.reading)
        #expect(outcome.isTracked)
        #expect(outcome.actions.writeMax == row.write)
        #expect(outcome.effectiveLimit == row.effective)
        #expect(outcome.isHeld == row.held)
        #expect(outcome.reason == row.reason)
        #expect(outcome.isApplied == (row.reason == .policy || row.reason == .preset))
        #expect(outcome.actions.resetPeakWindow == 0)
        #expect(outcome.actions.sampling == .start)
        #expect(driver.end()?.actions.writeMax == (row.write == nil ? nil : row.ceiling))
    }

    @Test("limits are whole pages, so that they read back as written")
    func pages() {
        var driver = Driver()
        let record = DecisionRecord(
            Decision(limit: Bytes(100_000_001), inputPart: .zero, reason: .policy),
            policyVersion: 1
        )
        #expect(driver.begin(record).limit == .bytes(Bytes(100_003_840)))
    }

    @Test("several at once share the base, add their parts, and nothing is lowered before the last has ended")
    func concurrency() {
        var driver = Driver()
        #expect(driver.begin(Driver.decision(limit: 100, part: 60)).limit == .mebibytes(100))
        let second = driver.begin(Driver.decision(limit: 90, part: 50), reading: MeterReading(current: .mebibytes(80)))
        #expect(second.limit == .mebibytes(150))
        #expect(second.concurrency == 2)
        #expect(second.slot == 1)
        #expect(second.actions.sampling == nil)
        let first = driver.end(1)
        #expect(first?.actions.isEmpty == true)
        #expect(first?.observation.concurrency == 2)
        #expect(first?.observation.isShared == true)
        #expect(driver.ledger.appliedLimit == .mebibytes(150))
        let third = driver.begin(Driver.decision(limit: 41, part: 1), reading: MeterReading(current: .mebibytes(80)))
        #expect(third.actions.writeMax == nil)
        #expect(third.slot == 0)
        #expect(driver.end(2)?.actions.writeMax == nil)
        #expect(driver.end(3)?.actions.writeMax == .mebibytes(512))
    }

    @Test("a second call gets its part on top of what is resident by then")
    func concurrentResident() {
        var driver = Driver()
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        let second = driver.begin(Driver.decision(limit: 100, part: 60), reading: .use(heap: 99))
        #expect(second.limit == .mebibytes(160))
        let third = driver.begin(Driver.decision(limit: 100, part: 60), reading: .use(heap: 190))
        #expect(third.limit == .mebibytes(250))
    }

    @Test("a call that is only observed takes the others along to the ceiling")
    func mixedModes() {
        var driver = Driver()
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        let rest = driver.begin(Driver.decision(limit: 100, part: 60), mode: .canary)
        #expect(rest.actions.writeMax == .mebibytes(512))
        #expect(rest.reason == .canaryRest)
        let late = driver.begin(Driver.decision(limit: 100, part: 60))
        #expect(late.actions.writeMax == nil)
        #expect(late.reason == .concurrent)
        #expect(!late.isApplied)
    }

    @Test("a new ceiling whose notice is still on its way is not mistaken for ours")
    func ceilingFound() {
        var driver = Driver()
        let outcome = driver.begin(Driver.decision(limit: 100, part: 60), found: .mebibytes(300))
        #expect(outcome.actions.storeCeiling == .mebibytes(300))
        #expect(outcome.actions.writeMax == .mebibytes(100))
        #expect(outcome.actions.notes.contains(.ceilingAdopted))
        #expect(driver.end()?.actions.writeMax == .mebibytes(300))
    }

    @Test("after a call without memory.stat, the whole use counts as resident")
    func staleResident() {
        var driver = Driver()
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        _ = driver.end(reading: MeterReading(current: .mebibytes(90)))
        #expect(driver.ledger.needsStat)
        let outcome = driver.begin(
            Driver.decision(limit: 100, part: 60),
            reading: MeterReading(current: .mebibytes(90))
        )
        #expect(outcome.limit == .mebibytes(150))
        #expect(driver.ledger.invocation(InvocationID(epoch: 1, sequence: 2))?.facts.reading.stat == nil)
    }

    @Test("more at once than are followed are let go at the ceiling, and so is what comes soon after")
    func overflow() {
        var driver = Driver(settings: LimiterSettings(maximumConcurrency: 2, overflowPause: .seconds(60)))
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        let outcome = driver.begin(Driver.decision(limit: 100, part: 60))
        #expect(!outcome.isTracked)
        #expect(outcome.actions.writeMax == .mebibytes(512))
        #expect(outcome.actions.notes == .tooManyInFlight)
        #expect(driver.ledger.untrackedCount == 1)
        #expect(driver.end(3) == nil)
        _ = driver.end(1)
        _ = driver.end(2)
        driver.wait(milliseconds: 59_000)
        #expect(driver.begin(Driver.decision(limit: 100, part: 60)).reason == .tooManyInFlight)
        _ = driver.end()
        driver.wait(milliseconds: 1_000)
        #expect(driver.begin(Driver.decision(limit: 100, part: 60)).limit == .mebibytes(100))
    }

    @Test("the sixty-fourth slot is the last")
    func slots() {
        var driver = Driver()
        for slot in 0..<64 { #expect(driver.begin(nil).slot == UInt8(slot)) }
        #expect(!driver.begin(nil).isTracked)
        #expect(driver.end(64)?.slot == 63)
        #expect(driver.begin(nil).slot == 63)
    }

    @Test("what a peer says first sticks, the platform's word overrides, another claim gets no policy")
    func binding() {
        var driver = Driver()
        let decision = Driver.decision(limit: 100, part: 60)
        _ = driver.begin(decision, function: "guest/f")
        _ = driver.end()
        #expect(driver.ledger.binding.verdict(on: "guest/g", by: .peer) == .mismatch)
        let other = driver.begin(decision, function: "guest/g")
        #expect(other.reason == .functionMismatch)
        #expect(other.actions.notes.contains(.functionMismatch))
        #expect(other.actions.writeMax == nil)
        _ = driver.end()
        let platform = driver.begin(decision, function: "guest/g", by: .platform)
        #expect(platform.reason == .policy)
        _ = driver.end()
        #expect(driver.ledger.function == "guest/g")
        #expect(driver.ledger.binding.claimant == .platform)
        #expect(driver.begin(decision, function: "guest/f").reason == .functionMismatch)
    }

    @Test("the same invocation twice is refused the second time")
    func duplicate() {
        var driver = Driver()
        _ = driver.begin(nil)
        driver.sequence = 0
        let again = driver.begin(nil)
        #expect(!again.isTracked)
        #expect(again.actions.notes == .duplicateBegin)
        #expect(driver.ledger.invocationCount == 1)
    }
}
