import BenchmarkSupport
import CoordinatorRig
import Glibc

// From the moment that an operator activates a version to the moment that a thousand agents on long poll have it.

let agents = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1000
let rounds = 11
let rig = try CoordinatorRig(settings: ["limits.connections=20000"])
let path = "/v1/functions/guest%2Ff"
rig.send("PUT", path)
for base in 0..<2 {
    let document = """
        {"schema":"fuyun.policy/v1","metadata":{"policy_id":"guest/f","version":1,"status":"draft"},
         "inputs":{"source":"payload","variables":[{"name":"n","type":"integer","range":[0,1000]}],"mapping":{"n":{"json":"/n"}}},
         "logic":{"type":"linear","terms":{"n":"n"},"coefficients":{"base":\(40_000_000 + base),"n":1}},"safety":{"headroom":0.05}}
        """
    guard rig.send("POST", "\(path)/policies", document).status == 201 else {
        print("the policy was not taken")
        exit(1)
    }
}

var limit = rlimit()
getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
limit.rlim_cur = limit.rlim_max
setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
let wires = (0..<agents).compactMap { _ in Wire(port: rig.port) }
guard wires.count == agents else {
    print("only \(wires.count) connections could be made")
    exit(1)
}

/// The revision of the answer that a poll got.
func revision(_ body: String) -> Int? {
    body.firstRange(of: "\"revision\":").flatMap { found in
        Int(body[found.upperBound...].prefix { $0.isNumber })
    }
}

/// Nanoseconds on the monotonic clock.
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

var first = Percentiles()
guard var known = revision(rig.send("GET", "/v1/nodes/n/policies").body) else {
    print("no revision")
    exit(1)
}
for round in 0..<rounds {
    for (index, wire) in wires.enumerated() {
        wire.send(Wire.request("GET", "/v1/nodes/n\(index)/policies?after=\(known)&wait=60"))
    }
    while !rig.send("GET", "/metrics").body.contains("fuyun_coordinator_policy_polls_waiting \(agents)\n") {
        usleep(10_000)
    }
    guard let operatorsWire = Wire(port: rig.port) else { exit(1) }
    let start = now()
    operatorsWire.send(Wire.request("POST", "\(path)/policies/\(round % 2 + 1)/activate"))
    var times = [UInt64](repeating: 0, count: agents)
    var waiting = agents
    var watched = wires.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    while waiting > 0, poll(&watched, nfds_t(agents), 30_000) > 0 {
        for index in 0..<agents where watched[index].revents != 0 {
            guard wires[index].readMore() else {
                print("a connection ended")
                exit(1)
            }
            guard let status = wires[index].takeAnswer() else { continue }
            times[index] = now() - start
            guard status == 200, let revision = revision(wires[index].body), revision > known else {
                print("an answer without the new version: \(status) \(wires[index].body.prefix(200))")
                exit(1)
            }
            waiting -= 1
            watched[index].fd = -1
        }
    }
    guard waiting == 0, operatorsWire.answer() == 200, let fresh = revision(wires[0].body) else {
        print("\(waiting) agents got nothing")
        exit(1)
    }
    known = fresh
    first.add(times)
}

var table = Table(["agents on long poll", "p50 ms", "p99 ms", "goal"])
table.add(["\(agents)", fixed(first.p50 / 1000, 1), fixed(first.p99 / 1000, 1), "p99 1000 ms"])
table.print("From an activation (committed to disk) to the new version in an agent's hands")
