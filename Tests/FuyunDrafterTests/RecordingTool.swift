import FuyunDrafter
import Testing

/// Not a test: how recordings are made; `Tests/FuyunDrafterTests/record` runs it.
@Suite(.enabled(if: Files.environment("FUYUN_RECORD") != nil)) struct RecordingTool {
    /// Writes the next question of every function: `DIRECTORY/NAME/N-PURPOSE.txt`.
    @Test(.enabled(if: Files.environment("FUYUN_RECORD") == "render"))
    func render() async throws {
        let folder = try #require(Files.environment("FUYUN_RECORD_DIRECTORY"))
        for function in TestFunction.all {
            guard let (messages, number) = try await next(function) else { continue }
            let purpose = number == 1 ? "propose" : "repair"
            let text = messages.map { "===== \($0.role.rawValue) =====\n\($0.content)\n" }.joined(separator: "\n")
            #expect(Files.write(text, to: "\(folder)/\(function.name)/\(number)-\(purpose).txt"))
        }
    }

    /// Stores an answer to the next question of a function.
    @Test(.enabled(if: Files.environment("FUYUN_RECORD") == "store"))
    func store() async throws {
        let name = try #require(Files.environment("FUYUN_RECORD_NAME"))
        let reply = try #require(Files.environment("FUYUN_RECORD_REPLY").flatMap(Files.text))
        let model = try #require(Files.environment("FUYUN_RECORD_MODEL"))
        let date = try #require(Files.environment("FUYUN_RECORD_DATE"))
        let function = try TestFunction(name)
        let (messages, number) = try #require(try await next(function), "nothing is asked of a model any more")
        var recording = try number == 1 ? nil : Recording(named: name)
        if recording == nil { recording = Recording(name: name, model: model, date: date) }
        recording?.exchanges.append(
            .init(
                purpose: number == 1 ? DraftStep.opening : "repair \(number - 1)",
                promptDigest: DraftPrompt.digest(messages),
                reply: reply
            )
        )
        #expect(recording?.write() == true)
    }

    /// The question that comes after what was recorded, and its number; nil when there is none. A stale recording counts for
    /// nothing.
    private func next(_ function: TestFunction) async throws -> (messages: [ChatMessage], number: Int)? {
        let recording = try Recording(named: function.name)
        let model = RecordedModel(recording)
        let draft = await Drafter(model: model, now: { .zero }).draft(function.request)
        if model.isStale { return (DraftPrompt.opening(function.request), 1) }
        guard let messages = model.unanswered else { return nil }
        return (messages, draft.steps.count { $0.answer != nil && $0.purpose != DraftStep.rank } + 1)
    }
}
