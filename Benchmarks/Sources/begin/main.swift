import BenchmarkSupport
import Rig

// From a begin to its answer, against a C server that only sends the same payload back; one connection each, in turns.

let rig = try AgentRig()
Load.startEcho(at: rig.path("echo"))
let agent = Load.connect(rig.socket("function"))
let edge = Load.connect(rig.socket("admin"))
let echo = Load.connect(rig.path("echo"))
var table = Table(
    ["payload", "echo p50 us", "p99", "begin p50 us", "p99", "ratio p50", "goal", "end p50 us", "GET p50 us"]
)

for (name, size, goal) in [("1 KiB", 1 << 10, "3"), ("16 KiB", 1 << 14, ""), ("64 KiB", 1 << 16, "")] {
    let payload = Sample.payload(bytes: size)
    let request = Sample.begin(payload: payload)
    var (echoes, begins, ends, gets) = (Percentiles(), Percentiles(), Percentiles(), Percentiles())
    for round in 0..<16 {
        let times = Load.calls(agent, request, 1000)
        let rival = Load.echo(echo, payload, 1000)
        let floor = Load.exchange(edge, Sample.get("/healthz"), 1000)
        // The first round warms up.
        guard round > 0 else { continue }
        begins.add(times.begin)
        ends.add(times.end)
        echoes.add(rival)
        gets.add(floor)
    }
    table.add([
        name, fixed(echoes.p50, 1), fixed(echoes.p99, 1), fixed(begins.p50, 1), fixed(begins.p99, 1),
        fixed(begins.p50 / echoes.p50, 2), goal, fixed(ends.p50, 1), fixed(gets.p50, 1),
    ])
}

table.print("A begin, answered, over a Unix socket (GET: /healthz of the same agent, its HTTP edge alone)")
