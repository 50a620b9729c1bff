import ArgumentParser
import CoordinatorClient
import FuyunPolicy
import FuyunProtocol

/// `fuyun policies`.
struct PoliciesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies",
        abstract: "Shows and moves the versions of a function's policy on the coordinator.",
        discussion: """
            EXAMPLES
              fuyun policies list guest/video
              fuyun policies show guest/video 3 --document > video.json
              fuyun policies diff guest/video 3 4
              fuyun policies add guest/video video.json
              fuyun policies activate guest/video 4 --reason "tested"
              fuyun policies rollback guest/video
            """,
        subcommands: [
            PoliciesListCommand.self, PoliciesShowCommand.self, PoliciesDiffCommand.self, PoliciesAddCommand.self,
            PoliciesActivateCommand.self, PoliciesRollbackCommand.self, PoliciesRetireCommand.self,
        ]
    )
}

/// `fuyun policies list`.
struct PoliciesListCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the versions of a function's policy, newest first.",
        discussion: """
            CALLS, MISSES and WASTE are those of the observations that are kept: a miss ran out of its own limit, was \
            rescued or thrashed; waste is the share of what was granted that was not needed.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws { try checkFunction(name) }

    func run(on console: Console) async throws -> Outcome {
        let items = try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            try await CoordinatorAccess.all(client) { .policies(of: name, before: $0) }
        }
        if answer.json {
            console.document(CoordinatorAPI.Page(items))
        } else if items.isEmpty {
            console.line("\(name) has no policy; fuyun policies add \(name) FILE adds one")
        } else {
            console.table(PolicyView.table(items))
        }
        return .good
    }
}

/// `fuyun policies show`.
struct PoliciesShowCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows a version: where it stands, how it did, its formula."
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The version; else the active one, else the newest.")
    var version: Int?

    @Flag(help: "Print the policy document alone, as fuyun policy check reads it.")
    var document = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        try checkFunction(name)
        try checkVersion(version)
        guard !document || !answer.json else { throw ValidationError("--document and --json contradict each other") }
    }

    func run(on console: Console) async throws -> Outcome {
        let policy = try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            let version = try await PolicyView.version(version, of: name, client)
            return try await client.answer(to: .policy(of: name, version: version))
        }
        if answer.json {
            console.document(policy)
        } else if document {
            console.raw(PolicyView.pretty(policy.document))
        } else {
            PolicyView.show(policy, on: console)
        }
        return .good
    }
}

/// `fuyun policies diff`.
struct PoliciesDiffCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what differs between two versions.",
        discussion: "With one version it is compared with the active one."
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The first version; the only one given is compared with the active one.")
    var from: Int

    @Argument(help: "The second version.")
    var to: Int?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        try checkFunction(name)
        try checkVersion(from)
        try checkVersion(to)
    }

    func run(on console: Console) async throws -> Outcome {
        let diff = try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            if let to { return try await client.answer(to: .diff(of: name, from: from, to: to)) }
            let active = try await PolicyView.version(nil, of: name, client)
            return try await client.answer(to: .diff(of: name, from: active, to: from))
        }
        if answer.json {
            console.document(diff)
            return .good
        }
        console.line(Text("\(name)", .bold) + Text("  version \(diff.from) → \(diff.to)"))
        guard !diff.changes.isEmpty else {
            console.line("nothing differs")
            return .good
        }
        let changes = diff.changes.map { change in
            DocumentChanges.Change(
                path: change.path,
                from: change.from.map { String(decoding: $0, as: UTF8.self) },
                to: change.to.map { String(decoding: $0, as: UTF8.self) }
            )
        }
        console.table(DocumentChanges.table(changes))
        return .good
    }
}
