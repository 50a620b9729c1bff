import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import MemoryUnits
import Testing

@testable import FuyunCoordinator

@Suite("Second thoughts")
struct SecondThoughtsTests {
    private static let hour = Duration.seconds(3_600)

    private func draft(_ cause: NewDraft.Cause, at hours: Int, isOpen: Bool = false) -> StoredDraft {
        let time = Timestamp(milliseconds: Int64(hours) * 3_600_000)
        var draft = StoredDraft(id: 1, createdAt: time, draft: NewDraft(function: "f", cause: cause))
        guard !isOpen else { return draft }
        draft.endedAt = time
        draft.result = DraftResult(isDone: true, summary: "")
        return draft
    }

    @Test("wait an hour after a draft, then twice as long each time, a week at most; an operator's draft begins anew")
    func backOff() {
        let first = draft(.operator, at: 0)
        #expect(SecondThoughts.nextMoment([first]) == Self.hour)
        #expect(SecondThoughts.nextMoment([draft(.secondThoughts, at: 1), first]) == Self.hour * 3)
        let two = [draft(.secondThoughts, at: 3), draft(.secondThoughts, at: 1), first]
        #expect(SecondThoughts.nextMoment(two) == Self.hour * 7)
        #expect(SecondThoughts.nextMoment([draft(.operator, at: 4)] + two) == Self.hour * 5)
        let many = (0..<15).map { draft(.secondThoughts, at: 100 - $0) } + [first]
        #expect(SecondThoughts.nextMoment(many) == Self.hour * (100 + 168))
        #expect(SecondThoughts.nextMoment([]) == nil)
        #expect(SecondThoughts.nextMoment([draft(.operator, at: 9, isOpen: true), first]) == nil)
    }

    private func document(_ text: String = Rig.policy()) throws -> PolicyDocument {
        try #require(PolicyCompiler.compile(Array(text.utf8)).document)
    }

    private func samples(_ count: Int, _ need: (Int) -> Double) -> [Sample] {
        (0..<count).map { index in
            let bytes = Bytes(UInt64(need(index)))
            return Sample(features: ["n": .number(Double(index))], need: .between(bytes, bytes))
        }
    }

    private func doubt(_ samples: [Sample], _ document: PolicyDocument, bound: Double) -> FitDoubt? {
        let limit = Bytes(UInt64(bound))
        let bounds = samples.map { _ in ReplayedLimit(limit: limit, bound: limit, isGreatest: false) as ReplayedLimit? }
        let candidates = [
            CoordinatorAPI.TuneReport.Candidate(
                name: "skeleton 1",
                meanBound: bound * 1.1,
                missesLeftOut: 0,
                isChosen: false,
                why: ""
            )
        ]
        let fitted = FitResult(document: document, samples: samples.count, why: "", candidates: candidates)
        return SecondThoughts.doubt(fitted, skeletons: [document], samples: samples, bounds: bounds)
    }

    @Test("are had where the bounds lie far above the needs, after enough calls, and never where they do not")
    func doubts() throws {
        let linear = try document()
        let varied = samples(40) { $0 % 2 == 0 ? 50e6 : 400e6 }
        let found = try #require(doubt(varied, linear, bound: 420e6))
        #expect(found.reason.contains("87 %") && found.reason.contains("40 calls"), "\(found.reason)")
        #expect(found.evidence.features == ["n"])
        #expect(found.evidence.rows.count == SecondThoughts.rows)
        #expect(found.evidence.rows.first?.predicted == Bytes(420_000_000))
        #expect(found.evidence.tried.first?.formula == "base + c × (n)")
        #expect(doubt(Array(varied.prefix(19)), linear, bound: 420e6) == nil)
        // A function that always needs the same has nothing to gain.
        #expect(doubt(samples(40) { _ in 400e6 }, linear, bound: 420e6) == nil)
        var constant = linear
        constant.logic.laws[0].terms = []
        #expect(doubt(varied, constant, bound: 420e6)?.reason.hasPrefix("no formula beats a constant") == true)
    }

    @Test("ask the model again with the evidence, from the source that was kept, and not before an hour is over")
    func asksAgain() async throws {
        let model = StubModel { _ in modelReply() }
        try await DraftRig.with(model) { rig in
            _ = try await rig.draft(DraftRig.request().masked)
            let doubt = FitDoubt(
                reason: "no formula beats a constant",
                evidence: DraftEvidence(
                    reason: "no formula beats a constant",
                    features: ["n"],
                    rows: [.init(values: ["17"], need: .mebibytes(99), isCensored: false, predicted: .mebibytes(400))],
                    tried: [.init(formula: "base + c × (n)", relativeError: 0.9)]
                )
            )
            rig.desk.leave(doubt, about: "guest/f")
            // The desk remembers for a while that it is too early; a restarted coordinator looks again.
            #expect(try await rig.eventually { !rig.desk.wants("guest/f") })
            #expect(model.requests.count == 1)
            rig.desk.rest("guest/f", until: .now - .seconds(1))
            rig.time.advance(by: .seconds(3_601))
            rig.desk.leave(doubt, about: "guest/f")
            #expect(
                try await rig.eventually {
                    try await rig.store.drafts(of: "guest/f", before: nil, limit: 9).first?.result?.isDone == true
                        && model.requests.count == 2
                }
            )
            let drafts = try await rig.store.drafts(of: "guest/f", before: nil, limit: 9)
            #expect(drafts.map(\.draft.cause) == [.secondThoughts, .operator])
            let question = try #require(model.requests.last?.messages.last?.content)
            #expect(question.contains("no formula beats a constant") && question.contains("return bytes(n)"))
            #expect(try await rig.events(DraftEvents.started).last?.message.contains("no formula beats") == true)
        }
    }

    @Test("are never had without a model, without a source, or when they are switched off")
    func off() async throws {
        let doubt = FitDoubt(reason: "r", evidence: DraftEvidence(reason: "r", features: [], rows: [], tried: []))
        let model = StubModel { _ in modelReply() }
        var settings = DraftingSettings()
        settings.secondThoughts = false
        for (asked, settings) in [(nil, DraftingSettings()), (model, settings)] as [(StubModel?, DraftingSettings)] {
            try await DraftRig.with(asked, settings: settings) { rig in
                #expect(!rig.desk.wants("guest/f"))
                rig.desk.leave(doubt, about: "guest/f")
                #expect(rig.desk.take().isEmpty)
            }
        }
        try await DraftRig.with(model) { rig in
            rig.desk.leave(doubt, about: "guest/f")
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await rig.store.drafts(of: "guest/f", before: nil, limit: 9).isEmpty)
        }
        #expect(model.requests.isEmpty)
    }
}
