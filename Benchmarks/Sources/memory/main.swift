import BenchmarkSupport
import Glibc
import Rig

// The memory that agent and shim hold, and what the agent does when nothing happens.

/// A size in MB, as the goals are.
func megabytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1e6, 2) }

/// Lets each container call once, on connections that are closed afterwards.
func callOnce(_ rig: AgentRig, containers: Int, functions: Int) {
    for index in 0..<containers {
        let socket = Load.connect(rig.socket("function"))
        _ = Load.calls(socket, Sample.begin(function: index % functions), 1)
        close(socket)
    }
}

var agents = Table(["agent", "anonymous MB", "resident MB", "goal", "idle CPU %"])
for (containers, functions, goal) in [(0, 0, ""), (1000, 1000, "40"), (1000, 10_000, "")] {
    let rig = try AgentRig(containers: containers, functions: functions, settings: ["policies.files=20000"])
    let start = rig.process.memory
    let name = "\(containers) containers, \(functions) policies"
    var idle = ""
    if goal != "" {
        let before = rig.process.processorTime
        usleep(10_000_000)
        idle = fixed((rig.process.processorTime - before).inSeconds / 10 * 100, 3)
    }
    agents.add([name, megabytes(start.anonymous), megabytes(start.resident), goal, idle])
    guard containers > 0 else { continue }
    callOnce(rig, containers: containers, functions: functions)
    let called = rig.process.memory
    agents.add(["  each called once", megabytes(called.anonymous), megabytes(called.resident), goal, ""])
    _ = Load.pairs(at: rig.socket("function"), connections: 64, Sample.begin(), seconds: 3)
    let busy = rig.process.memory
    agents.add(["  after 3 s at full load", megabytes(busy.anonymous), megabytes(busy.resident), goal, ""])
}
agents.print("The agent's memory")

let rig = try AgentRig()
let upstream = Load.startHTTP()
var shims = Table(["shim", "anonymous MB", "resident MB", "goal (anonymous)"])
let shim = try ShimRig(upstream: upstream, agent: rig.socket("function"))
let client = Load.connect(shim.port)

/// Adds a row with the shim's memory now, and the most seen before.
@MainActor func note(_ name: String, most: Int? = nil) {
    let memory = shim.process.memory
    shims.add([name, megabytes(max(memory.anonymous, most ?? 0)), megabytes(memory.resident), "2"])
}

/// Sends a long body; the most anonymous memory that the shim had meanwhile.
@MainActor func upload(mebibytes: Int) -> Int {
    var most = 0
    Load.upload(client, bytes: mebibytes << 20) { most = max(most, shim.process.memory.anonymous) }
    return most
}

note("no call yet")
_ = Load.exchange(client, Sample.call(), 1)
note("after one call")
_ = Load.exchange(client, Sample.call(), 10_000)
note("after 10000 calls of 1 KiB")
for mebibytes in [1, 100] {
    let most = upload(mebibytes: mebibytes)
    note("during a body of \(mebibytes) MiB, at most", most: most)
    note("after it")
}
let others = (0..<32).map { _ in Load.connect(shim.port) }
for socket in others { _ = Load.exchange(socket, Sample.call(), 10) }
note("with 32 more connections")
for socket in others { close(socket) }
usleep(200_000)
note("and without them")
shims.print("The shim's memory")
