import Glibc
import BenchmarkSupport
import CAllocations
import CSimdjson
import FuyunPolicy

// Three numbers from a body, by Fuyun's scanner and by simdjson's on-demand API in one pass.

let plan = try ScanPlan([("/first/width", .number), ("/middle/height", .number), ("/last/fps", .number)])
let reader = simdjson_reader_create()
defer { simdjson_reader_destroy(reader) }
let keys = [("first", "width"), ("middle", "height"), ("last", "fps")]
let places = keys.map { simdjson_place(parent: strdup($0.0), child: strdup($0.1)) }
var table = Table(["body", "fuyun GB/s", "simdjson GB/s", "fuyun us", "simdjson us", "speed ratio", "allocations"])

for (name, size) in [("1 KiB", 1 << 10), ("64 KiB", 1 << 16), ("1 MiB", 1 << 20)] {
    let body = makeBody(of: size, seed: 7)
    let padded = body + [UInt8](repeating: 0, count: simdjson_padding())
    var values = [0.0, 0.0, 0.0]
    var wrong = 0
    let runs = max(4, (1 << 22) / size)
    var sum = 0.0
    let allocationsBefore = allocations_so_far()
    body.withUnsafeBytes { bytes in
        for _ in 0..<100 { sum += plan.scan(bytes, isCut: false).value(2) }
    }
    let allocations = allocations_so_far() - allocationsBefore
    if sum.rounded() != 2997 { wrong += 1 }
    let ours = medianTime(runs: runs) {
        body.withUnsafeBytes { bytes in
            let result = plan.scan(bytes, isCut: false)
            if result.value(0) != 1280 || result.value(1) != 720 || result.value(2) != 29.97 { wrong += 1 }
        }
    }
    let theirs = medianTime(runs: runs) {
        padded.withUnsafeBufferPointer { bytes in
            let isRead = simdjson_read_numbers(reader, bytes.baseAddress, body.count, places, 3, &values)
            if !isRead || values[0] != 1280 || values[1] != 720 || values[2] != 29.97 { wrong += 1 }
        }
    }
    precondition(wrong == 0, "wrong numbers were read")
    let bytes = Double(body.count)
    table.add([
        name, fixed(bytes / ours.inSeconds / 1e9, 2), fixed(bytes / theirs.inSeconds / 1e9, 2),
        fixed(ours.inSeconds * 1e6, 2), fixed(theirs.inSeconds * 1e6, 2),
        fixed(theirs.inSeconds / ours.inSeconds, 2), "\(allocations) in 100",
    ])
}

table.print("Three numbers from a JSON body (simdjson: \(String(cString: simdjson_instructions())), on demand, padded)")
