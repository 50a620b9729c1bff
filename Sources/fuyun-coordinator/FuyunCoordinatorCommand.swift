import ArgumentParser
import FuyunCoordinator
import FuyunProtocol
import Logging
import ServiceLifecycle
import Settings
import Systemd

@main
struct FuyunCoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuyun-coordinator",
        abstract: "Takes observations of many nodes in, and hands tuned policies out.",
        discussion: "Settings come from the command line, the environment (FUYUN_COORDINATOR_*) and the file, in this "
            + "order; docs/coordinator.md lists them. Exit status: 0 done, 1 something is wrong, 64 bad usage.",
        version: FuyunVersion.text
    )

    @Option(help: "The configuration file; a missing default file is no error.")
    var config: String?

    @Option(name: .customLong("set"), help: "Set one setting: KEY=VALUE. May be repeated.")
    var assignments: [String] = []

    @Flag(help: "Check configuration, tokens and certificate, print every problem, and exit.")
    var check = false

    func run() async throws {
        let load = { @Sendable [config, assignments] () throws(ConfigurationErrors) -> CoordinatorConfiguration in
            try .load(try .process(file: config, assignments: assignments, of: CoordinatorConfiguration.settings))
        }
        let configuration = try Report.problems { try load() }
        if check { return try checkAndExit(configuration) }
        let logger = try Report.problems { try CoordinatorLogging.bootstrap(level: configuration.logLevel) }
        let coordinator = try await Report.problems(to: logger) {
            try await Coordinator.open(configuration, logger: logger)
        }
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        let signals = SignalService(reload: { await coordinator.reload(load) }) { stop.yield() }
        var services: [any Service] = [coordinator, signals]
        if let watchdog = try Watchdog.fromEnvironment() {
            services.insert(
                WatchdogService(watchdog: watchdog, logger: logger) { try await coordinator.proveAlive() },
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

    private func checkAndExit(_ configuration: CoordinatorConfiguration) throws {
        let problems = Coordinator.problems(of: configuration)
        for problem in problems { Report.line(problem) }
        if !problems.isEmpty { throw ExitCode.failure }
        Report.line("configuration, tokens and certificate good")
    }
}
