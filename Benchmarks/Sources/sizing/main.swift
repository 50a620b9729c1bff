import BenchmarkSupport
import FuyunPolicy
import FuyunTuning
import Glibc
import MemoryUnits

// How well the tuner sizes measured functions: `sizing [orders] [mode…]`, modes `fuyun`, `fuyun-paper`.
//
// Each function's calls come in random orders. From the sixth sample on every call gets the limit of a policy tuned on the
// calls before it, no look-ahead; a call whose limit is below its need fails, and shows its limit only (or, in the second
// row, its need as well, as after a retry). Counted from the tenth call on: the share of failed first attempts, and the
// waste Σ(limit − need)/Σ limit of the others; both are the mean over the functions. And after six samples, over all others.

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

/// Failures and waste of some calls.
struct Tally {
    var calls = 0.0
    var failures = 0.0
    var given = 0.0
    var needed = 0.0

    mutating func count(limit: Bytes, need: Bytes) {
        calls += 1
        guard limit >= need else {
            failures += 1
            return
        }
        given += Double(limit.rawValue)
        needed += Double(need.rawValue)
    }

    var failureShare: Double { failures / max(calls, 1) }
    var waste: Double { 1 - needed / max(given, 1) }
}

let grant = SafetyBounds(minimum: .mebibytes(1), maximum: .gibibytes(64), preset: .gibibytes(64), tier: .mebibytes(1))

/// Runs one function's calls in some orders.
func evaluate(_ function: MeasuredFunction, orders: Int, seed: UInt64, settings: TuningSettings, showsNeed: Bool) -> (
    online: Tally, afterSix: Tally
) {
    var (online, afterSix) = (Tally(), Tally())
    var generator = Generator(state: seed)
    for _ in 0..<orders {
        var samples: [Sample] = []
        var active: CompiledPolicy?
        let order = function.runs.shuffled(using: &generator)
        for (call, run) in order.enumerated() {
            var problem = TuningProblem(skeletons: [function.draft], samples: samples, grant: grant, settings: settings)
            if let active { problem.skeletons = [active.document, function.draft] }
            if let proposal = Tuner.tune(problem).proposal { active = PolicyCompiler.compile(proposal).policy }
            func limit(_ run: (features: [String: Sample.Value], need: Bytes)) -> Bytes? {
                let probe = Sample(features: run.features, need: .between(run.need, run.need))
                return active.map { Replay.run($0, samples: [probe], grant: grant).limits[0] }
            }
            if call == 6 { for rest in order[6...] { limit(rest).map { afterSix.count(limit: $0, need: rest.need) } } }
            let given = limit(run)
            if call >= 9, let given { online.count(limit: given, need: run.need) }
            let failed = given.map { $0 < run.need } ?? false
            let need: Sample.Need = failed && !showsNeed ? .above(given ?? .zero) : .between(run.need, run.need)
            samples.insert(Sample(features: run.features, need: need), at: 0)
        }
    }
    return (online, afterSix)
}

let data =
    String(#filePath.dropLast("Benchmarks/Sources/sizing/main.swift".count))
    + "Tests/FuyunTuningTests/data/functions.txt"
let functions = MeasuredFunction.read(data)
guard !functions.isEmpty else {
    print("cannot read \(data)")
    exit(1)
}
let orders = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
let modes = CommandLine.arguments.dropFirst(2).compactMap { TuningSettings.Mode(rawValue: $0) }

for mode in modes.isEmpty ? TuningSettings.Mode.allCases : modes {
    for showsNeed in [true, false] {
        var table = Table(["function", "failed %", "waste", "after 6: success", "waste"])
        var sums = [0.0, 0, 0, 0]
        for (place, function) in functions.enumerated() {
            let settings = TuningSettings(mode: mode)
            let seed = UInt64(place)
            let (online, six) = evaluate(function, orders: orders, seed: seed, settings: settings, showsNeed: showsNeed)
            let figures = [online.failureShare * 100, online.waste, 1 - six.failureShare, six.waste]
            for (index, figure) in figures.enumerated() { sums[index] += figure / Double(functions.count) }
            table.add([function.name] + figures.map { fixed($0, 3) })
        }
        table.add(["mean"] + sums.map { fixed($0, 3) })
        table.print(
            "\(mode.rawValue), \(orders) orders, a failed call shows \(showsNeed ? "its need" : "its limit only")"
        )
    }
}
