import ArgumentParser
import FuyunPolicy
import FuyunReplay
import MemoryUnits

/// `fuyun replay`.
struct ReplayCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Compares ways to size calls on calls that ran, before anything sets limits.",
        discussion: """
            The trace is a file of comma-separated values with a header, or observations as an agent writes them or a \
            coordinator exports them (one JSON object a line). Columns that are not named as id, repetition or \
            measurement are features. Each strategy predicts, then sees what it may: the need of a call that finished, \
            and of one that was killed only that it needed more than its limit.

            EXAMPLES
              fuyun replay --trace runs.csv --need peak_bytes --group function
              fuyun replay --trace last-week.jsonl --policy candidate.json
              fuyun replay experiment overview

            docs/evaluation.md says what every figure means.
            """,
        subcommands: [ReplayTraceCommand.self, ReplayExperimentCommand.self],
        defaultSubcommand: ReplayTraceCommand.self
    )

    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome { throw CleanExit.helpRequest(self) }
}

/// `fuyun replay --trace`.
struct ReplayTraceCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Replays a trace or observations."
    )

    @Option(help: "The file: comma-separated values with a header, or observations.")
    var trace: String

    @Option(help: "A policy document; for the group that its policy_id names, or for all when there is one group.")
    var policy: [String] = []

    @Option(help: "The column of the memory that a call needed, in bytes.")
    var need: String?

    @Option(help: "What needs are multiplied by.")
    var needFactor = 1.0

    @Option(help: "Columns that name the group; one model each.", transform: words)
    var group: [String]?

    @Option(help: "The column of a call's time; its unit can follow: t:ms.")
    var duration: String?

    @Option(help: "The column of the limit that the user set, or a size for all calls.")
    var preset: String?

    @Option(help: "Columns that are no features.", transform: words)
    var skip: [String]?

    @Option(help: "The only columns that are features.", transform: words)
    var features: [String]?

    @Option(help: "Columns that hold words though they look like numbers.", transform: words)
    var category: [String]?

    @Option(help: "Strategies: \(StrategyCatalog.words).", transform: words)
    var strategies: [String] = ["preset", "oracle", "vpa", "max-seen", "fuyun-paper", "fuyun", "fuyun-rescue"]

    @Option(help: "given or shuffled.")
    var order = "given"

    @Option(help: "The seed of orders and intervals.")
    var seed: UInt64 = 1

    @Option(help: "Random orders of each group.")
    var runs = 10

    @Option(help: "Calls that are counted together, by how many of their group came before: 3-9,10-", transform: words)
    var windows: [String] = ["0-"]

    @Option(help: "The tier: limits are rounded up to a multiple.", transform: { try Bytes.size($0) })
    var tier: Bytes = .mebibytes(1)

    @Option(help: "The greatest limit.", transform: { try Bytes.size($0) })
    var maximum: Bytes = .gibibytes(1024)

    @Option(help: "How often a killed call is tried again, at most.")
    var retries = 8

    @Option(help: "The share of its time after which a call that is too big is killed.")
    var timeToFailure = 1.0

    @Option(help: "Compare at this share of failures, with limits scaled.")
    var matched: Double?

    @OptionGroup var output: ReplayOutput
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard ["given", "shuffled"].contains(order) else { throw ValidationError("--order is given or shuffled") }
        guard runs >= 1, runs <= 10_000 else { throw ValidationError("--runs is between 1 and 10000") }
        guard retries >= 0, retries <= 100 else { throw ValidationError("--retries is between 0 and 100") }
        guard (0...1).contains(timeToFailure) else { throw ValidationError("--time-to-failure is between 0 and 1") }
        guard needFactor > 0, needFactor.isFinite else { throw ValidationError("--need-factor is more than 0") }
        for window in windows where CallWindow(window) == nil {
            throw ValidationError("--windows: \"\(window)\" is not like 3-9 or 10-")
        }
    }

    func run(on console: Console) async throws -> Outcome {
        let names = try replayFailures { try strategies.map { try StrategyCatalog.strategy($0) } }
        let documents = try replayFailures { try policy.map { try PolicyFile.read($0) } }
        var options = ReplayOptions(grant: ReplayOptions.defaultGrant, windows: windows.compactMap { CallWindow($0) })
        options.grant.tier = tier
        options.grant.maximum = maximum
        if let size = preset.flatMap({ try? Bytes.size($0) }) { options.grant.preset = size }
        options.order = order == "given" ? .given : .shuffled(runs: runs)
        options.seed = seed
        options.retries = retries
        options.timeToFailure = timeToFailure
        options.matchedFailures = matched
        options.keepsCalls = true
        let browser = try output.prepare()
        let meter = ProgressMeter(console: console, isQuiet: output.json)
        let engine = ReplayEngine(strategies: names, options: options) { group in
            let own = documents.filter { $0.metadata.policyID == group }
            return own.isEmpty && documents.count == 1 ? documents : own
        } progress: {
            meter.show($0)
        }
        let result = try await replayFailures { try await replay(engine, console) }
        meter.end()
        try output.show([result], browser, on: console)
        return .good
    }

    private func replay(_ engine: ReplayEngine, _ console: Console) async throws -> ReplayResult {
        if try ObservationTrace.looksLike(trace) {
            let observed = try ObservationTrace(trace)
            for (reason, count) in observed.leftOut.sorted(by: { $0.key < $1.key }) where !output.json {
                console.complain("\(trace): \(count) calls \(reason) are left out")
            }
            return try await engine.replay(observed.traces, title: trace)
        }
        let file = try TraceFile(trace, columns)
        if engine.options.order == .given, file.rowCount > TraceFile.maximumHeldRows / 2 {
            var engine = engine
            engine.options.matchedFailures = nil
            var rows = try file.rows()
            return try await engine.replay(
                streaming: file.layout,
                groups: file.groups,
                title: trace,
                rows: file.rowCount
            ) { try rows.next(1 << 16) }
        }
        return try await engine.replay([try file.load()], title: trace)
    }

    private var columns: TraceColumns {
        var columns = TraceColumns()
        columns.need = need
        columns.needFactor = needFactor
        columns.group = group ?? []
        columns.duration = duration
        columns.preset = preset.flatMap { (try? Bytes.size($0)) == nil ? $0 : nil }
        columns.skipped = Set(skip ?? [])
        columns.features = features
        columns.categories = Set(category ?? [])
        return columns
    }
}

/// `fuyun replay experiment`.
struct ReplayExperimentCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Repeats an experiment on the measured functions that come with the project.",
        discussion: Experiment.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n")
    )

    @Argument(help: "\(Experiment.allCases.map(\.rawValue).joined(separator: ", ")).")
    var name: String

    @Option(help: "The folder with functions/ and policies/.")
    var data: String?

    @Option(help: "Strategies in place of the experiment's own.", transform: words)
    var strategies: [String]?

    @Option(help: "Random orders.")
    var runs = 20

    @Option(help: "The seed of the orders.")
    var seed: UInt64 = 1

    @OptionGroup var output: ReplayOutput
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard Experiment(rawValue: name) != nil else {
            throw ValidationError(
                "there is no experiment \"\(name)\"; there are "
                    + Experiment.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        guard runs >= 1, runs <= 10_000 else { throw ValidationError("--runs is between 1 and 10000") }
    }

    func run(on console: Console) async throws -> Outcome {
        guard let experiment = Experiment(rawValue: name) else { return .problem }
        guard let folder = data ?? MeasuredFunctions.found() else {
            throw CommandFailure(
                "the data was not found in \(MeasuredFunctions.folders.joined(separator: ", ")); say --data FOLDER"
            )
        }
        var settings = Experiment.Settings(folder: folder, runs: runs, seed: seed)
        settings.strategies = try replayFailures { try strategies?.map { try StrategyCatalog.strategy($0) } }
        let browser = try output.prepare()
        let meter = ProgressMeter(console: console, isQuiet: output.json)
        settings.progress = { meter.show($0) }
        let results = try await replayFailures { try await experiment.run(settings) }
        meter.end()
        try output.show(results, browser, on: console)
        return .good
    }
}

/// Words with commas between them.
@Sendable private func words(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

/// Turns what can be wrong with files and names into the command's own failure.
private func replayFailures<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as TraceError {
        throw CommandFailure(error.description)
    } catch let error as StrategyNameError {
        throw CommandFailure(error.description)
    }
}

private func replayFailures<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as TraceError {
        throw CommandFailure(error.description)
    } catch let error as StrategyNameError {
        throw CommandFailure(error.description)
    }
}
