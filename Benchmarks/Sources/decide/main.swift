import BenchmarkSupport
import CAllocations
import FuyunPolicy
import Glibc
import MemoryUnits

// Time and allocations of one decision; with `--repeat N` only the steps themselves, for a profiler.

let compilation = PolicyCompiler.compile(Array(PolicyTexts.video.utf8))
guard let policy = compilation.policy else {
    print("the benchmark's policy does not compile: \(compilation.diagnostics)")
    exit(1)
}
let subject = Subject(policy: policy)
let features = subject.measuredFeatures()
let decision = subject.measuredDecision(features)
guard decision.reason == .policy else {
    print("the policy did not decide: \(decision)")
    exit(1)
}
var limits: UInt64 = 0

if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--repeat", let count = Int(CommandLine.arguments[2]) {
    for _ in 0..<count { limits &+= subject.measuredDecision(subject.measuredFeatures()).limit.rawValue }
    exit(limits == 0 ? 1 : 0)
}

/// What a step costs: nanoseconds, and allocations in a thousand runs.
func row(_ name: String, _ goal: String, _ step: () -> Void) -> [String] {
    step()
    let before = allocations_so_far()
    for _ in 0..<1000 { step() }
    let allocations = allocations_so_far() - before
    return [name, fixed(medianTime(runs: 100_000, step).inSeconds * 1e9, 1), goal, "\(allocations) in 1000"]
}

var table = Table(["step", "ns", "goal", "allocations"])
table.add(row("decide", "1000 ns, none") { limits &+= subject.measuredDecision(features).limit.rawValue })
table.add(
    row("features from \(subject.payload.count) bytes", "none") { limits &+= UInt64(subject.measuredFeatures().count) }
)
table.add(
    row("both", "") { limits &+= subject.measuredDecision(subject.measuredFeatures()).limit.rawValue }
)
table.print("A decision (its limit: \(decision.limit.rawValue >> 20) MiB)")
