import FuyunDrafter
import Testing

/// What `fuyun replay experiment drafts` tunes is what the recorded answers come to.
@Suite struct MeasuredDraftTests {
    @Test(arguments: MeasuredDraft.all)
    func draftsOfTheMeasuredFunctionsAreThoseOfTheRecordings(_ measured: MeasuredDraft) async throws {
        let recording = try #require(try Recording(named: measured.recording))
        let function = try TestFunction(measured.recording)
        let draft = await Drafter(model: RecordedModel(recording), now: { .zero }).draft(function.request)
        try #require(draft.outcome == .drafted)
        let file = try measured.file(of: draft, recording)
        if Files.environment("FUYUN_RECORD") == "drafts" {
            #expect(Files.write(file, to: measured.path))
        }
        #expect(
            Files.read(measured.path) == file,
            "\(measured.path) is stale: the recording or its reading has changed. Tests/FuyunDrafterTests/record drafts"
        )
    }

    @Test func everyMeasuredFunctionHasOne() {
        let names = Files.names(in: MeasuredDraft.folder + "policies")
        #expect(Files.names(in: MeasuredDraft.folder + "drafts").filter { $0.hasSuffix(".json") } == names)
    }
}
