import BenchmarkSupport
import FuyunCoordinator
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Glibc
import Logging
import MemoryUnits
import PrometheusMetrics

/// So many functions in a store of their own, and a tuner that runs.
struct Fleet {
    let functions: Int
    private let registry = PrometheusRegistry()
    private let logger = Logger(label: "tuner-scale") { _ in SwiftLogNoOpLogHandler() }
    private var dice = SplitMix(seed: 7)
    private var sequence: UInt64 = 0

    struct Figures {
        /// From the news of all functions until each has an active version.
        var first = Duration.zero
        /// From ten more calls of each until all were fitted again.
        var second = Duration.zero
        /// Taking in the news of one call.
        var news = Duration.zero
        /// From a stored OOM to the stored version that cures it, amid all the others.
        var reaction = Duration.zero
        /// The most bytes that the process held.
        var resident: UInt64 = 0
    }

    init(functions: Int) { self.functions = functions }

    mutating func measure() async throws -> Figures {
        let path = "\(String(cString: getenv("TMPDIR") ?? strdup("/tmp")))/tuner-scale-\(getpid()).db"
        defer { for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) } }
        let store = try await SQLiteStore.open(path: path)
        let feed = PolicyFeed(store: store)
        let tuner = TunerService(
            store: store,
            feed: feed,
            events: EventHub(store: store, logger: logger),
            metrics: registry,
            logger: logger
        )
        let running = Task { try await tuner.run() }
        for number in 0..<functions { try await add(number, to: store) }

        var figures = Figures()
        let clock = ContinuousClock()
        try await report(calls: 6, to: store)
        figures.first = await clock.measure {
            tuner.observed(news(calls: 6))
            await fits(reach: functions)
        }
        try await report(calls: 10, to: store)
        figures.second = await clock.measure {
            tuner.observed(news(calls: 10))
            await fits(reach: 2 * functions)
        }
        let quiet = ObservedFunction(name: name(functions / 2), calls: 0)
        figures.news = medianTime(runs: 10_000) { tuner.observed([quiet]) }
        figures.reaction = try await reaction(of: tuner, store)
        figures.resident = resident()
        running.cancel()
        _ = try? await running.value
        try await store.close()
        return figures
    }

    // MARK: - Functions and calls

    private func name(_ number: Int) -> String { "guest/f\(number)" }

    private func add(_ number: Int, to store: SQLiteStore) async throws {
        _ = try await store.register(FunctionRegistration(name: name(number)), at: WallClock.system.now)
        let text = """
            {"schema": "fuyun.policy/v1",
             "metadata": {"policy_id": "\(name(number))", "version": 1, "status": "shadow"},
             "inputs": {"source": "payload",
               "variables": [{"name": "size", "type": "number", "range": [0, 1000]}],
               "mapping": {"size": {"json": "/size"}}},
             "logic": {"type": "linear", "terms": {"size": "size"}, "coefficients": {"base": 1e7, "size": 1e6}},
             "safety": {"headroom": 0.05}}
            """
        guard let document = PolicyCompiler.compile(Array(text.utf8)).document else {
            throw StoreError(.invalid, "the benchmark's policy does not compile")
        }
        _ = try await store.addPolicy(
            NewPolicy(document: document, status: .shadow, author: "operator", reason: "a benchmark"),
            at: WallClock.system.now
        )
    }

    private mutating func report(calls: Int, to store: SQLiteStore) async throws {
        var records: [(sequence: UInt64, record: ObservationRecord)] = []
        for number in 0..<functions {
            for _ in 0..<calls { records.append(call(of: number)) }
            if records.count >= 5_000 || number == functions - 1 {
                _ = try await store.ingest(
                    [ObservationBatch(node: "n", epoch: 1, records: records)],
                    at: WallClock.system.now
                )
                records = []
            }
        }
    }

    private mutating func call(of number: Int) -> (sequence: UInt64, record: ObservationRecord) {
        sequence += 1
        let size = Double.random(in: 1...200, using: &dice)
        let need = Bytes(UInt64((4e7 + 3e6 * size) * Double.random(in: 0.97...1.03, using: &dice)))
        var record = ObservationRecord(
            id: InvocationID(epoch: 1, sequence: sequence),
            function: name(number),
            beganAt: WallClock.system.now.milliseconds,
            duration: .milliseconds(100),
            needLower: need,
            needUpper: need,
            outcome: .success
        )
        record.mode = .shadow
        record.reason = "shadow"
        record.features = [.init("size", .number(size))]
        record.limit = .gibibytes(2)
        return (sequence, record)
    }

    private func news(calls: Int) -> [ObservedFunction] {
        (0..<functions).map { ObservedFunction(name: name($0), calls: calls) }
    }

    // MARK: - Waiting

    /// Waits until there were so many fits.
    private func fits(reach count: Int) async {
        let deadline = ContinuousClock.now + .seconds(600)
        while fits < count, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(2)) }
        if fits < count { print("only \(fits) of \(count) fits") }
    }

    private var fits: Int {
        registry.page().split(separator: "\n").filter { $0.hasPrefix("fuyun_tuner_fits_total{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0) { $0 + Int($1) }
    }

    private mutating func reaction(of tuner: TunerService, _ store: SQLiteStore) async throws -> Duration {
        let clock = ContinuousClock()
        var times: [Duration] = []
        for number in 0..<min(functions, 20) {
            let before = try await store.function(name(number))?.activeVersion ?? 0
            let call = call(of: number)
            var record = call.record
            record.mode = .enforce
            record.reason = "policy"
            let limit = record.needLower.scaled(by: 1.6)
            record.decision = .init(version: before, reason: .policy, predicted: limit, bound: limit, limit: limit)
            (record.limit, record.needLower, record.needUpper, record.isCensored) = (limit, limit, nil, true)
            (record.ownLimitExceeded, record.oomClass, record.outcome) = (true, .ownLimit, .crashed)
            _ = try await store.ingest(
                [ObservationBatch(node: "n", epoch: 1, records: [(call.sequence, record)])],
                at: WallClock.system.now
            )
            let began = clock.now
            tuner.observed([ObservedFunction(name: name(number), calls: 1, misses: 1)])
            while try await store.function(name(number))?.activeVersion == before, clock.now - began < .seconds(5) {
                try await Task.sleep(for: .microseconds(200))
            }
            times.append(clock.now - began)
        }
        return times.sorted()[times.count / 2]
    }

    /// The most that the process held so far, in bytes.
    private func resident() -> UInt64 {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return UInt64(usage.ru_maxrss) << 10
    }
}
