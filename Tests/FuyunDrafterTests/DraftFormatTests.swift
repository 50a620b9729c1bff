import FuyunDrafter
import FuyunPolicy
import MemoryUnits
import Testing

/// Drafts and requests as JSON, and drafts without a model.
@Suite struct DraftFormatTests {
    @Test func aRequestComesBack() throws {
        var request = BadReply.request
        request.knowledge = [KnowledgeNote(name: "global.md", text: "Pictures are \"large\".\n")]
        request.source.omitted = [.init(path: "logo.png", reason: "binary")]
        request.source.maskedSecrets = 2
        request.evidence = DraftEvidence(
            reason: "no form fits",
            features: ["width"],
            rows: [.init(values: ["4000"], need: .mebibytes(90), isCensored: true, predicted: .mebibytes(70))],
            tried: [.init(formula: "base + width", relativeError: 0.5)]
        )
        #expect(try DraftRequest(json: request.json()) == request)
        // What only the coordinator knows is not sent to it.
        let sent = request.json(forCoordinator: true)
        #expect(!sent.contains("large") && !sent.contains("no form fits") && !sent.contains("\"grant\""))
        let taken = try DraftRequest(json: sent, function: "guest/other", grant: request.grant)
        #expect(taken.function == "guest/other" && taken.source == request.source)
        #expect(throws: DraftFormatError.self) { try DraftRequest(json: sent) }
    }

    @Test func aDraftComesBack() throws {
        let drafts = [BadReply.good, "nothing"].map {
            DraftAcceptance.accept($0, for: BadReply.request, model: "stub")
        }
        for draft in drafts { #expect(try Draft(json: draft.json()) == draft) }
    }

    @Test(arguments: ["", "{}", "[]", #"{"schema":"fuyun.draft/v2"}"#])
    func anotherTextIsRefused(_ text: String) {
        #expect(throws: DraftFormatError.self) { try Draft(json: text) }
        #expect(throws: DraftFormatError.self) { try DraftRequest(json: text) }
    }

    @Test func withoutAModelTheLibraryDraftsAndSaysSo() async {
        let draft = await Drafter(model: nil, now: { .zero }).draft(BadReply.request)
        #expect(draft.outcome == .library && draft.model == nil && draft.steps.isEmpty)
        #expect(draft.summary.contains("No model was asked") && draft.summary.contains("nobody read the source"))
        #expect(draft.candidates.count >= 3)
        for document in draft.candidates.map(\.document) {
            #expect(document.flatMap { PolicyCompiler.compile($0).policy } != nil)
            #expect(document?.metadata.origin?.kind == PolicyOrigin.library)
        }
        let expressions = draft.candidates.compactMap(\.document).flatMap { $0.logic.laws[0].terms.map(\.expression) }
        #expect(expressions.contains("width * height"))
        #expect(draft.candidates.last?.document?.logic.family == .constant)
    }

    @Test func withoutAnythingThereIsNoDraft() async {
        let request = DraftRequest(
            function: "f",
            source: SourceBundle(files: [], digest: ""),
            grant: BadReply.request.grant
        )
        let draft = await Drafter(model: nil, now: { .zero }).draft(request)
        #expect(draft.outcome == .empty && draft.candidates.isEmpty)
    }

    /// The whole of one prompt; `FUYUN_RECORD=golden` writes it anew.
    @Test func thePromptIsTheGoldenOne() throws {
        let path = Files.root + "data/prompt-golden.txt"
        let text = DraftPrompt.opening(BadReply.request)
            .map { "===== \($0.role.rawValue) =====\n\($0.content)\n" }.joined(separator: "\n")
        if Files.environment("FUYUN_RECORD") == "golden" { #expect(Files.write(text, to: path)) }
        #expect(Files.text(path) == text)
    }
}
