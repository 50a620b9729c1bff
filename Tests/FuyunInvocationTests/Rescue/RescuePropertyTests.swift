import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

/// Xorshift64* (Vigna 2016): small, and the same on every machine.
private struct Random: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
    mutating func chance(_ percent: UInt64) -> Bool { below(100) < percent }
}

/// The two files and the use, as a kernel would hold them, and who runs.
private struct Model {
    var max: MemoryLimit
    var high = MemoryLimit.max
    var heap: UInt64 = 20
    var events: UInt64 = 0
    var running: [UInt64] = []
    var isFrozen = false
    var kills = 0
    var current: Bytes { .mebibytes(heap) }

    /// Grows the heap as far as the files let it: past the tripwire it is slowed down, at the limit it is killed.
    mutating func grow(by amount: UInt64) {
        heap += amount
        if current > high.ceiling {
            events += 1
            heap = min(heap, (high.ceiling.rawValue >> 20) + 2)
        }
        if current > max.ceiling {
            kills += 1
            heap = 20
        }
    }
}

@Suite("The rescue's rules hold under any sequence of events")
struct RescuePropertyTests {
    @Test("1,000 random sequences of limit, high, lower, raise, freeze, thaw, reload and exit")
    func sequences() {
        let seed = UInt64.random(in: 1 ... .max)
        print("rescue property seed: \(seed)")
        for offset in 0..<1_000 {
            var random = Random(seed &+ UInt64(offset) &* 0x9E37_79B9)
            if let failure = run(&random) {
                Issue.record("seed \(seed), sequence \(offset): \(failure)")
                return
            }
        }
    }

    private func run(_ random: inout Random) -> String? {
        let ceiling = MemoryLimit.mebibytes(600 + random.below(1_000))
        var driver = Driver(limit: ceiling, settings: LimiterSettings(reassertBudget: 3, fightLimit: 8), high: .max)
        var model = Model(max: ceiling)
        for step in 0..<random.below(80) {
            driver.wait(milliseconds: Int64(1 + random.below(50)))
            if let failure = event(&random, &driver, &model) { return "step \(step): \(failure)" }
        }
        for sequence in model.running {
            driver.wait(milliseconds: 10)
            guard let end = driver.end(sequence, reading: reading(model)) else {
                return "the end of \(sequence) is unknown"
            }
            model.running.removeAll { $0 == sequence }
            if let failure = perform(end.actions, driver, &model) { return "exit: \(failure)" }
        }
        let isOthers = driver.ledger.rescueSupport == .foreign || driver.ledger.yieldedTo != nil
        if model.high != .max, !isOthers { return "idle with a tripwire at \(model.high)" }
        if driver.ledger.isManaged, model.max != driver.ledger.ceiling { return "idle at \(model.max)" }
        return nil
    }

    private func reading(_ model: Model) -> MeterReading { .use(heap: model.heap, high: model.events) }

    private func event(_ random: inout Random, _ driver: inout Driver, _ model: inout Model) -> String? {
        switch random.below(10) {
        case 0, 1:  // limit
            let limit = 32 + random.below(400)
            let outcome = driver.begin(
                Driver.decision(limit: limit, part: random.below(limit)),
                found: model.max,
                reading: reading(model)
            )
            if outcome.isTracked { model.running.append(driver.sequence) }
            return perform(outcome.actions, driver, &model)
        case 2, 3, 4:  // use grows, and the agent looks
            if !model.running.isEmpty, !model.isFrozen { model.grow(by: random.below(60)) }
            let seen = driver.ledger.tripped(reading(model), at: driver.now)
            if let failure = perform(seen.actions, driver, &model) { return failure }
            guard let need = seen.need else { return nil }
            if need.wanted > driver.ledger.ceiling.ceiling { return "wants \(need.wanted) above the ceiling" }
            let before = model.max
            // raise, in part where the node is short
            let room = random.chance(70) ? need.wanted : need.wanted - .mebibytes(random.below(40))
            let actions = driver.ledger.rescued(to: room, for: need.reason, current: model.current, at: driver.now)
            if let failure = perform(actions, driver, &model) { return failure }
            return model.max.ceiling < before.ceiling ? "a rescue lowered" : nil
        case 5:  // freeze, thaw
            model.isFrozen.toggle()
            return perform(driver.ledger.frozen(model.isFrozen, at: driver.now), driver, &model)
        case 6:  // reload: someone puts the ceiling back, or another value; or high
            if random.chance(50) {
                model.high = random.chance(70) ? .max : .mebibytes(200 + random.below(400))
                let actions = driver.ledger.highOverwritten(with: model.high, current: model.current, at: driver.now)
                return perform(actions, driver, &model)
            }
            model.max = random.chance(70) ? driver.ledger.ceiling : .mebibytes(500 + random.below(900))
            let actions = driver.ledger.overwritten(with: model.max, current: model.current, at: driver.now)
            return perform(actions, driver, &model)
        case 7: return perform(driver.ledger.givenUp(), driver, &model)
        default:  // lower: the last end goes back up, and the next begin goes down
            guard let sequence = model.running.randomElement(using: &random) else { return nil }
            guard let end = driver.end(sequence, found: model.max, reading: reading(model)) else {
                return "the end of \(sequence) is unknown"
            }
            model.running.removeAll { $0 == sequence }
            if model.running.isEmpty { model.heap = 10 + random.below(40) }
            return perform(end.actions, driver, &model)
        }
    }

    private func perform(_ actions: LimiterActions, _ driver: Driver, _ model: inout Model) -> String? {
        let ledger = driver.ledger
        if let limit = actions.writeMax {
            if limit.ceiling > ledger.ceiling.ceiling { return "wrote \(limit) above the ceiling" }
            if limit.ceiling < model.current, limit != ledger.ceiling {
                return "wrote \(limit) below use \(model.current)"
            }
            model.max = limit
        }
        if let level = actions.writeHigh {
            if level != .max, level.ceiling < model.current { return "tripwire \(level) below use \(model.current)" }
            model.high = level
        }
        if model.running.isEmpty, ledger.isArmed { return "armed while idle" }
        if ledger.isArmed {
            if ledger.tripwireLevel.ceiling >= ledger.appliedLimit.ceiling { return "tripwire not below the limit" }
            if model.high != ledger.tripwireLevel { return "tripwire \(model.high), ledger \(ledger.tripwireLevel)" }
            if !ledger.isManaged { return "armed while only observed" }
        }
        return nil
    }
}
