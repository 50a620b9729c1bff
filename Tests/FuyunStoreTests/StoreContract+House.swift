import FuyunPolicy
import FuyunStore
import Testing

extension StoreContract {
    static let retentionCases: [StoreContract] = [
        StoreContract("observations go by age and by count, and the figures with them") { store in
            let old = (1...3).map { observation($0, version: 2) } + [miss(4, version: 2)]
            let new = (5...14).map { observation($0, version: 3) }
            _ = try await store.ingest([batch(old)], at: moment(0))
            _ = try await store.ingest([batch(new, from: 5)], at: moment(100))
            let other = observation(1, function: "guest/other", version: 1)
            _ = try await store.ingest([batch([other], node: "node-b")], at: moment(100))

            var rules = RetentionRules(observationAge: .seconds(50), observationsPerFunction: 1000)
            let byAge = try await store.prune(rules, at: moment(120))
            #expect(byAge.observations == 4)
            #expect(try await store.versionFigures(of: "guest/video").map(\.version) == [3])

            rules.observationsPerFunction = 6
            #expect(try await store.prune(rules, at: moment(120)).observations == 4)
            let kept = try await store.observations(of: "guest/video", limit: 100).map(\.record)
            #expect(kept == Array(new.suffix(6).reversed()))
            let figures = try await store.versionFigures(of: "guest/video")
            let (limit, need) = (Double(6 * 128 << 20), Double(6 * 96 << 20))
            #expect(figures == [.init(version: 3, calls: 6, misses: 0, grantedBytes: limit, neededBytes: need)])
            #expect(try await store.function("guest/video")?.observationCount == 6)
            #expect(try await store.observations(of: "guest/other", limit: 9).count == 1)
            let nothing = PruneReport(observations: 0, events: 0, versions: 0)
            #expect(try await store.prune(rules, at: moment(120)) == nothing)
        },
        StoreContract("what was removed is still known to have been stored") { store in
            let records = (1...50).map { observation($0) }
            _ = try await store.ingest([batch(records)], at: moment(0))
            let rules = RetentionRules(observationAge: .seconds(1000), observationsPerFunction: 5)
            #expect(try await store.prune(rules, at: moment(10)).observations == 45)
            let again = try await store.ingest([batch(records)], at: moment(11))
            #expect(again == [IngestReceipt(stored: 0, duplicates: 50)])
            // Also when nothing came from the spool for longer than observations are kept.
            #expect(try await store.prune(rules, at: moment(5000)).observations == 5)
            let late = try await store.ingest([batch(records), batch(records, from: 100_000)], at: moment(5001))
            #expect(late == [IngestReceipt(stored: 0, duplicates: 50), IngestReceipt(stored: 50, duplicates: 0)])
        },
        StoreContract("ids grow on when everything was removed") { store in
            _ = try await store.ingest([batch([observation(1)])], at: moment(0))
            let first = try await store.observations(of: "guest/video", limit: 1).first?.id ?? 0
            let event = try await store.lastEvent()
            var rules = RetentionRules(observationsPerFunction: 0, events: 0)
            _ = try await store.prune(rules, at: moment(1))
            #expect(try await store.events(after: 0, limit: 9).isEmpty)
            rules.events = 10
            _ = try await store.ingest([batch([observation(2)], from: 2)], at: moment(2))
            let added = try await store.append(NewEvent(kind: "test", message: ""), at: moment(2))
            let ids = try await store.observations(of: "guest/video", limit: 9).map(\.id)
            #expect(ids.count == 1 && ids.allSatisfy { $0 > first })
            #expect(added.id > event)
        },
        StoreContract("events go by age and by count, the oldest first") { store in
            for second in 1...20 {
                _ = try await store.append(NewEvent(kind: "tick", message: "\(second)"), at: moment(Int64(second)))
            }
            var rules = RetentionRules(eventAge: .seconds(10), events: 100)
            #expect(try await store.prune(rules, at: moment(20)).events == 9)
            rules.events = 4
            #expect(try await store.prune(rules, at: moment(20)).events == 7)
            let kept = try await store.events(after: 0, limit: 100).map(\.event.message)
            #expect(kept == ["17", "18", "19", "20"])
        },
        StoreContract("retired versions go by count; what is in use, pinned or gone back to stays") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for _ in 1...10 { _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(1)) }
            _ = try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(1))
            _ = try await store.addPolicy(newPolicy("guest/f", .shadow), at: moment(1))
            var switches = FunctionSwitches()
            switches.pinnedVersion = 2
            try await store.setSwitches(switches, of: "guest/f", at: moment(2))
            var rules = RetentionRules(retiredVersionsPerFunction: 3)
            #expect(try await store.prune(rules, at: moment(3)).versions == 5)
            func kept() async throws -> [Int] {
                try await store.policies(of: "guest/f", before: nil, limit: 100).map(\.version)
            }
            #expect(try await kept() == [12, 11, 10, 9, 8, 7, 2])
            rules.retiredVersionsPerFunction = 0
            _ = try await store.prune(rules, at: moment(3))
            #expect(try await kept() == [12, 11, 10, 9, 2])
            #expect(try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(4)).version == 13)
        },
        StoreContract("an agent that was away for longer than removals are remembered gets everything") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(0))
            let before = try await store.policyChanges(after: nil).revision
            _ = try await store.removeFunction("guest/f", at: moment(1))
            let after = try await store.policyChanges(after: nil).revision
            _ = try await store.prune(RetentionRules(eventAge: .seconds(10)), at: moment(100))
            let (early, late) = (
                try await store.policyChanges(after: before), try await store.policyChanges(after: after)
            )
            #expect(early.isFull && !late.isFull)
        },
        StoreContract("more than a slice goes at once, with observations coming in between") { store in
            let records = (1...5000).map { observation($0) }
            _ = try await store.ingest([batch(records)], at: moment(0))
            async let report = store.prune(RetentionRules(observationsPerFunction: 10), at: moment(1))
            for round in UInt64(0)..<10 {
                let more = batch([observation(round)], from: 10_000 + round)
                #expect(try await store.ingest([more], at: moment(1)).first?.stored == 1)
            }
            let removed = try await report.observations
            #expect(removed >= 4990)
            let count = try await store.observations(of: "guest/video", limit: 10_000).count
            #expect((10...20).contains(count))
            #expect(try await store.function("guest/video")?.observationCount == count)
        },
    ]

    static let houseCases: [StoreContract] = [
        StoreContract("numbers of a spool that was silent for longer than observations are kept are new all the same") {
            store in
            let ten = (1...10).map { observation($0) }
            _ = try await store.ingest([batch(ten)], at: moment(1))
            let rules = RetentionRules(observationAge: .seconds(60))
            #expect(try await store.prune(rules, at: moment(5000)).observations == 10)
            let receipts = try await store.ingest([batch([ten[0]], from: 11)], at: moment(5001))
            #expect(receipts == [IngestReceipt(stored: 1, duplicates: 0)])
            let again = try await store.ingest([batch(ten)], at: moment(5002))
            #expect(again == [IngestReceipt(stored: 0, duplicates: 10)])
        },
        StoreContract("a node is known by what it last said") { store in
            try await store.touchNode(NodeReport(name: "b", agentVersion: "1.0", revision: 5), at: moment(0))
            try await store.touchNode(NodeReport(name: "a"), at: moment(1))
            try await store.touchNode(NodeReport(name: "b", revision: 6), at: moment(2))
            let nodes = try await store.nodes(after: nil, limit: 9)
            #expect(nodes.map(\.report) == [NodeReport(name: "a"), .init(name: "b", agentVersion: "1.0", revision: 6)])
            #expect(nodes.map(\.createdAt) == [moment(1), moment(0)])
            #expect(nodes.map(\.seenAt) == [moment(1), moment(2)])
            #expect(try await store.nodes(after: "a", limit: 9).map(\.report.name) == ["b"])
            for name in ["", String(repeating: "n", count: 257), "a\nb"] {
                await expectRefusal(.invalid, naming: "node") {
                    try await store.touchNode(NodeReport(name: name), at: moment(3))
                }
            }
        },
        StoreContract("events come in order, after an id") { store in
            #expect(try await store.lastEvent() == 0)
            let event = NewEvent(kind: "test.done", function: "guest/f", version: 3, node: "a", message: "it is done")
            let first = try await store.append(event, at: moment(1))
            let second = try await store.append(NewEvent(kind: "test.again", message: ""), at: moment(0))
            #expect(first.event == event && first.time == moment(1))
            #expect(try await store.events(after: 0, limit: 9) == [first, second])
            #expect(try await store.events(after: first.id, limit: 9) == [second])
            #expect(try await store.events(after: 0, limit: 1) == [first])
            #expect(try await store.lastEvent() == second.id)
            for (word, wrong) in [
                ("kind", NewEvent(kind: "", message: "")),
                ("message", NewEvent(kind: "k", message: String(repeating: "m", count: 4097))),
                ("function", NewEvent(kind: "k", function: "no name", message: "")),
                ("node", NewEvent(kind: "k", node: "", message: "")),
            ] {
                await expectRefusal(.invalid, naming: word) { try await store.append(wrong, at: moment(2)) }
            }
        },
        StoreContract("what happens to functions and switches is an event") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/f", .canary), at: moment(0))
            var switches = FunctionSwitches()
            switches.neverLower = true
            try await store.setSwitches(switches, of: "guest/f", at: moment(0))
            var global = GlobalSwitches()
            global.isTuningEnabled = false
            try await store.setGlobalSwitches(global, at: moment(0))
            _ = try await store.removeFunction("guest/f", at: moment(0))
            #expect(
                try await store.events(after: 0, limit: 9).map(\.event.kind) == [
                    "function.registered", "policy.added", "policy.canary", "function.switched", "switches.changed",
                    "function.removed",
                ]
            )
        },
    ]
}
