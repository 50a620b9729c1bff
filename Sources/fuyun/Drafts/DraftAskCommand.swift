import ArgumentParser
import CoordinatorClient
import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore

/// `fuyun draft NAME`.
struct DraftAskCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Has the coordinator draft a function's policy, and shows what came of it (the default).",
        discussion: """
            The source is read here, and secrets in it are masked here. A function that the coordinator does not know is \
            registered. With --dry-run nothing is stored and nothing is registered.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var source: DraftSource

    @Flag(help: "Store nothing: only show what would be drafted.")
    var dryRun = false

    @Flag(help: "Do not wait until the draft is made.")
    var noWait = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    /// The longest that a draft is waited for.
    private static let patience = Duration.seconds(1_800)
    /// How long the coordinator may hold an answer back.
    private static let poll = 15

    func validate() throws { try checkFunction(name) }

    func run(on console: Console) async throws -> Outcome {
        guard let access = try coordinator.access() else {
            throw ValidationError(
                "drafting needs a coordinator: name it by --coordinator URL or by FUYUN_COORDINATOR; without one, "
                    + "fuyun draft prompt prints what to ask any model, and fuyun draft accept takes its answer"
            )
        }
        // The coordinator has its own bounds and notes, and takes nobody's word for them.
        let anything = SafetyBounds(minimum: .zero, maximum: .max, preset: .max, tier: Bytes(1))
        let request = try source.request(of: name, within: anything, on: console)
        if !answer.json {
            DraftView.showRequest(request, to: "the coordinator at \(access.url)", on: console)
            console.line()
        }
        let body = ByteBuffer(string: request.json(forCoordinator: true))
        let (draft, statuses) = try await access.use(about: name) { client async throws(CoordinatorError) in
            if !dryRun { try await register(request, client) }
            var draft = try await client.answer(to: .draft(name, body, isDryRun: dryRun))
            let id = draft.id
            let start = ContinuousClock.now
            while draft.state == .open, !noWait, .now - start < Self.patience {
                if !answer.json {
                    let waited = (.now - start).components.seconds
                    console.line(
                        Text("draft \(id) is being made" + (waited > 1 ? ", \(waited) s so far" : ""), .dim)
                    )
                }
                draft = try await client.answer(to: .draft(of: name, id: id, wait: Self.poll))
            }
            return (draft, try await Self.statuses(of: draft, client))
        }
        if answer.json {
            console.document(draft)
        } else {
            DraftView.show(draft, statuses, on: console)
        }
        return draft.state == .failed ? .problem : .good
    }

    /// Makes a function known, and tells of which source and runtime it is now.
    private func register(_ request: DraftRequest, _ client: CoordinatorClient) async throws(CoordinatorError) {
        var registration = CoordinatorAPI.Registration()
        do throws(CoordinatorError) {
            registration = try await client.answer(to: .function(name)).registration
        } catch {
            guard error.refusal?.status == 404 else { throw error }
        }
        let before = registration
        registration.runtime = request.runtime ?? registration.runtime
        registration.sourceDigest = request.source.digest
        guard registration != before else { return }
        _ = try await client.answer(to: .register(name, registration))
    }

    /// Where the versions of a draft stand on the ladder.
    static func statuses(
        of draft: CoordinatorAPI.Draft,
        _ client: CoordinatorClient
    ) async throws(CoordinatorError) -> [Int: PolicyStatus] {
        guard !draft.versions.isEmpty else { return [:] }
        let items = try await client.answer(to: .policies(of: draft.function, limit: 100)).elements
        return Dictionary(items.map { ($0.version, $0.status) }) { first, _ in first }
    }
}

/// `fuyun draft list`.
struct DraftListCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists a function's drafts, newest first."
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws { try checkFunction(name) }

    func run(on console: Console) async throws -> Outcome {
        let drafts = try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            try await CoordinatorAccess.all(client) { .drafts(of: name, before: $0) }
        }
        if answer.json {
            console.document(CoordinatorAPI.Page(drafts))
        } else if drafts.isEmpty {
            console.line("\(name) has no drafts; fuyun draft \(name) --source PATH makes one")
        } else {
            console.table(DraftView.table(drafts))
        }
        return .good
    }
}

/// `fuyun draft show`.
struct DraftShowCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows a draft: rationale, formulas, diagnostics, and where they stand.",
        discussion: "With --json also everything that was asked and answered."
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The number of the draft; else the newest.")
    var draft: Int64?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        try checkFunction(name)
        guard draft ?? 1 >= 1 else { throw ValidationError("drafts are numbered from 1") }
    }

    func run(on console: Console) async throws -> Outcome {
        let (shown, statuses) = try await coordinator.required().use(about: name) {
            client async throws(CoordinatorError) -> (CoordinatorAPI.Draft, [Int: PolicyStatus]) in
            var wanted = draft
            if wanted == nil { wanted = try await client.answer(to: .drafts(of: name, limit: 1)).elements.first?.id }
            guard let id = wanted else {
                throw CoordinatorError(
                    .refused,
                    "\(name) has no drafts",
                    advice: "fuyun draft \(name) --source PATH makes one"
                )
            }
            let found = try await client.answer(to: .draft(of: name, id: id))
            return (found, try await DraftAskCommand.statuses(of: found, client))
        }
        if answer.json {
            console.document(shown)
        } else {
            DraftView.show(shown, statuses, on: console)
        }
        return .good
    }
}
