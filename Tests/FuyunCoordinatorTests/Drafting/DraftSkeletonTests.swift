import FuyunPolicy
import FuyunStore
import Synchronization
import Testing

@testable import FuyunCoordinator

@Suite("Drafts as what the tuner fits")
struct DraftSkeletonTests {
    /// Versions as drafts leave them: a change of the first one's base.
    private func add(_ draft: Int64, base: Double, to store: SQLiteStore, at time: ManualTime) async throws {
        let first = try await store.policy(of: Cluster.function, version: 1)
        var document = try #require(first?.document)
        document.logic.laws[0].base = base
        document.metadata.origin = PolicyOrigin(kind: "llm", model: "m")
        _ = try await store.addPolicy(
            NewPolicy(
                document: document,
                status: .draft,
                author: DraftedPolicies.author,
                reason: "draft \(draft)",
                notes: DraftNotes(draft: draft).text
            ),
            at: time.clock.now
        )
    }

    @Test("all formulas of the newest draft are fitted, those of older drafts that were never in use are not")
    func newest() async throws {
        try await withStore { store in
            let bases = Mutex([Double]())
            let cluster = Cluster(
                store: store,
                fit: { request in
                    bases.withLock { $0 = request.skeletons.map { $0.logic.laws[0].base } }
                    return FitResult(samples: request.samples.count, why: "a test")
                }
            )
            try await cluster.draft(1)
            try await add(1, base: 2, to: store, at: cluster.time)
            try await add(2, base: 3, to: store, at: cluster.time)
            try await add(2, base: 4, to: store, at: cluster.time)
            try await cluster.add(5, .draft)
            for _ in 0..<8 { try await cluster.call() }
            _ = try await cluster.tuner.tune(Cluster.function, dryRun: true)
            let fitted = bases.withLock { $0 }
            #expect(fitted == [40e6, 3, 4])
        }
    }
}
