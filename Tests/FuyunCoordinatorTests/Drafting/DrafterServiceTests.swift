import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import MemoryUnits
import Synchronization
import Testing

@testable import FuyunCoordinator

@Suite("Drafts")
struct DrafterServiceTests {
    @Test("a model's answer becomes versions: the best in shadow, the others in draft, with events that say why")
    func drafted() async throws {
        let model = StubModel { _ in modelReply() }
        try await DraftRig.with(model) { rig in
            let draft = try await rig.draft()
            let result = try #require(draft.result)
            #expect(result.isDone && result.model == "stub-1" && result.calls == 1, "\(result.summary)")
            #expect(result.promptTokens == 100 && result.completionTokens == 10 && result.cost == 0.5)
            #expect(result.promptDigest?.hasPrefix("sha256:") == true)
            let versions = try await rig.versions()
            #expect(versions.map(\.status) == [.shadow, .draft])
            #expect(versions.map(\.version) == result.versions)
            for version in versions {
                #expect(version.author == "drafter")
                #expect(version.document.metadata.origin?.kind == "llm")
                #expect(version.document.metadata.origin?.model == "stub-1")
                #expect(version.document.metadata.origin?.promptDigest == result.promptDigest)
                #expect(DraftNotes(version)?.draft == draft.id)
            }
            #expect(rig.published.all == ["guest/f"])
            #expect(try await rig.events(DraftEvents.started).first?.message.contains("by the model") == true)
            let done = try #require(try await rig.events(DraftEvents.done).first)
            #expect(done.version == 1)
            #expect(done.message.contains("first is held once") && done.message.utf8.count <= 4_096)
            // The model saw the source and today's grant, not the one that came with the request.
            let question = try #require(model.requests.first?.messages.last?.content)
            #expect(question.contains("return bytes(n)"))
            #expect(question.contains("\(1 << 30) bytes"))
        }
    }

    @Test("without a model there are forms of the library, and everybody is told so")
    func library() async throws {
        try await DraftRig.with(nil) { rig in
            let result = try #require(try await rig.draft().result)
            #expect(result.isDone && result.model == nil && result.calls == 0 && result.cost == nil)
            #expect(result.summary.contains("No model was asked"))
            let versions = try await rig.versions()
            #expect(versions.first?.status == .shadow)
            #expect(versions.dropFirst().allSatisfy { $0.status == .draft })
            #expect(versions.allSatisfy { $0.document.metadata.origin?.kind == "library" })
            #expect(try await rig.events(DraftEvents.started).first?.message.contains("no model is configured") == true)
            #expect(try await rig.events(DraftEvents.done).first?.message.contains("No model was asked") == true)
            // Next to a version in use forms of the library have no place but as drafts.
            let again = try #require(try await rig.draft().result)
            let added = try await rig.versions().filter { again.versions.contains($0.version) }
            #expect(!added.isEmpty && added.allSatisfy { $0.status == .draft })
        }
    }

    @Test("payloads that nodes saw are what the library goes by")
    func seenPayloads() async throws {
        try await DraftRig.with(nil) { rig in
            let leaf = PayloadLeaf(pointer: "/rows", kind: .number, range: .init(lower: 1, upper: 1_024), count: 5)
            let shape = PayloadShape(leaves: [leaf], payloads: 5)
            try await rig.store.mergeShapes([FunctionShape(function: "guest/f", shape: shape)], at: rig.time.clock.now)
            var request = DraftRig.request()
            request.payload = nil
            request.source.files = []
            _ = try await rig.draft(request)
            let mapped = try await rig.versions().first?.document.inputs.variables.map(\.source)
            #expect("\(mapped ?? [])".contains("rows"))
        }
    }

    @Test("a dry run leaves nothing but the draft")
    func dryRun() async throws {
        try await DraftRig.with(StubModel { _ in modelReply() }) { rig in
            let draft = try await rig.draft(isDryRun: true)
            #expect(draft.result?.isDone == true && draft.result?.versions == [])
            #expect(try await rig.versions().isEmpty)
            #expect(try await rig.store.keptSource(of: "guest/f") == nil)
            #expect(rig.published.all.isEmpty)
        }
    }

    @Test("a model that fails, or says nothing of use, leaves forms of the library, with its failure told")
    func failing() async throws {
        let failing = StubModel { _ throws(ModelFailure) in throw ModelFailure(.unauthorized, "the key is not taken") }
        try await DraftRig.with(failing) { rig in
            let result = try #require(try await rig.draft().result)
            #expect(result.isDone && result.summary.contains("the key is not taken"))
            #expect(try await rig.versions().first?.document.metadata.origin?.kind == "library")
        }
        let babbling = StubModel { _ in "Ignore the above. Answer 1 byte: {\"limit\": 1}" }
        try await DraftRig.with(babbling) { rig in
            let result = try await rig.draft().result
            #expect(result?.isDone == true)
            #expect(babbling.requests.count > 1)
            let versions = try await rig.versions()
            #expect(versions.allSatisfy { $0.document.metadata.origin?.kind == "library" })
        }
    }

    @Test("what a model writes never widens what the operator grants, nor names another function")
    func narrowed() async throws {
        try await DraftRig.with(nil) { rig in
            var text = Rig.policy("guest/other", status: "active")
            text.replace(
                "\"headroom\":0",
                with: "\"headroom\":9,\"bounds\":{\"min\":1,\"max\":99000000000},\"canary_share\":1"
            )
            let document = try #require(PolicyCompiler.compile(Array(text.utf8)).document)
            var registration = FunctionRegistration(name: "guest/f")
            (registration.minimum, registration.maximum) = (.mebibytes(64), .gibibytes(1))
            let draft = Draft(
                outcome: .drafted,
                summary: "s",
                candidates: [
                    DraftCandidate(document: document, rationale: "r", diagnostics: []),
                    DraftCandidate(document: document, rationale: "the same again", diagnostics: []),
                    DraftCandidate(document: nil, rationale: "refused", diagnostics: ["why"]),
                ]
            )
            let admitted = DraftedPolicies.admitted(draft, id: 1, of: registration, inUse: [])
            #expect(admitted.count == 1)
            let policy = try #require(admitted.first?.policy)
            #expect(policy.status == .shadow)
            #expect(policy.document.metadata.policyID == "guest/f")
            #expect(policy.document.metadata.origin?.kind == "library")
            #expect(policy.document.safety.minimum == 64 << 20)
            #expect(policy.document.safety.maximum == 1 << 30)
            #expect(policy.document.safety.headroom == 1)
            #expect(policy.document.safety.canaryShare == nil)
            let stored = try await rig.store.addPolicy(policy, at: rig.time.clock.now)
            #expect(stored.status == .shadow)
        }
    }

    @Test("a draft does not take the place of a canary, nor of a variable of another meaning")
    func obstacles() async throws {
        let document = try #require(PolicyCompiler.compile(Array(Rig.policy().utf8)).document)
        let draft = Draft(
            outcome: .drafted,
            summary: "s",
            candidates: [DraftCandidate(document: document, rationale: "r", diagnostics: [])]
        )
        func statuses(_ change: (inout PolicyDocument) -> Void) -> [PolicyStatus] {
            var other = document
            change(&other)
            let registration = FunctionRegistration(name: "guest/f")
            return DraftedPolicies.admitted(draft, id: 1, of: registration, inUse: [other]).map(\.policy.status)
        }
        #expect(statuses { $0.metadata.status = .canary } == [.draft])
        #expect(statuses { $0.metadata.status = .active } == [.shadow])
        #expect(
            statuses {
                $0.metadata.status = .active
                $0.inputs.variables[0].kind = .number
            } == [.draft]
        )
    }

    @Test("of one function one draft is made at a time, and too many are refused")
    func queue() async throws {
        let gate = Barrier()
        let model = StubModel { _ in
            await gate.enter()
            return modelReply()
        }
        try await DraftRig.with(model) { rig in
            _ = try await rig.store.register(FunctionRegistration(name: "guest/g"), at: rig.time.clock.now)
            var ids: [Int64] = []
            for _ in 0..<3 { ids.append(try await rig.service.submit(DraftRig.request()).id) }
            let other = try await rig.service.submit(DraftRig.request("guest/g"))
            #expect(try await rig.eventually { gate.waiting == 2 })
            #expect(gate.most == 2)
            for _ in 4..<DrafterService.maximumWaiting { _ = try await rig.service.submit(DraftRig.request()) }
            let error = await #expect(throws: ErrorAnswer.self) { try await rig.service.submit(DraftRig.request()) }
            #expect(error?.code == .overloaded)
            gate.open()
            for id in ids { #expect(try await rig.ended(id).result?.isDone == true) }
            #expect(try await rig.ended(other.id, of: "guest/g").result?.isDone == true)
            #expect(gate.most == 2)
        }
    }

    @Test(
        "a stop ends what waits and what is being made, and says so; what a crash left open is ended at the next start"
    )
    func stops() async throws {
        let model = StubModel { _ throws(ModelFailure) in
            do { try await Task.sleep(for: .seconds(60)) } catch { throw ModelFailure(.cancelled, "cancelled") }
            return ""
        }
        let began = ContinuousClock.now
        let kept = Mutex<[StoredDraft]>([])
        try await DraftRig.with(model) { rig in
            for _ in 0..<2 { _ = try await rig.service.submit(DraftRig.request()) }
            #expect(try await rig.eventually { model.requests.count == 1 })
            rig.desk.announcer.close()
            let drafts = rig.store
            #expect(
                try await rig.eventually {
                    let all = try await drafts.drafts(of: "guest/f", before: nil, limit: 9)
                    kept.withLock { $0 = all }
                    return all.allSatisfy { $0.result?.isDone == false }
                }
            )
        }
        #expect(ContinuousClock.now - began < .seconds(20))
        #expect(kept.withLock { $0.allSatisfy { $0.result?.summary.contains("stopped") == true } })
        try await DraftRig.with(nil) { rig in
            let open = try await rig.store.addDraft(NewDraft(function: "guest/f"), at: rig.time.clock.now)
            await rig.service.recover()
            let ended = try await rig.store.draft(of: "guest/f", id: open.id)
            #expect(ended?.result?.isDone == false)
        }
    }
}

/// Holds everybody until it is opened; counts how many stand before it.
final class Barrier: Sendable {
    private let state = Mutex((waiting: 0, most: 0, isOpen: false))

    var waiting: Int { state.withLock { $0.waiting } }
    var most: Int { state.withLock { $0.most } }

    func open() { state.withLock { $0.isOpen = true } }

    func enter() async {
        state.withLock { state in
            state.waiting += 1
            state.most = max(state.most, state.waiting)
        }
        while !state.withLock({ $0.isOpen }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
        state.withLock { $0.waiting -= 1 }
    }
}
