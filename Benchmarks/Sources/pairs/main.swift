import BenchmarkSupport
import Rig

// Calls begun and ended in a second on the agent's one event loop, one C thread driving several connections.

let rig = try AgentRig(containers: 64)
let begin = Sample.begin()
var table = Table(["connections", "pairs/s", "goal", "agent's us a pair", "pairs/s of a core"])
_ = Load.pairs(at: rig.socket("function"), connections: 8, begin, seconds: 1)

for connections in [1, 8, 64] {
    var (rates, costs): ([Double], [Double]) = ([], [])
    for _ in 0..<5 {
        let before = rig.process.processorTime
        let (pairs, seconds) = Load.pairs(at: rig.socket("function"), connections: connections, begin, seconds: 1)
        rates.append(pairs / seconds)
        costs.append((rig.process.processorTime - before).inSeconds / pairs)
    }
    table.add([
        "\(connections)", fixed(median(rates), 0), "20000", fixed(median(costs) * 1e6, 1), fixed(1 / median(costs), 0),
    ])
}

table.print("Pairs of begin and end, 1 KiB payloads (us a pair: processor time of all the agent's threads)")
