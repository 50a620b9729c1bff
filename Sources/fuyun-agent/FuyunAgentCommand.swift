import ArgumentParser
import FuyunAgent
import FuyunProtocol
import Logging
import ServiceLifecycle
import Settings
import Systemd

@main
struct FuyunAgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuyun-agent",
        abstract: "Gives every function invocation on this node the memory it needs, and no more.",
        discussion: "Settings come from the command line, the environment (FUYUN_*) and the file, in this order; "
            + "docs/configuration.md lists them. Exit status: 0 done, 1 something is wrong, 64 bad usage.",
        version: FuyunVersion.text,
        subcommands: [Serve.self, Release.self],
        defaultSubcommand: Serve.self
    )
}

struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file; a missing default file is no error.")
    var config: String?

    @Option(name: .customLong("set"), help: "Set one setting: KEY=VALUE. May be repeated.")
    var assignments: [String] = []

    @Sendable
    func load() throws(ConfigurationErrors) -> AgentConfiguration {
        try .load(try .process(file: config, assignments: assignments, of: AgentConfiguration.settings))
    }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve invocations (the default).")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Check the configuration and all policies, print every problem, and exit.")
    var check = false

    func run() async throws {
        if check { return try checkAndExit() }
        let configuration = try Report.problems { try options.load() }
        let logger = try Report.problems { try AgentLogging.bootstrap(level: configuration.logLevel) }
        let agent = try await Report.problems(to: logger) {
            try await Agent.build(configuration, try .thisMachine(configuration, logger: logger))
        }
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        let signals = SignalService(reload: { [options] in await agent.reload(options.load) }) { stop.yield() }
        var services: [any Service] = [agent, signals]
        if let watchdog = try Watchdog.fromEnvironment() {
            services.insert(
                WatchdogService(watchdog: watchdog, logger: logger) { try await agent.proveAlive() },
                at: 0
            )
        }
        let group = ServiceGroup(services: services, logger: logger)
        let stopper = Task {
            for await _ in stops { await group.triggerGracefulShutdown() }
        }
        defer { stopper.cancel() }
        try await Report.problems(to: logger) { try await group.run() }
    }

    private func checkAndExit() throws {
        let configuration = try Report.problems { try options.load() }
        let report = ConfigurationCheck(configuration)
        for line in report.problems { Report.line(line) }
        Report.line(report.summary)
        if !report.problems.isEmpty { throw ExitCode.failure }
    }
}

struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give every container back the ceiling that a stopped agent left on it."
    )

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let outcome = try Report.problems { CeilingRelease.run(in: try .configured(try? options.load())) }
        for problem in outcome.problems { Report.line(problem) }
        Report.line("released \(outcome.released) containers")
        if !outcome.problems.isEmpty { throw ExitCode.failure }
    }
}
