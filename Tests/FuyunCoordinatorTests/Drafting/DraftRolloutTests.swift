import FuyunDrafter
import FuyunPolicy
import FuyunStore
import MemoryUnits
import Testing

@testable import FuyunCoordinator

/// From a model's answer to limits that nodes set: nodes run calls, report them, and the tuner looks.
@Suite("Drafts on their way up the ladder")
struct DraftRolloutTests {
    private static func leaf(_ pointer: String) -> PayloadLeaf {
        PayloadLeaf(pointer: pointer, kind: .number, range: .init(lower: 1, upper: 64), count: 9)
    }

    private static func request() -> DraftRequest {
        var request = DraftRig.request(Cluster.function, text: "def main(args): return resize(args)")
        request.payload = PayloadShape(leaves: [leaf("/mp"), leaf("/object/copies")], payloads: 9)
        return request
    }

    /// The events of a version's life.
    private func story(_ rig: DraftRig) async throws -> [String] {
        try await rig.store.events(after: 0, limit: 1_000).map(\.event.kind)
    }

    @Test(
        "a draft is tried in shadow, tuned, tried on some calls, and then decides; so is one that reads other inputs",
        arguments: 1...5
    )
    func untilItDecides(seed: Int) async throws {
        let model = StubModel { number in
            number == 0
                ? modelReply("/mp", expression: "megapixels", name: "megapixels")
                : modelReply("/object/copies", expression: "copies", name: "copies")
        }
        try await DraftRig.with(model) { rig in
            let cluster = Cluster(seed: seed, store: rig.store, time: rig.time)
            try await cluster.register()
            cluster.law = { _, _ in 40e6 }
            cluster.copies = 1...20
            cluster.copyBytes = 30e6
            func call() async throws { try await cluster.call(Double.random(in: 1...25, using: &cluster.dice)) }

            // The first draft reads what memory does not follow, so it comes to little more than a constant.
            let first = try await rig.draft(Self.request())
            #expect(first.result?.isDone == true, "\(first.result?.summary ?? "")")
            #expect(try await cluster.statuses() == [1: .shadow, 2: .draft])
            for _ in 0..<5 { try await call() }
            #expect(cluster.granted.allSatisfy { $0 == Cluster.preset }, "a draft in shadow limits nothing")
            let isFirstActive = try await until(cluster, call) { document, _ in
                document.inputs.variables.map(\.name) == ["megapixels"]
            }
            let history = try await cluster.history()
            #expect(isFirstActive, "\(history)")
            let wide = try await mean(cluster, call)

            // The second one reads what it does follow.
            let second = try await rig.draft(Self.request())
            let versions = second.result?.versions ?? []
            let drafted = try #require(versions.first)
            #expect(try await cluster.statuses()[drafted] == .shadow, "\(second.result?.summary ?? "")")
            let isSecondActive = try await until(cluster, call) { document, _ in
                document.inputs.variables.map(\.source) == [.json(pointer: "/object/copies")]
            }
            let longer = try await cluster.history()
            #expect(isSecondActive, "\(longer)")
            let tight = try await mean(cluster, call)
            #expect(tight < wide * 0.8, "\(tight) \(wide)")
            #expect(tight < (40e6 + 10.5 * 30e6) * 1.35, "\(tight)")

            let kinds = try await story(rig)
            #expect(kinds.count { $0 == DraftEvents.done } == 2)
            // What takes the place of presets alone is active at once, what takes another version's place is tried first.
            let lives = kinds.split { $0 == DraftEvents.started }.suffix(2)
            #expect(lives.count == 2)
            for (life, steps) in zip(lives, [["policy.activated"], ["policy.canary", "policy.promoted"]]) {
                for kind in ["policy.shadow"] + steps { #expect(life.contains(kind), "\(kind): \(life)") }
            }
            // What decides says where it comes from.
            let active = try await cluster.requireActive()
            let origin = try await rig.store.policy(of: Cluster.function, version: active)?.document.metadata.origin
            #expect(origin?.kind == "tuner" && origin?.model == "stub-1")
            #expect(origin?.promptDigest == second.result?.promptDigest)
        }
    }

    /// Calls until the active version is one of these; false when it is not after 300.
    private func until(
        _ cluster: Cluster,
        _ call: () async throws -> Void,
        _ isOne: (PolicyDocument, Int) -> Bool
    ) async throws -> Bool {
        for _ in 0..<300 {
            if let active = try await cluster.active(),
                let document = try await cluster.store.policy(of: Cluster.function, version: active)?.document,
                isOne(document, active)
            {
                return true
            }
            try await call()
        }
        return false
    }

    /// The mean limit of the last of the next calls.
    private func mean(_ cluster: Cluster, _ call: () async throws -> Void) async throws -> Double {
        for _ in 0..<100 { try await call() }
        return cluster.granted.suffix(40).reduce(0.0) { $0 + Double($1.rawValue) } / 40
    }
}
