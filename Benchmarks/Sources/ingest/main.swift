import BenchmarkSupport
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Glibc
import MemoryUnits

// How many observations a second the store takes in, each transaction synced to disk, and what one takes on disk.
// `ingest [DIRECTORY]`: where the database lies meanwhile; the current directory by default, since /tmp may be in memory.

let directory = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "."
let batchSize = 500

/// A shape of load: how many functions the observations are of, and how many batches go into one transaction.
struct Shape {
    var functions: Int
    var group: Int
    var batches: Int
}

/// Observations as agents send them: five features, a decision and a measured call.
struct Source {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// A number below a bound; the same numbers in every run.
    mutating func below(_ bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }

    mutating func record(_ number: UInt64, functions: Int, at moment: Int64) -> ObservationRecord {
        let function = below(UInt64(functions))
        let need = Bytes((20_000 + below(60_000)) << 12)
        var record = ObservationRecord(
            id: InvocationID(epoch: 0x6650_F1A2, sequence: number),
            function: "guest/function-\(function)",
            beganAt: moment - Int64(below(3000)),
            duration: .microseconds(Int64(1000 + below(900_000))),
            needLower: need - .mebibytes(2),
            needUpper: need,
            outcome: .success
        )
        record.mode = .enforce
        record.reason = "policy"
        record.decision = .init(
            version: 3,
            reason: .policy,
            predicted: need + Bytes(below(1 << 20)),
            bound: need + Bytes(1 << 20 + below(1 << 20)),
            limit: (need + .mebibytes(8)).roundedUp(toMultipleOf: .mebibytes(1))
        )
        record.features = [
            .init("width", .number(Double(320 + below(4000)))), .init("height", .number(Double(240 + below(2000)))),
            .init("fps", .number(29.97)), .init("duration", .number(Double(below(600_000)) / 1000)),
            .init("op", .category(["gif", "watermark", "transcode"][Int(below(3))])),
        ]
        record.limit = record.decision?.limit
        record.ceiling = .mebibytes(512)
        record.peak = need + .mebibytes(1)
        record.warmIndex = below(200)
        return record
    }
}

func removeDatabase(_ path: String) { for suffix in ["", "-wal", "-shm", ".new"] { unlink(path + suffix) } }

func size(_ path: String) -> Int {
    var information = stat()
    return stat(path, &information) == 0 ? Int(information.st_size) : 0
}

/// Processor time of this process.
func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

var table = Table(["functions", "batches a transaction", "observations/s", "CPU us each", "bytes on disk each"])
for shape in [
    Shape(functions: 20, group: 1, batches: 400), Shape(functions: 20, group: 8, batches: 400),
    Shape(functions: 1000, group: 1, batches: 400), Shape(functions: 1000, group: 8, batches: 400),
    Shape(functions: 10_000, group: 8, batches: 400),
] {
    let path = "\(directory)/ingest-\(getpid()).db"
    removeDatabase(path)
    do {
        let start = Timestamp(milliseconds: 1_780_000_000_000)
        var source = Source()
        // The functions are there already, as they are in a coordinator that has run for a while.
        let before = try await SQLiteStore.open(path: path)
        let first = (0..<shape.functions).map { function in
            var record = source.record(UInt64(function), functions: 1, at: start.milliseconds)
            record.function = "guest/function-\(function)"
            return (sequence: UInt64(function), record: record)
        }
        _ = try await before.ingest([ObservationBatch(node: "node-0", epoch: 0, records: first)], at: start)
        try await before.close()
        let empty = size(path)
        let store = try await SQLiteStore.open(path: path)
        var number: UInt64 = 0
        let batches = (0..<shape.batches).map { batch in
            let records = (0..<batchSize).map { _ in
                number += 1
                let moment = start.milliseconds + Int64(batch)
                return (sequence: number, record: source.record(number, functions: shape.functions, at: moment))
            }
            return ObservationBatch(node: "node-\(batch % 10)", epoch: 1, records: records)
        }
        let processor = processorTime()
        var stored = 0
        let time = try await ContinuousClock().measure {
            for first in stride(from: 0, to: batches.count, by: shape.group) {
                let group = Array(batches[first..<min(first + shape.group, batches.count)])
                let moment = Timestamp(milliseconds: start.milliseconds + Int64(first))
                let receipts = try await store.ingest(group, at: moment)
                stored += receipts.reduce(0) { $0 + $1.stored }
            }
        }
        let used = processorTime() - processor
        try await store.close()
        let bytes = Double(size(path) - empty) / Double(stored)
        table.add([
            "\(shape.functions)", "\(shape.group)", fixed(Double(stored) / time.inSeconds, 0),
            fixed(used.inSeconds / Double(stored) * 1e6, 1), fixed(bytes, 0),
        ])
    } catch {
        print("ingest failed: \(error)")
        exit(1)
    }
    removeDatabase(path)
}
table.print("Ingest in batches of \(batchSize), SQLite, synced (goal: 50000 observations/s, 150 bytes)")
