import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
    mutating func chance(_ percent: UInt64) -> Bool { below(100) < percent }
}

/// What the kernel would hold, kept as simple as the rules are stated: the file's value, the use, and who runs.
private struct Model {
    var file: MemoryLimit
    /// The last value that someone else wrote and that was not ours.
    var ceiling: MemoryLimit
    var heap: UInt64 = 10
    var cache: UInt64 = 0
    var running: Set<UInt64> = []
    var begun: Set<UInt64> = []
    var observed: [UInt64: Int] = [:]
    var isFrozen = false
    /// Whether a foreign write has happened that the ledger was not told of yet.
    var isUnnoticed = false
    var current: Bytes { .mebibytes(heap + cache) }

    /// Use cannot exceed the limit: the kernel drops cache, or kills.
    mutating func settleBelowLimit() {
        let limit = file.ceiling.rawValue >> 20
        cache = min(cache, limit > heap ? limit - heap : 0)
        heap = min(heap, limit)
    }
}

@Suite("The limiter's rules hold under any sequence of events")
struct LimiterPropertyTests {
    @Test("5,000 random sequences")
    func sequences() {
        let seed = UInt64.random(in: 0 ... .max)
        print("limiter property seed: \(seed)")
        for offset in 0..<5_000 {
            var random = SplitMix(state: seed &+ UInt64(offset))
            if let failure = run(&random) {
                Issue.record("seed \(seed), sequence \(offset): \(failure)")
                return
            }
        }
    }

    /// One sequence of up to 60 events; the broken rule, or nil.
    private func run(_ random: inout SplitMix) -> String? {
        let ceiling: MemoryLimit = random.chance(10) ? .max : .mebibytes(64 + random.below(1_000))
        let settings = LimiterSettings(maximumConcurrency: 4, reassertBudget: 3)
        var driver = Driver(limit: ceiling, settings: settings)
        var model = Model(file: ceiling, ceiling: ceiling)
        for step in 0..<random.below(60) {
            driver.wait(milliseconds: Int64(random.below(80)))
            model.heap = 5 + random.below(200)
            model.cache = random.chance(30) ? random.below(800) : random.below(20)
            model.settleBelowLimit()
            if let failure = event(&random, &driver, &model, settings) { return "step \(step): \(failure)" }
        }
        for sequence in model.running {
            if let failure = end(sequence, &driver, &model, settings, &random) { return "close: \(failure)" }
        }
        // A notice that nothing has overtaken comes at last.
        if let failure = notice(&driver, &model, settings) { return "close: \(failure)" }
        guard driver.ledger.ceiling == model.ceiling else {
            return "ceiling \(driver.ledger.ceiling), but the platform's is \(model.ceiling)"
        }
        guard model.file == driver.ledger.ceiling, driver.ledger.appliedLimit == driver.ledger.ceiling else {
            return "idle at \(model.file), not at its ceiling \(driver.ledger.ceiling)"
        }
        guard Set(model.observed.keys) == model.begun, model.observed.values.allSatisfy({ $0 == 1 }) else {
            return "observations \(model.observed) of \(model.begun)"
        }
        return nil
    }

    private func event(
        _ random: inout SplitMix,
        _ driver: inout Driver,
        _ model: inout Model,
        _ settings: LimiterSettings
    ) -> String? {
        switch random.below(12) {
        case 0...3: return begin(&random, &driver, &model, settings)
        case 4...6:
            let sequence = model.running.randomElement(using: &random) ?? random.below(driver.sequence + 2)
            return end(sequence, &driver, &model, settings, &random)
        case 7:
            return foreignWrite(&random, &driver, &model, settings)
        case 8:
            model.isFrozen.toggle()
            return perform(driver.ledger.frozen(model.isFrozen, at: driver.now), driver, &model, settings)
        case 9:
            driver.ledger.sampled(.use(heap: model.heap, cache: model.cache))
            driver.ledger.ancestorsChanged(to: random.chance(50) ? .max : .mebibytes(50 + random.below(500)))
            return nil
        case 10:
            let reading: MeterReading? = random.chance(80) ? .use(heap: model.heap, cache: model.cache) : nil
            return perform(driver.ledger.settled(reading), driver, &model, settings)
        default:
            return notice(&driver, &model, settings)
        }
    }

    private func notice(_ driver: inout Driver, _ model: inout Model, _ settings: LimiterSettings) -> String? {
        model.isUnnoticed = false
        let actions = driver.ledger.overwritten(with: model.file, current: model.current, at: driver.now)
        return perform(actions, driver, &model, settings)
    }

    private func begin(
        _ random: inout SplitMix,
        _ driver: inout Driver,
        _ model: inout Model,
        _ settings: LimiterSettings
    ) -> String? {
        var decision: DecisionRecord?
        if !random.chance(10) {
            let limit = 16 + random.below(400)
            decision = Driver.decision(
                limit: limit,
                part: random.below(limit),
                reason: random.chance(80) ? .policy : .wrongType
            )
        }
        var reading = MeterReading.use(heap: model.heap, cache: model.cache)
        if random.chance(50) { reading.stat = nil }
        if random.chance(5) { reading.current = nil }
        let before = model.file
        let wasIdle = model.running.isEmpty
        // Someone else's wider value may be taken back to ours, which is no lowering of what was promised.
        let promised = min(before.ceiling, driver.ledger.appliedLimit.ceiling)
        let outcome = driver.begin(
            decision,
            mode: Mode.allCases.randomElement(using: &random) ?? .enforce,
            canary: random.chance(50),
            function: random.chance(95) ? "guest/f" : "guest/g",
            by: random.chance(90) ? .peer : .platform,
            found: model.isUnnoticed || random.chance(50) ? model.file : nil,
            reading: reading
        )
        guard outcome.isTracked == (model.running.count < settings.maximumConcurrency) else {
            return "tracked \(outcome.isTracked) with \(model.running.count) in flight"
        }
        if outcome.isTracked {
            model.running.insert(driver.sequence)
            model.begun.insert(driver.sequence)
        }
        if let failure = perform(outcome.actions, driver, &model, settings) { return failure }
        if reading.current == nil, model.file.ceiling < before.ceiling { return "lowered without knowing the use" }
        if model.isFrozen, model.file.ceiling < before.ceiling { return "lowered a frozen container" }
        if !wasIdle, model.file.ceiling < promised { return "lowered in flight by a begin" }
        if outcome.effectiveLimit.ceiling > driver.ledger.ancestorLimit.ceiling { return "promised beyond an ancestor" }
        return nil
    }

    private func end(
        _ sequence: UInt64,
        _ driver: inout Driver,
        _ model: inout Model,
        _ settings: LimiterSettings,
        _ random: inout SplitMix
    ) -> String? {
        var reading = MeterReading.use(heap: model.heap, cache: model.cache)
        if random.chance(50) { reading.stat = nil }
        let outcome = driver.end(
            sequence,
            InvocationOutcome.allCases.randomElement(using: &random) ?? .success,
            found: model.isUnnoticed || random.chance(50) ? model.file : nil,
            reading: reading
        )
        guard (outcome != nil) == model.running.contains(sequence) else { return "end of \(sequence) mistaken" }
        guard let outcome else { return nil }
        model.running.remove(sequence)
        model.observed[outcome.observation.id.sequence, default: 0] += 1
        let before = model.file
        if let failure = perform(outcome.actions, driver, &model, settings) { return failure }
        if model.file.ceiling < before.ceiling, before.ceiling <= driver.ledger.ceiling.ceiling { return "end lowered" }
        return nil
    }

    /// The platform or systemd writes; half of the time the notice comes at once.
    private func foreignWrite(
        _ random: inout SplitMix,
        _ driver: inout Driver,
        _ model: inout Model,
        _ settings: LimiterSettings
    ) -> String? {
        model.file = random.chance(40) ? driver.ledger.ceiling : .mebibytes(32 + random.below(900))
        model.ceiling = model.file == driver.ledger.appliedLimit ? driver.ledger.ceiling : model.file
        model.settleBelowLimit()
        model.isUnnoticed = true
        // A begin or an end that overtakes the notice reads the file itself.
        return random.chance(50) ? notice(&driver, &model, settings) : nil
    }

    /// Does what the edge does, and checks each write against the rules.
    private func perform(
        _ actions: LimiterActions,
        _ driver: Driver,
        _ model: inout Model,
        _ settings: LimiterSettings
    ) -> String? {
        let ledger = driver.ledger
        guard ledger.inFlight.count == model.running.count else {
            return "\(ledger.inFlight.count) in flight, not \(model.running.count)"
        }
        if let limit = actions.writeMax {
            guard limit.ceiling <= ledger.ceiling.ceiling else { return "wrote \(limit) above \(ledger.ceiling)" }
            let floor = settings.floor(above: model.current)
            // Going back up to the ceiling is always allowed, and so is a raise: neither makes the kernel reclaim.
            guard limit == ledger.ceiling || limit.ceiling >= floor else { return "wrote \(limit) below \(floor)" }
            guard limit == ledger.appliedLimit else { return "wrote \(limit), holds \(ledger.appliedLimit) for true" }
            model.file = limit
        }
        if model.isFrozen, actions.scheduleSettle != nil { return "settles a frozen container" }
        if !model.running.isEmpty, actions.scheduleSettle != nil { return "settles while calls run" }
        if model.running.isEmpty, ledger.appliedLimit != ledger.ceiling { return "idle below the ceiling" }
        return nil
    }
}
