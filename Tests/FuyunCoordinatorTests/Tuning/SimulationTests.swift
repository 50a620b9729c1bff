import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits
import Testing

@testable import FuyunCoordinator

/// The whole loop in one process: nodes decide with the versions in use, report, and the tuner learns.
@Suite struct SimulationTests {
    @Test(arguments: 1...20)
    func threeTimesTooLowConvergesWithinSixObservations(seed: Int) async throws {
        try await withStore { store in
            let cluster = Cluster(seed: seed, store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<6 { try await cluster.call() }
            #expect(cluster.misses == 0, "a draft in shadow limits nothing")
            #expect(try await cluster.active() != nil)
            let later = try await cluster.missesInNext(50)
            let history = try await cluster.history()
            #expect(later == 0, "\(history)")
        }
    }

    @Test(arguments: 1...5)
    func limitsComeDownAndStayDown(seed: Int) async throws {
        try await withStore { store in
            let cluster = Cluster(seed: seed, store: store)
            try await cluster.draft(1.0 / 3)
            _ = try await cluster.missesInNext(300)
            let mean = cluster.granted.suffix(100).reduce(0.0) { $0 + Double($1.rawValue) } / 100
            let needed = 40e6 + 12.75 * 24e6
            let history = try await cluster.history()
            #expect(mean < needed * 1.25, "\(mean / needed) \(history)")
            let history2 = try await cluster.history()
            #expect(cluster.misses <= 3, "\(history2)")
            let versions = try await cluster.statuses()
            #expect(versions.count < 30)
            #expect(versions.values.count { $0 == .active } == 1)
        }
    }

    @Test(arguments: 1...5)
    func aForcedBadVersionIsRolledBack(seed: Int) async throws {
        try await withStore { store in
            let cluster = Cluster(seed: seed, store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<10 { try await cluster.call() }
            let good = try await cluster.requireActive()
            let change = StatusChange(version: 1, to: .active, author: "operator", reason: "a test")
            _ = try await store.setStatus([change], of: Cluster.function, at: cluster.time.clock.now)
            cluster.time.advance(by: .seconds(1))
            let record = try await cluster.call(12)
            #expect(record.ownLimitExceeded)
            let current = try await cluster.active()
            let history = try await cluster.history()
            #expect(current == good, "\(history)")
            #expect(try await cluster.statuses()[1] == .retired)
            let events = try await store.events(after: 0, limit: 1000).map(\.event)
            let event = try #require(events.first { $0.kind == "policy.rolled_back" })
            #expect(event.version == good)
            #expect(
                event.message.hasPrefix("version 1 ran out of memory once where version \(good) would have been enough")
            )
            #expect(try await cluster.missesInNext(20) == 0)
        }
    }

    @Test func aPinnedBadVersionStays() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<10 { try await cluster.call() }
            let change = StatusChange(version: 1, to: .active, author: "operator", reason: "a test")
            _ = try await store.setStatus([change], of: Cluster.function, at: cluster.time.clock.now)
            var switches = FunctionSwitches()
            switches.pinnedVersion = 1
            try await store.setSwitches(switches, of: Cluster.function, at: cluster.time.clock.now)
            let before = try await cluster.statuses()
            for _ in 0..<20 { try await cluster.call() }
            #expect(try await cluster.statuses() == before)
        }
    }

    @Test(arguments: 1...5)
    func anOOMGivesANewVersionWithOneLook(seed: Int) async throws {
        try await withStore { store in
            let cluster = Cluster(seed: seed, store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<8 { try await cluster.call() }
            let before = try await cluster.requireActive()
            // One call needs far more than its input says.
            let law = cluster.law
            cluster.law = { law($0, $1) * 2 }
            let record = try await cluster.call(10)
            #expect(record.ownLimitExceeded)
            let after = try await cluster.requireActive()
            let history = try await cluster.history()
            #expect(after > before, "\(history)")
            let limit = try #require(record.limit)
            let set = try await cluster.versionsInUse()
            let replayed = set.active?.replay(
                [["megapixels": .number(10), "op": .category("blur")]],
                within: SafetyBounds(minimum: .zero, maximum: .max, preset: .zero, tier: .zero)
            )
            let granted = try #require(replayed?.first ?? nil)
            #expect(granted.limit > limit)
        }
    }

    @Test(arguments: 1...5)
    func driftIsFollowed(seed: Int) async throws {
        try await withStore { store in
            let cluster = Cluster(seed: seed, store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<40 { try await cluster.call() }
            let law = cluster.law
            cluster.law = { law($0, $1) * 2 }
            let misses = try await cluster.missesInNext(40)
            let history = try await cluster.history()
            #expect(misses <= 8, "\(misses): \(history)")
            let later = try await cluster.missesInNext(50)
            let history2 = try await cluster.history()
            #expect(later <= 1, "\(history2)")
        }
    }

    @Test(arguments: 1...3)
    func pageCacheDoesNotMakeLimitsCreep(seed: Int) async throws {
        try await withStore { store in
            let cluster = Cluster(seed: seed, store: store)
            cluster.cache = 500e6
            try await cluster.draft(1.0 / 3)
            for _ in 0..<40 { try await cluster.call() }
            let early = cluster.granted.suffix(20).map { Double($0.rawValue) }.reduce(0, +) / 20
            for _ in 0..<200 { try await cluster.call() }
            let late = cluster.granted.suffix(20).map { Double($0.rawValue) }.reduce(0, +) / 20
            let history = try await cluster.history()
            #expect(late < early * 1.35, "\(early) → \(late)\n\(history)")
            #expect(late < 900e6)
        }
    }

    @Test func twoLawsOneOfThemUnseen() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            cluster.law = { megapixels, operation in (operation == "gif" ? 400e6 : 40e6) + megapixels * 24e6 }
            try await cluster.draft(1.0 / 3, select: true)
            for _ in 0..<12 { try await cluster.call(operation: "blur") }
            let current = try await cluster.active()
            let history = try await cluster.history()
            #expect(current != nil, "\(history)")
            let unseen = try await cluster.call(20, operation: "gif")
            let history2 = try await cluster.history()
            #expect(!unseen.ownLimitExceeded, "\(history2)")
            cluster.operations = ["blur", "gif"]
            let misses = try await cluster.missesInNext(80)
            let history3 = try await cluster.history()
            #expect(misses <= 3, "\(history3)")
        }
    }

    @Test func aRestartedCoordinatorGoesOn() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<30 { try await cluster.call() }
            let before = try await cluster.statuses()
            let restarted = Cluster.tuner(store, cluster.time)
            _ = try await restarted.lookNow(Cluster.function)
            _ = try await restarted.lookNow(Cluster.function)
            let after = try await cluster.statuses()
            #expect(after.count <= before.count + 1)
            // A third one finds nothing to do.
            _ = try await Cluster.tuner(store, cluster.time).lookNow(Cluster.function)
            #expect(try await cluster.statuses() == after)
        }
    }

    @Test func twoCoordinatorsOnOneStoreAgree() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            let (one, other) = (cluster.tuner, Cluster.tuner(store, cluster.time))
            for _ in 0..<40 {
                try await cluster.call(looking: false)
                async let first = one.lookNow(Cluster.function)
                async let second = other.lookNow(Cluster.function)
                _ = try await (first, second)
                let statuses = try await cluster.statuses().values
                #expect(statuses.count { $0 == .active } <= 1)
                #expect(statuses.count { $0 == .canary || $0 == .shadow } <= 1)
            }
            #expect(try await cluster.active() != nil)
        }
    }
}
