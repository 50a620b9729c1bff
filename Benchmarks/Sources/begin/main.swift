import BenchmarkSupport
import Glibc
import Rig

// From a begin to its answer, against a C server that only sends the same payload back; one connection each, in turns.
//
// Most of such a round trip is the kernel waking two processes, and what that takes depends on whether they share a core: up to
// five times as long, on the same machine, for the same work. Left alone, the scheduler may put one pair on one core and the
// other on two, and then the ratio says which. So it is measured with both servers put to the client's core, and to
// another one; what comes of it when nobody is put anywhere is the last table.

let rig = try AgentRig()
let echoServer = Load.startEcho(at: rig.path("echo"))

/// Where client and servers run.
struct Placement {
    var name: String
    var client: Int?
    var servers: Int?
}

@MainActor func measure(_ placement: Placement) {
    Load.pin(getpid(), to: placement.client)
    for server in [rig.process.id, echoServer] { Load.pin(server, to: placement.servers) }
    // Connections of their own: the echo server serves each in a process, which stays where it was started.
    let (agent, edge) = (Load.connect(rig.socket("function")), Load.connect(rig.socket("admin")))
    let echo = Load.connect(rig.path("echo"))
    defer { for socket in [agent, edge, echo] { close(socket) } }
    var table = Table(
        ["payload", "echo p50 us", "p99", "begin p50 us", "p99", "ratio p50", "goal", "end p50 us", "GET p50 us"]
    )
    for (name, size) in [("1 KiB", 1 << 10), ("16 KiB", 1 << 14), ("64 KiB", 1 << 16)] {
        let payload = Sample.payload(bytes: size)
        let request = Sample.begin(payload: payload)
        var (echoes, begins, ends, gets) = (Percentiles(), Percentiles(), Percentiles(), Percentiles())
        for round in 0..<11 {
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
            fixed(begins.p50 / echoes.p50, 2), size == 1 << 10 && placement.servers != nil ? "3" : "",
            fixed(ends.p50, 1), fixed(gets.p50, 1),
        ])
    }
    table.print("A begin, answered, over a Unix socket; \(placement.name) (GET: the agent's /healthz)")
}

measure(Placement(name: "client and servers on one core", client: 0, servers: 0))
if Load.cores > 1 { measure(Placement(name: "a core each", client: 0, servers: 1)) }
measure(Placement(name: "where the kernel puts them", client: nil, servers: nil))
