import BenchmarkSupport
import FuyunPolicy
import FuyunTuning
import Glibc
import MemoryUnits

// How well the tuner sizes what was measured: `sizing [orders] [trace.csv] [mode…]`, modes `fuyun`, `fuyun-paper`.
//
// Calls come in random orders, and "calls 3 to 9" have 3 to 9 of their function before them; each gets the limit of a policy tuned on the calls before it, no look-ahead, and 2 GiB until
// the first fit. A call whose limit is below its need fails; of a measured function it shows its limit only, of a trace (where
// a retry followed) its need. With rescue it is raised in steps of 1.12 instead, and its waste counts the last limit. Waste is
// Σ(limit − need)/Σ limit over the calls that ended; figures are means over the functions or task types, with the 95 % interval of a
// bootstrap over them. The trace is Sizey's, with the columns wf, process, x, y and t; it is not a part of this repository.

let arguments = CommandLine.arguments.dropFirst()
let orders = arguments.first.flatMap { Int($0) } ?? 20
let trace = arguments.first { $0.hasSuffix(".csv") }
let modes = arguments.compactMap { TuningSettings.Mode(rawValue: $0) }
let data =
    String(#filePath.dropLast("Benchmarks/Sources/sizing/main.swift".count))
    + "Tests/FuyunTuningTests/data/functions.txt"

let measured = MeasuredFunction.read(data)
guard !measured.isEmpty else {
    print("cannot read \(data)")
    exit(1)
}
let functions = measured.map { function in
    Stream(
        name: function.name,
        drafts: [function.draft] + (function.second.map { [$0] } ?? []),
        calls: function.runs.map { Stream.Call(features: $0.features, need: $0.need, seconds: 1) }
    )
}
let tasks = trace.map { TaskType.read($0) } ?? []

for mode in modes.isEmpty ? TuningSettings.Mode.allCases : modes {
    let settings = TuningSettings(mode: mode)
    var table = Table(["", "failed or rescued %", "waste", "waste over use"])
    for rescue in mode == .fuyun ? [false, true] : [false] {
        let suffix = rescue ? ", rescue" : ""
        if let frames = functions.first(where: { $0.name == "video-processing/frames" }) {
            let tally = frames.afterSix(orders: 200, settings: settings, rescue: rescue)
            table.add(["frames after 6\(suffix)", fixed(tally.missShare * 100, 3), fixed(tally.waste, 4), ""])
        }
        func add(_ streams: [Stream], _ name: String, late: Int, orders: Int, calls: Int, showsNeed: Bool) {
            var tallies: [[Tally]] = [[], []]
            for (place, stream) in streams.enumerated() {
                let parts = stream.online(
                    orders: orders,
                    seed: UInt64(place),
                    atMost: calls,
                    late: late,
                    settings: settings,
                    rescue: rescue,
                    showsNeed: showsNeed
                )
                for part in 0..<2 { tallies[part].append(parts[part]) }
            }
            for (part, word) in ["3 to \(late - 1)", "\(late) on"].enumerated() {
                let use = tallies[part].reduce(0) { $0 + $1.use }
                let wasted = tallies[part].reduce(0) { $0 + $1.wasted }
                table.add([
                    "\(name), calls \(word)\(suffix)", interval(tallies[part].map { $0.missShare * 100 }, 3),
                    interval(tallies[part].map(\.waste), 4), showsNeed ? fixed(wasted / use, 4) : "",
                ])
            }
        }
        add(functions, "17 functions", late: 10, orders: orders, calls: .max, showsNeed: false)
        if !tasks.isEmpty { add(tasks, "95 task types", late: 20, orders: 3, calls: 120, showsNeed: true) }
    }
    table.print("\(mode.rawValue), \(orders) orders")
}

/// The mean and its 95 % interval, by a bootstrap.
func interval(_ values: [Double], _ digits: Int) -> String {
    guard !values.isEmpty else { return "" }
    var generator = Generator(state: 1)
    let means = (0..<2000).map { _ in
        values.reduce(0) { sum, _ in sum + values[Int.random(in: 0..<values.count, using: &generator)] }
            / Double(values.count)
    }.sorted()
    let mean = values.reduce(0, +) / Double(values.count)
    return "\(fixed(mean, digits)) [\(fixed(means[50], digits)), \(fixed(means[1949], digits))]"
}
