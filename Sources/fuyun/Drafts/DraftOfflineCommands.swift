import ArgumentParser
import CoordinatorClient
import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import SystemPackage

/// `fuyun draft prompt`.
struct DraftPromptCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "prompt",
        abstract: "Prints what a model would be asked, for asking one by hand.",
        discussion: """
            Nothing leaves this machine. With --json it is the body of a chat-completions request without a model's name, \
            the schema of the answer included.

            EXAMPLES
              fuyun draft prompt guest/video --source video.py --payload example.json > prompt.txt
              fuyun draft prompt guest/video --source video.py --json | jq '.model = "NAME"' |
                curl -d @- -H 'Content-Type: application/json' http://127.0.0.1:11434/v1/chat/completions
            """
    )

    @Argument(help: "The function; else the source's name.")
    var name: String?

    @OptionGroup var source: DraftSource
    @OptionGroup var grant: DraftGrant
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        var request = try source.request(
            of: try offlineFunction(name, source: source.source),
            within: grant.bounds,
            on: console
        )
        request.knowledge = try grant.knowledge(on: console)
        let messages = DraftPrompt.opening(request)
        if answer.json {
            console.raw(Self.chat(messages).encoded())
        } else {
            // As it is: a terminal's width and colours have no business in it.
            for message in messages {
                console.raw("----- \(message.role.rawValue) -----\n\(message.content)\n".utf8)
            }
            console.raw("----- digest -----\n\(DraftPrompt.digest(messages))\n".utf8)
        }
        return .good
    }

    private static func chat(_ messages: [ChatMessage]) -> JSONValue {
        let schema = DraftPrompt.schema
        let format = (try? JSONDocument.parse(Array(schema.json.utf8)).root).map { root in
            JSONValue.object([
                ("type", .string("json_schema")),
                (
                    "json_schema",
                    .object([("name", .string(schema.name)), ("strict", .bool(true)), ("schema", root)])
                ),
            ])
        }
        let list = messages.map { message in
            JSONValue.object([("role", .string(message.role.rawValue)), ("content", .string(message.content))])
        }
        return .object([("messages", .array(list)), ("response_format", format)])
    }
}

/// `fuyun draft accept`.
struct DraftAcceptCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Takes a model's answer that was had by hand: finds what is wrong with it, or makes it a policy.",
        discussion: """
            It must be told the same source, examples and bounds as fuyun draft prompt was. The best policy goes to \
            standard output, or to --output; what is to be said of it goes to standard error, or to standard output \
            when that is free. With --add all its policies become versions at the coordinator, the best in shadow.

            EXAMPLES
              fuyun draft accept guest/video --source video.py --reply answer.txt > video.json
              fuyun draft accept guest/video --source video.py --reply answer.txt --add
            """
    )

    @Argument(help: "The function; else the source's name.")
    var name: String?

    @OptionGroup var source: DraftSource
    @OptionGroup var grant: DraftGrant

    @Option(
        help: ArgumentHelp(
            "The answer: JSON, prose around it does no harm; also a recording of one. - for standard input.",
            valueName: "file"
        )
    )
    var reply: String

    @Option(help: ArgumentHelp("The model that is said to have answered.", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("Write the best policy there.", valueName: "file"))
    var output: String?

    @Flag(help: "Add its policies at the coordinator, the best in shadow, the others in draft.")
    var add = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        let function = try offlineFunction(name, source: source.source)
        let access = add ? try coordinator.required() : nil
        var request = try source.request(of: function, within: grant.bounds, on: console)
        request.knowledge = try grant.knowledge(on: console)
        let file = InputFile(name: reply, limit: .mebibytes(16))
        let recording = RecordedReply(try file.read(input: console.input))
        let draft = DraftAcceptance.accept(recording.text, for: request, model: model ?? recording.model)
        let documents = draft.candidates.compactMap(\.document)
        let isStale = recording.promptDigest.map { $0 != draft.promptDigest } ?? false
        if answer.json {
            console.raw(Self.json(draft).encoded())
        } else if output != nil || add || documents.isEmpty {
            DraftView.show(draft, of: function, on: console)
        } else {
            let said = draft.candidates.flatMap(\.diagnostics)
            console.complain(([draft.summary] + said).joined(separator: "\n"))
        }
        if isStale {
            console.complain(
                "the recording answers another prompt (\(recording.promptDigest ?? "-")) than this source gives now "
                    + "(\(draft.promptDigest ?? "-"))"
            )
        }
        guard let best = documents.first else { return .problem }
        if let output { try Self.write(best.encoded(), to: output) }
        if let access { try await add(documents, of: request, access, on: console) }
        if output == nil, access == nil, !answer.json { console.raw(best.encoded()) }
        return .good
    }

    /// Adds policies at the coordinator, the best in shadow.
    private func add(
        _ documents: [PolicyDocument],
        of request: DraftRequest,
        _ access: CoordinatorAccess,
        on console: Console
    ) async throws(CommandFailure) {
        let items = try await access.use { client async throws(CoordinatorError) in
            do throws(CoordinatorError) {
                _ = try await client.answer(to: .function(request.function))
            } catch {
                guard error.refusal?.status == 404 else { throw error }
                var registration = CoordinatorAPI.Registration()
                registration.runtime = request.runtime
                registration.sourceDigest = request.source.digest
                _ = try await client.answer(to: .register(request.function, registration))
            }
            var items: [CoordinatorAPI.PolicyItem] = []
            // The best comes last, so that it is the newest version.
            for (place, document) in documents.enumerated().reversed() {
                var document = document
                document.metadata.status = place == 0 ? .shadow : .draft
                let body = ByteBuffer(bytes: document.encoded())
                items.append(try await client.answer(to: .add(body, to: request.function)))
            }
            return items
        }
        guard !answer.json else { return }
        console.line()
        for item in items {
            console.line(
                Text(request.function, .bold) + Text("  version \(item.version) is added, ")
                    + PolicyView.status(item.status)
            )
        }
    }

    private static func json(_ draft: Draft) -> JSONValue {
        .object([
            ("outcome", .string(draft.outcome.rawValue)), ("summary", .string(draft.summary)),
            ("model", draft.model.map { .string($0) }), ("prompt_digest", draft.promptDigest.map { .string($0) }),
            ("problems", .array(draft.steps.compactMap(\.problem).map { .string($0) })),
            (
                "candidates",
                .array(
                    draft.candidates.map { candidate in
                        .object([
                            ("rationale", .string(candidate.rationale)),
                            ("diagnostics", .array(candidate.diagnostics.map { .string($0) })),
                            (
                                "document",
                                candidate.document.flatMap { try? JSONDocument.parse($0.encoded()).root }
                            ),
                        ])
                    }
                )
            ),
        ])
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
        do {
            let file = try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            _ = try file.closeAfter { try file.writeAll(bytes) }
        } catch {
            throw CommandFailure("\(path): cannot be written: \(error)")
        }
    }
}

/// An answer as it came, or a recording of one: a JSON object with `model`, `prompt_digest` and the answer, as text or as
/// the last message of a conversation.
struct RecordedReply {
    /// The answer.
    var text: String
    /// The model that gave it.
    var model: String?
    /// When it did.
    var date: String?
    /// The digest of what it was asked.
    var promptDigest: String?

    /// Reads a file; what is no recording is the answer itself.
    init(_ bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
        guard let root = try? JSONDocument.parse(bytes).root else { return }
        guard let answer = root["reply"]?.text ?? root["answer"]?.text ?? Self.completion(root) else { return }
        text = answer
        model = root["model"]?.text
        date = root["date"]?.text
        promptDigest = root["prompt_digest"]?.text
    }

    /// The answer in the body of a chat completion.
    private static func completion(_ root: JSONValue) -> String? {
        root["choices"]?.elements.first?["message"]?["content"]?.text
    }
}
