import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// Places a number in the order of a seed (SplitMix64).
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Misses and waste of some calls.
struct Tally {
    var calls = 0.0
    /// Failed first attempts, or rescued calls.
    var misses = 0.0
    var given = 0.0
    var needed = 0.0
    /// Bytes × seconds that were given and not needed, those of failed attempts as a whole.
    var wasted = 0.0
    /// Bytes × seconds that were needed.
    var use = 0.0

    /// - Parameter largest: The largest need that was seen before: where a retry starts.
    mutating func count(limit: Bytes, need: Bytes, seconds: Double, rescue: Bool, largest: Double) {
        var limit = Double(limit.rawValue)
        let need = Double(need.rawValue)
        calls += 1
        use += need * seconds
        if limit < need {
            misses += 1
            if rescue {
                while limit < need { limit *= 1.12 }
            } else {
                var next = max(1.1 * largest, 1.3 * limit)
                wasted += limit * seconds
                while next < need {
                    wasted += next * seconds
                    next *= 2
                }
                wasted += (next - need) * seconds
                return
            }
        }
        given += limit
        needed += need
        wasted += (limit - need) * seconds
    }

    var missShare: Double { misses / max(calls, 1) }
    var waste: Double { 1 - needed / max(given, 1) }
}

/// The calls of one function or task type.
struct Stream {
    struct Call {
        var features: [String: Sample.Value]
        var need: Bytes
        var seconds: Double
    }

    var name: String
    var drafts: [PolicyDocument]
    var calls: [Call]

    private static let preset = Bytes.gibibytes(2)
    private static let grant = SafetyBounds(
        minimum: .mebibytes(1),
        maximum: .gibibytes(4096),
        preset: .gibibytes(4096),
        tier: .mebibytes(1)
    )

    private func tuned(_ samples: [Sample], after active: CompiledPolicy?, _ settings: TuningSettings)
        -> CompiledPolicy?
    {
        let skeletons = (active.map { [$0.document] } ?? []) + drafts
        let problem = TuningProblem(skeletons: skeletons, samples: samples, grant: Self.grant, settings: settings)
        return Tuner.tune(problem).proposal.flatMap { PolicyCompiler.compile($0).policy }
    }

    private func limit(_ policy: CompiledPolicy?, _ call: Call, rescue: Bool) -> Bytes? {
        let probe = Sample(features: call.features, need: .between(call.need, call.need))
        return policy.map { Replay.run($0, samples: [probe], grant: Self.grant, rescue: rescue).limits[0] }
    }

    /// Every call from the third on, those before `late` and those from it on.
    func online(
        orders: Int,
        seed: UInt64,
        atMost: Int,
        late: Int,
        settings: TuningSettings,
        rescue: Bool,
        showsNeed: Bool
    ) -> [Tally] {
        var tallies = [Tally(), Tally()]
        var generator = Generator(state: seed)
        for _ in 0..<orders {
            var samples: [Sample] = []
            var active: CompiledPolicy?
            var largest = 0.0
            for (place, call) in calls.shuffled(using: &generator).prefix(atMost).enumerated() {
                active = tuned(samples, after: active, settings) ?? active
                let given = limit(active, call, rescue: rescue) ?? (showsNeed ? call.need : Self.preset)
                if place >= 3 {
                    tallies[place < late ? 0 : 1].count(
                        limit: given,
                        need: call.need,
                        seconds: call.seconds,
                        rescue: rescue,
                        largest: largest
                    )
                }
                let isHidden = given < call.need && !rescue && !showsNeed
                if !isHidden { largest = max(largest, Double(call.need.rawValue)) }
                let need: Sample.Need = isHidden ? .above(given) : .between(call.need, call.need)
                samples.insert(Sample(features: call.features, need: need), at: 0)
            }
        }
        return tallies
    }

    /// Six inputs of a random order, each once, and all others.
    func afterSix(orders: Int, settings: TuningSettings, rescue: Bool) -> Tally {
        var tally = Tally()
        var generator = Generator(state: 1)
        var distinct: [Call] = []
        for call in calls where !distinct.contains(where: { $0.features == call.features }) { distinct.append(call) }
        for _ in 0..<orders {
            let order = distinct.shuffled(using: &generator)
            let samples = order.prefix(6).map { Sample(features: $0.features, need: .between($0.need, $0.need)) }
            let policy = tuned(samples, after: nil, settings)
            for call in order.dropFirst(6) {
                guard let given = limit(policy, call, rescue: rescue) else { continue }
                tally.count(limit: given, need: call.need, seconds: 1, rescue: rescue, largest: 0)
            }
        }
        return tally
    }
}
