import ArgumentParser
import CoordinatorClient
import FuyunPolicy
import FuyunProtocol
import NIOCore

/// `fuyun policies add`.
struct PoliciesAddCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Adds a policy document as the function's next version.",
        discussion: """
            The document is checked first, as fuyun policy check does. Its status must be draft or shadow; its version \
            is not looked at.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The policy document; - for standard input.")
    var file: String

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws { try checkFunction(name) }

    func run(on console: Console) async throws -> Outcome {
        let access = try coordinator.required()
        let source = InputFile(name: file, limit: .largestPolicy)
        let document = try source.read(input: console.input)
        let errors = PolicyCompiler.compile(document).errors
        guard errors.isEmpty else {
            let lines = errors.map { "\(source.shownName):\($0)" }
            throw CommandFailure((["\(source.shownName) is not a good policy"] + lines).joined(separator: "\n"))
        }
        let item = try await access.use(about: name) { client async throws(CoordinatorError) in
            try await client.answer(to: .add(ByteBuffer(bytes: document), to: name))
        }
        if answer.json {
            console.document(item)
        } else {
            console.line(
                Text(name, .bold) + Text("  version \(item.version) is added, ") + PolicyView.status(item.status)
            )
        }
        return .good
    }
}

/// What the commands that move a version have in common.
struct LadderOptions: ParsableArguments {
    @Argument(help: "The function.")
    var name: String

    @Option(help: ArgumentHelp("Why, for those who read it later.", valueName: "text"))
    var reason: String?

    func validate() throws {
        try checkFunction(name)
        guard reason?.utf8.count ?? 0 <= CoordinatorAPI.maximumReason else {
            throw ValidationError("--reason takes up to \(CoordinatorAPI.maximumReason) bytes")
        }
    }

    /// Says how the function stands now.
    func show(_ answer: CoordinatorAPI.LadderAnswer, json: Bool, on console: Console) {
        if json { return console.document(answer) }
        var words = answer.activeVersion.map { "; active is version \($0)" } ?? "; none is active"
        if answer.activeVersion == answer.version { words = "" }
        if let candidate = answer.candidateVersion, candidate != answer.version {
            words += "; candidate is version \(candidate)"
        }
        console.line(
            Text(answer.function, .bold) + Text("  version \(answer.version) is ") + PolicyView.status(answer.status)
                + Text(words)
        )
    }
}

/// `fuyun policies activate`.
struct PoliciesActivateCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Makes a version the active one, at once and without a canary.",
        discussion: "Unless it is pinned, it is rolled back like any other when it does not give enough."
    )

    @OptionGroup var ladder: LadderOptions

    @Argument(help: "The version; also a retired one.")
    var version: Int

    @Flag(help: "Hold it fast: no new versions, no automatic roll-back.")
    var pin = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws { try checkVersion(version) }

    func run(on console: Console) async throws -> Outcome {
        let request = CoordinatorAPI.LadderRequest(reason: ladder.reason, pin: pin)
        let moved = try await coordinator.required().use(about: ladder.name) { client async throws(CoordinatorError) in
            try await client.answer(to: .activate(version, of: ladder.name, request))
        }
        ladder.show(moved, json: answer.json, on: console)
        return .good
    }
}

/// `fuyun policies rollback`.
struct PoliciesRollbackCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Retires the active version; the one before it is active again."
    )

    @OptionGroup var ladder: LadderOptions
    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        let request = CoordinatorAPI.LadderRequest(reason: ladder.reason)
        let moved = try await coordinator.required().use(about: ladder.name) { client async throws(CoordinatorError) in
            try await client.answer(to: .rollback(ladder.name, request))
        }
        ladder.show(moved, json: answer.json, on: console)
        return .good
    }
}

/// `fuyun policies retire`.
struct PoliciesRetireCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Takes a version out of use."
    )

    @OptionGroup var ladder: LadderOptions

    @Argument(help: "The version.")
    var version: Int

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws { try checkVersion(version) }

    func run(on console: Console) async throws -> Outcome {
        let request = CoordinatorAPI.LadderRequest(reason: ladder.reason)
        let moved = try await coordinator.required().use(about: ladder.name) { client async throws(CoordinatorError) in
            try await client.answer(to: .retire(version, of: ladder.name, request))
        }
        ladder.show(moved, json: answer.json, on: console)
        return .good
    }
}
