import FuyunPolicy
import FuyunProtocol
import FuyunStore
import MemoryUnits
import Testing

extension StoreContract {
    static let observationCases: [StoreContract] = [
        StoreContract("an observation comes back as it was, newest first, with where and when it arrived") { store in
            let records = ObservationSamples.all
            let receipts = try await store.ingest([batch(records)], at: moment(1))
            #expect(receipts == [IngestReceipt(stored: records.count, duplicates: 0)])
            let found = try await store.observations(of: "guest/video", limit: 1000)
            #expect(found.map(\.record) == records.reversed())
            #expect(found.allSatisfy { $0.node == "node-a" && $0.receivedAt == moment(1) })
            #expect(found.map(\.id) == found.map(\.id).sorted(by: >))
            #expect(Set(found.map(\.id)).count == records.count)
            let latest = try await store.observations(of: "guest/video", limit: 2)
            #expect(latest.map(\.id) == found.prefix(2).map(\.id))
            #expect(try await store.observations(of: "guest/video", limit: -1).isEmpty)
            #expect(try await store.observations(of: "guest/none", limit: 9).isEmpty)
        },
        StoreContract("an observation is stored once by node, epoch and sequence, in whatever order") { store in
            func ingest(_ batches: ObservationBatch...) async throws -> [IngestReceipt] {
                try await store.ingest(batches, at: moment(1))
            }
            func receipt(_ stored: Int, _ duplicates: Int) -> IngestReceipt {
                IngestReceipt(stored: stored, duplicates: duplicates)
            }
            let ten = (1...10).map { observation($0) }
            #expect(try await ingest(batch(ten)) == [receipt(10, 0)])
            #expect(try await ingest(batch(ten)) == [receipt(0, 10)])
            #expect(try await ingest(batch(ten, from: 6)) == [receipt(5, 5)])
            // The same numbers of another spool or node are others.
            #expect(try await ingest(batch(ten, epoch: 8)) == [receipt(10, 0)])
            #expect(try await ingest(batch(ten, node: "node-b")) == [receipt(10, 0)])
            // Within one call, and within one batch.
            #expect(try await ingest(batch(ten, from: 100), batch(ten, from: 105)) == [receipt(10, 0), receipt(5, 5)])
            let twice = ObservationBatch(
                node: "node-a",
                epoch: 9,
                records: [(sequence: 1, record: ten[0]), (sequence: 1, record: ten[1])]
            )
            #expect(try await ingest(twice) == [receipt(1, 1)])
            // Numbers far apart, the greatest first.
            for sequence: UInt64 in [.max, 0, 1 << 40, 1 << 40 | 1] {
                #expect(try await ingest(batch([ten[0]], from: sequence, epoch: .max)) == [receipt(1, 0)])
                #expect(try await ingest(batch([ten[0]], from: sequence, epoch: .max)) == [receipt(0, 1)])
            }
            #expect(try await store.function("guest/video")?.observationCount == 55)
            let nodes = try await store.nodes(after: nil, limit: 9)
            #expect(nodes.map(\.report.name) == ["node-a", "node-b"])
            #expect(nodes.map(\.observationCount) == [45, 10])
        },
        StoreContract("a function that is not known is registered by its name") { store in
            let records = [observation(1, function: "guest/a"), observation(2, function: "guest/b")]
            _ = try await store.ingest([batch(records)], at: moment(1))
            let functions = try await store.functions(after: nil, limit: 9)
            #expect(functions.map(\.registration) == ["guest/a", "guest/b"].map(FunctionRegistration.init(name:)))
            #expect(functions.allSatisfy { $0.observationCount == 1 && $0.lastObservedAt == moment(1) })
            let events = try await store.events(after: 0, limit: 9).filter { $0.event.kind == "function.registered" }
            #expect(events.map(\.event.function) == ["guest/a", "guest/b"])
        },
        StoreContract("a bad record is refused with its place, and its whole call with it") { store in
            let long = String(repeating: "x", count: 257)
            for (word, change) in [
                ("observations[1].function", { $0.function = "" }),
                ("observations[1].function", { $0.function = long }),
                ("observations[1].reason", { $0.reason = long }),
                ("observations[1].features", { $0.features = [.init(long, .number(1))] }),
                ("observations[1].features.op", { $0.features = [.init("op", .category(long))] }),
                ("observations[1].features", { $0.features = Array(repeating: .init("a", .number(1)), count: 65) }),
            ] as [(String, (inout ObservationRecord) -> Void)] {
                var record = observation(2)
                change(&record)
                let records = [observation(1), record]
                await expectRefusal(.invalid, naming: word) {
                    try await store.ingest([batch([observation(3)]), batch(records)], at: moment(1))
                }
            }
            await expectRefusal(.invalid, naming: "node") {
                try await store.ingest([batch([observation(1)], node: "")], at: moment(1))
            }
            let functions = try await store.functions(after: nil, limit: 9)
            let nodes = try await store.nodes(after: nil, limit: 9)
            #expect(functions.isEmpty && nodes.isEmpty)
        },
        StoreContract("figures by version: calls, misses, bytes granted and needed") { store in
            var rescued = observation(5, version: 4)
            rescued.rescues = 1
            var thrashing = observation(6, version: 4)
            thrashing.isThrashing = true
            var shadow = observation(7, version: 5)
            shadow.mode = .shadow
            shadow.reason = "shadow"
            let records = [
                observation(1, version: nil), observation(2), observation(3), miss(4, version: 3), rescued, thrashing,
                shadow,
            ]
            // Sent twice, counted once.
            for _ in 1...2 { _ = try await store.ingest([batch(records)], at: moment(1)) }
            let figures = try await store.versionFigures(of: "guest/video")
            let (limit, need) = (Double(128 << 20), Double(96 << 20))
            #expect(
                figures == [
                    VersionFigures(version: nil, calls: 2, misses: 0, grantedBytes: limit, neededBytes: need),
                    VersionFigures(version: 3, calls: 3, misses: 1, grantedBytes: 2 * limit, neededBytes: 2 * need),
                    VersionFigures(version: 4, calls: 2, misses: 2, grantedBytes: 2 * limit, neededBytes: 2 * need),
                ]
            )
            #expect(figures.last?.waste == 0.25)
        },
        StoreContract("what was stored is there after closing and opening, and is known to have been stored") { open in
            let first = try await open()
            _ = try await first.register(FunctionRegistration(name: "guest/video"), at: moment(0))
            _ = try await first.addPolicy(newPolicy("guest/video", .active), at: moment(1))
            _ = try await first.ingest([batch([observation(1)])], at: moment(2))
            let revision = try await first.policyChanges(after: nil).revision
            try await first.close()
            try await first.close()
            await expectRefusal(.closed) { try await first.check() }
            await expectRefusal(.closed) { try await first.ingest([batch([observation(2)])], at: moment(3)) }

            let second = try await open()
            try await second.check()
            #expect(try await second.ingest([batch([observation(1)])], at: moment(4)).first?.duplicates == 1)
            #expect(try await second.observations(of: "guest/video", limit: 9).map(\.record) == [observation(1)])
            #expect(try await second.policy(of: "guest/video", version: 1)?.status == .active)
            let changes = try await second.policyChanges(after: revision)
            #expect(changes.revision == revision && !changes.isFull)
            try await second.close()
        },
        StoreContract("many writers and readers at once lose nothing") { store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in 0..<8 {
                    group.addTask {
                        for round in 0..<5 {
                            let records = (1...20).map { observation(UInt64(round * 20 + $0)) }
                            let batch = batch(records, from: UInt64(round * 20), node: "node-\(node)")
                            _ = try await store.ingest([batch, batch], at: moment(Int64(round)))
                            _ = try await store.observations(of: "guest/video", limit: 5)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.function("guest/video")?.observationCount == 800)
            #expect(try await store.observations(of: "guest/video", limit: 1000).count == 800)
        },
    ]
}

/// Observations that try every part of a record at its edges.
enum ObservationSamples {
    static var all: [ObservationRecord] {
        (edges + numbers + modes + outcomes + classes + reasons).enumerated().map { index, change in
            var record = observation(UInt64(index) + 1)
            change(&record)
            return record
        }
    }

    private typealias Change = (inout ObservationRecord) -> Void

    private static var edges: [Change] {
        [
            { _ in },
            { $0.id = InvocationID(epoch: .max, sequence: .max) },
            { $0.id = InvocationID(epoch: 0, sequence: 0) },
            { $0.beganAt = .min },
            { $0.beganAt = .max },
            { $0.duration = .zero },
            { $0.duration = .seconds(-3) },
            { $0.duration = .nanoseconds(1) },
            { $0.duration = Duration(secondsComponent: 1, attosecondsComponent: 1) },
            { $0.duration = Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999) },
            { $0.isKnown = false },
            { $0.isHeld = true },
            { $0.isCensored = true },
            { $0.isThrashing = true },
            { $0.ownLimitExceeded = true },
            { $0.reason = "a word that no version knows yet" },
            { $0.reason = String(repeating: "é", count: 128) },
            { ($0.limit, $0.ceiling, $0.peak, $0.needUpper) = (nil, nil, nil, nil) },
            { ($0.limit, $0.ceiling, $0.peak, $0.needUpper) = (Bytes(1), .max, Bytes(.max - 4095), Bytes(4096)) },
            { $0.needLower = Bytes(1 << 63) },
            { $0.needLower = .zero },
            { $0.limitHits = .max },
            { $0.warmIndex = .max },
            { ($0.concurrency, $0.rescues) = (0, .max) },
            { ($0.concurrency, $0.rescues) = (.min, -1) },
            { $0.decision = nil },
            { $0.decision?.version = 0 },
            { $0.decision = .init(version: 2, reason: .policy, predicted: nil, bound: Bytes(9), limit: Bytes(4096)) },
            { $0.decision = .init(version: 2, reason: .policy, predicted: Bytes(9), bound: nil, limit: Bytes(4095)) },
            { $0.shadow = .init(version: .max, reason: .notFinite, predicted: nil, bound: .max, limit: .zero) },
            { $0.features = [] },
            { $0.features = (0..<64).map { .init("feature\($0)", .number(Double($0))) } },
            { $0.features = [.init(String(repeating: "n", count: 256), .category("c"))] },
            { $0.features = [.init("n", .category(String(repeating: "c", count: 256)))] },
            { $0.features = [.init("empty", .category(""))] },
        ]
    }

    private static var numbers: [Change] {
        let values: [Double] = [
            0, -0.0, -1, 1e15, 0x1p53, -0x1p60, 0.001, -0.001, 0.1, 1.0 / 3, 29.97, .pi, .infinity, -.infinity,
            .greatestFiniteMagnitude, .leastNonzeroMagnitude, 8_796_093_022_207.999,
        ]
        return values.map { value in { $0.features = [.init("x", .number(value))] } }
    }

    private static var modes: [Change] {
        Mode.allCases.map { mode in { $0.mode = mode } }
    }

    private static var outcomes: [Change] {
        ObservationRecord.Outcome.allCases.map { outcome in { $0.outcome = outcome } }
    }

    private static var classes: [Change] {
        EndAnswer.OutOfMemory.Class.allCases.map { kind in { $0.oomClass = kind } }
    }

    private static var reasons: [Change] {
        DecisionReason.allCases.map { reason in { $0.decision?.reason = reason } }
    }
}
