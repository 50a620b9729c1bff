import BenchmarkSupport
import CoordinatorRig
import Glibc

// Observations in a second through the coordinator's door: HTTP, JSON, one SQLite file, each batch on disk before its answer.

/// A batch's body, as an agent sends it.
func batch(_ first: Int, _ count: Int, functions: Int) -> String {
    let records = (first..<first + count).map { number in
        """
        {"sequence":\(number),"observation":{"schema":"fuyun.observation/v1","id":"6650f1a2-\(number + 1)",\
        "function":"guest/f\(number % functions)","activation":null,"container":4711,"cgroup":"/machine.slice/x.scope",\
        "began_ms":\(1_750_000_000_000 + number),"ended_ms":\(1_750_000_000_212 + number),"duration_ms":212.25,"known":true,\
        "mode":"enforce","reason":"policy","decision":{"reason":"policy","policy_version":3,"predicted_bytes":\
        \(80_000_000 + number % 1000 * 1000),"bound_bytes":\(84_000_000 + number % 1000 * 1000),"headroom":0.05,\
        "limit_bytes":90177536},"shadow":null,"features":{"width":\(number % 4096),"height":1080,"op":"blur"},\
        "limit_bytes":90177536,"ceiling_bytes":268435456,"held":false,"peak_bytes":81264640,"peak_method":"window",\
        "need":{"lower_bytes":78643200,"upper_bytes":81264640,"censored":false},"events":{"max":0,"oom":0},\
        "thrashing":false,"outcome":"success","oom":null,"warm_index":\(number % 50),"concurrency":1,"rescues":0}}
        """
    }
    return "{\"schema\":\"fuyun.observations/v1\",\"epoch\":1,\"observations\":[\(records.joined(separator: ","))]}"
}

let size = 500
let settings = ["ingest.observations_per_minute=10000000", "retention.observations_per_function=100000000"]
var table = Table([
    "nodes", "observations/s", "goal", "batches of \(size)", "ms a batch", "bytes on disk each", "coordinator CPU s",
])
for (nodes, batches, goal) in [(1, 200, ""), (4, 100, ""), (16, 50, "50000"), (64, 12, "")] {
    let rig = try CoordinatorRig(settings: settings)
    let bodies = (0..<batches).map { batch($0 * size, size, functions: 50) }
    let requests = (0..<nodes).map { node in
        bodies.map { Wire.request("POST", "/v1/nodes/n\(node)/observations", $0) }
    }
    let wires = (0..<nodes).compactMap { _ in Wire(port: rig.port) }
    guard wires.count == nodes else { exit(1) }
    let before = rig.process.processorTime
    let clock = ContinuousClock()
    let time = clock.measure {
        // One thread for all nodes: each sends its next batch when it has the answer to the last one, as agents do.
        var next = [Int](repeating: 1, count: nodes)
        var waiting = nodes
        for node in 0..<nodes { wires[node].send(requests[node][0]) }
        var watched = wires.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while waiting > 0, poll(&watched, nfds_t(nodes), 30_000) > 0 {
            for node in 0..<nodes where watched[node].revents != 0 {
                guard wires[node].readMore() else { exit(1) }
                guard let status = wires[node].takeAnswer() else { continue }
                guard status == 200 else {
                    print("a batch was refused: \(status) \(wires[node].body)")
                    exit(1)
                }
                if next[node] == batches {
                    waiting -= 1
                    watched[node].fd = -1
                } else {
                    wires[node].send(requests[node][next[node]])
                    next[node] += 1
                }
            }
        }
        guard waiting == 0 else {
            print("\(waiting) nodes got no answer")
            exit(1)
        }
    }
    let total = nodes * batches * size
    table.add([
        "\(nodes)", fixed(Double(total) / time.inSeconds, 0), goal, "\(nodes * batches)",
        fixed(time.inSeconds / Double(batches) * 1000, 1), fixed(Double(rig.bytesOnDisk) / Double(total), 0),
        fixed((rig.process.processorTime - before).inSeconds, 2),
    ])
}
table.print("Ingest over HTTP, client on the same machine")
