import FuyunDrafter
import Testing

/// Real answers of a real model to the exact prompts.
@Suite struct ReplayTests {
    @Test(arguments: Recording.names)
    func recordedAnswersArePolicies(_ name: String) async throws {
        let recording = try #require(try Recording(named: name))
        let function = try TestFunction(name)
        let model = RecordedModel(recording)
        let draft = await Drafter(model: model, now: { .zero }).draft(function.request)
        try #require(!model.isStale, Comment(rawValue: recording.stale))
        #expect(draft.outcome == .drafted)
        #expect(draft.candidates.first?.document != nil)
        #expect(draft.model == recording.model)
    }
}
