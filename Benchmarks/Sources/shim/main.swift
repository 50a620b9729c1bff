import BenchmarkSupport
import Rig

// What the shim adds to a call of a tiny C server: directly, through the shim with an agent, and with none; in turns.
// Between back to back calls there is no time for the end of one before the begin of the next, which waits for it.

let rig = try AgentRig()
let upstream = Load.startHTTP()
let withAgent = try ShimRig(upstream: upstream, agent: rig.socket("function"))
let alone = try ShimRig(upstream: upstream, agent: rig.path("nobody.sock"))
let call = Sample.call()
let sockets = [Load.connect(upstream), Load.connect(withAgent.port), Load.connect(alone.port)]

for (name, pause, count) in [("back to back", 0, 1000), ("500 us apart", 500, 200)] {
    var times = sockets.map { _ in Percentiles() }
    for round in 0..<16 {
        for (index, socket) in sockets.enumerated() {
            let taken = Load.exchange(socket, call, count, pause: UInt64(pause))
            // The first round warms up.
            if round > 0 { times[index].add(taken) }
        }
    }
    var table = Table(["call of 1 KiB", "p50 us", "p99 us", "added p50 us", "added p99 us", "ratio p50"])
    for (name, row) in zip(["direct", "shim, agent up", "shim, agent absent"], times) {
        table.add([
            name, fixed(row.p50, 1), fixed(row.p99, 1), fixed(row.p50 - times[0].p50, 1),
            fixed(row.p99 - times[0].p99, 1), fixed(row.p50 / times[0].p50, 2),
        ])
    }
    table.print("What the shim adds to a call, one kept connection each, calls \(name)")
}
