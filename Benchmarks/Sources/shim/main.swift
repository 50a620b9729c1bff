import BenchmarkSupport
import Rig

// What the shim adds to a call of a tiny C server: directly, through the shim with an agent, and with none; in turns.
// Between back to back calls there is no time for the end of one before the begin of the next, which waits for it.

let rig = try AgentRig()
let upstream = Load.startHTTP()
let withAgent = try ShimRig(upstream: upstream, agent: rig.socket("function"))
let alone = try ShimRig(upstream: upstream, agent: rig.path("nobody.sock"))
let call = Sample.call()
let ways: [(name: String, socket: CInt, shim: ChildProcess?)] = [
    ("direct", Load.connect(upstream), nil),
    ("shim, agent up", Load.connect(withAgent.port), withAgent.process),
    ("shim, agent absent", Load.connect(alone.port), alone.process),
]

for (name, pause, count) in [("back to back", 0, 1000), ("500 us apart", 500, 200)] {
    var times = ways.map { _ in Percentiles() }
    var (shims, agents) = (ways.map { _ in [Double]() }, ways.map { _ in [Double]() })
    for round in 0..<16 {
        for (index, way) in ways.enumerated() {
            let (shim, agent) = (way.shim?.processorTime ?? .zero, rig.process.processorTime)
            let taken = Load.exchange(way.socket, call, count, pause: UInt64(pause))
            // The first round warms up.
            guard round > 0 else { continue }
            times[index].add(taken)
            shims[index].append(((way.shim?.processorTime ?? .zero) - shim).inSeconds * 1e6 / Double(count))
            agents[index].append((rig.process.processorTime - agent).inSeconds * 1e6 / Double(count))
        }
    }
    var table = Table([
        "call of 1 KiB", "p50 us", "p99 us", "added p50 us", "added p99 us", "ratio p50", "shim's CPU us",
        "agent's CPU us",
    ])
    for (index, row) in times.enumerated() {
        table.add([
            ways[index].name, fixed(row.p50, 1), fixed(row.p99, 1), fixed(row.p50 - times[0].p50, 1),
            fixed(row.p99 - times[0].p99, 1), fixed(row.p50 / times[0].p50, 2), fixed(median(shims[index]), 1),
            fixed(median(agents[index]), 1),
        ])
    }
    table.print("What the shim adds to a call, one kept connection each, calls \(name)")
}
