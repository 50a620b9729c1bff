import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits
import Testing

@testable import FuyunCoordinator

@Suite struct TunerServiceTests {
    private let news = ObservedFunction(name: Cluster.function, calls: 6)

    /// Polls until it is so, for ten seconds at most.
    private func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    /// Runs the cluster's tuner while the body does something.
    private func running(_ cluster: Cluster, _ body: () async throws -> Void) async throws {
        let tuner = cluster.tuner
        let task = Task { try await tuner.run() }
        do { try await body() } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        _ = try? await task.value
    }

    @Test func newsBecomeAVersionThatWaitingAgentsGet() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<6 { try await cluster.call(looking: false) }
            let before = try await store.policyChanges(after: nil).revision
            let feed = cluster.feed
            let poll = Task { try await feed.page(after: before, atMost: .seconds(20)) }
            try await running(cluster) {
                cluster.tuner.observed([news])
                let revision = try await poll.value.revision
                let active = try await cluster.active()
                #expect(revision > before)
                #expect(active != nil)
            }
        }
    }

    @Test func aStoreThatFailsIsTriedAgain() async throws {
        try await withStore { sqlite in
            let store = UnreliableStore(sqlite)
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<6 { try await cluster.call(looking: false) }
            store.fail(StoreError(.full, "the disk is full; make room"))
            try await running(cluster) {
                cluster.tuner.observed([news])
                let hasFailed = try await eventually { store.failedCount >= 3 }
                #expect(hasFailed)
                store.fail(nil)
                let isActive = try await eventually { try await cluster.active() != nil }
                #expect(isActive)
            }
        }
    }

    @Test func aChangedPolicyIsLookedAtWithoutNews() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<6 { try await cluster.call(looking: false) }
            try await running(cluster) {
                cluster.tuner.changed(Cluster.function)
                let isActive = try await eventually { try await cluster.active() != nil }
                #expect(isActive)
            }
        }
    }

    @Test func theSweepFindsWhatNobodyTold() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<6 { try await cluster.call(looking: false) }
            try await running(cluster) {
                let isActive = try await eventually { try await cluster.active() != nil }
                #expect(isActive)
            }
        }
    }

    @Test func functionsThatAreNotThereAreForgotten() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await running(cluster) {
                cluster.tuner.observed((0..<50).map { ObservedFunction(name: "guest/gone\($0)", calls: 1, misses: 1) })
                let isForgotten = try await eventually { cluster.tuner.rememberedCount == 0 }
                #expect(isForgotten)
            }
        }
    }

    @Test func aDryRunSaysWhatWouldChangeAndChangesNothing() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<2 { try await cluster.call(looking: false) }
            let early = try await cluster.tuner.tune(Cluster.function, dryRun: true)
            #expect(early.decision == "not_enough")
            #expect(early.proposal == nil)
            for _ in 0..<6 { try await cluster.call(looking: false) }
            let before = try await cluster.statuses()
            let report = try await cluster.tuner.tune(Cluster.function, dryRun: true)
            #expect(report.decision == "publish")
            #expect(report.samples == 8)
            #expect(report.current == nil)
            #expect(report.proposal?.status == "active")
            #expect(report.proposal?.version == nil)
            #expect(report.verification?.misses == 0)
            #expect(report.verification?.replayed == 8)
            #expect(report.candidates.contains { $0.isChosen })
            #expect(try await cluster.statuses() == before)
            let text = try #require(report.proposal?.document)
            let document = PolicyCompiler.compile(text)
            #expect(document.policy != nil, "\(document.diagnostics)")
        }
    }

    @Test func aRequestPublishes() async throws {
        try await withStore { store in
            let cluster = Cluster(store: store)
            try await cluster.draft(1.0 / 3)
            for _ in 0..<8 { try await cluster.call(looking: false) }
            let report = try await cluster.tuner.tune(Cluster.function, dryRun: false)
            #expect(report.decision == "publish")
            #expect(report.proposal?.version == 2)
            #expect(try await cluster.statuses() == [1: .retired, 2: .active])
            let found = try await store.policy(of: Cluster.function, version: 2)
            let stored = try #require(found)
            #expect(stored.author == "tuner")
            #expect(stored.document.metadata.supersedes == 1)
            #expect(stored.reason.hasPrefix("fitted because someone asked for it"))
            let memory = try #require(FitNotes.memory(of: stored, RolloutRules()))
            #expect(memory.newestID == 8)
            let again = try await cluster.tuner.tune(Cluster.function, dryRun: false)
            #expect(again.decision == "keep")
            #expect(again.current?.version == 2)
            #expect(try await cluster.statuses().count == 2)
        }
    }

    @Test func anUnknownFunctionIsAnError() async throws {
        try await withStore { store in
            let tuner = Cluster(store: store).tuner
            await #expect(throws: StoreError.self) { _ = try await tuner.tune("guest/none", dryRun: true) }
            await #expect(throws: StoreError.self) { _ = try await tuner.tune("guest/none", dryRun: false) }
        }
    }
}

@Suite struct ObservationReadingTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var change: @Sendable (inout ObservationRecord) -> Void
        var need: Sample.Need?
        var applied: Int? = 3
        var testDescription: String { name }
    }

    static let rows = [
        Row(name: "a success", change: { _ in }, need: .between(Bytes(80), Bytes(100))),
        Row(name: "only its end is known", change: { $0.isKnown = false }, need: nil, applied: nil),
        Row(name: "it shared its container", change: { $0.concurrency = 2 }, need: nil),
        Row(name: "it failed", change: { $0.outcome = .error }, need: nil),
        Row(name: "it was given up", change: { $0.outcome = .timeout }, need: nil),
        Row(name: "nothing bounds it", change: { $0.needUpper = nil }, need: nil),
        Row(
            name: "it ran out",
            change: {
                ($0.ownLimitExceeded, $0.oomClass, $0.outcome, $0.isCensored) = (true, .ownLimit, .crashed, true)
                ($0.needLower, $0.needUpper) = (Bytes(200), nil)
            },
            need: .above(Bytes(200))
        ),
        Row(
            name: "a child ran out and the server went on",
            change: {
                ($0.ownLimitExceeded, $0.oomClass, $0.isCensored) = (true, .childOnly, true)
                ($0.needLower, $0.needUpper) = (Bytes(200), nil)
            },
            need: .above(Bytes(200))
        ),
        Row(
            name: "the language's heap",
            change: { ($0.oomClass, $0.outcome, $0.isCensored) = (.runtimeHeap, .crashed, true) },
            need: nil
        ),
        Row(
            name: "killed from outside",
            change: { ($0.oomClass, $0.outcome, $0.isCensored) = (.externalKill, .crashed, true) },
            need: nil
        ),
        Row(
            name: "the node ran out",
            change: { ($0.oomClass, $0.outcome, $0.isCensored) = (.global, .crashed, true) },
            need: nil
        ),
        Row(name: "it thrashed", change: { $0.isThrashing = true }, need: .above(Bytes(200))),
        Row(
            name: "it was rescued",
            change: { ($0.rescues, $0.needUpper) = (1, Bytes(300)) },
            need: .between(Bytes(201), Bytes(300))
        ),
        Row(
            name: "under the preset",
            change: { $0.mode = .shadow },
            need: .between(Bytes(80), Bytes(100)),
            applied: nil
        ),
        Row(
            name: "the formula did not decide",
            change: { $0.decision?.reason = .missingFeature },
            need: .between(Bytes(80), Bytes(100)),
            applied: nil
        ),
        Row(
            name: "another call held the limit",
            change: { $0.reason = "concurrent" },
            need: .between(Bytes(80), Bytes(100)),
            applied: nil
        ),
    ]

    @Test(arguments: rows)
    func need(row: Row) {
        var record = ObservationRecord(
            id: InvocationID(epoch: 1, sequence: 1),
            function: "guest/f",
            beganAt: 0,
            duration: .milliseconds(10),
            needLower: Bytes(80),
            needUpper: Bytes(100),
            outcome: .success
        )
        record.mode = .enforce
        record.reason = "policy"
        record.limit = Bytes(200)
        record.decision = .init(version: 3, reason: .policy, predicted: nil, bound: nil, limit: Bytes(200))
        row.change(&record)
        #expect(record.cleanNeed == row.need)
        #expect(record.appliedVersion == row.applied)
    }
}
