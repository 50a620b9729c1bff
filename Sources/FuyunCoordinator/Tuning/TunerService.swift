public import FuyunProtocol
public import FuyunStore
public import Logging
public import ServiceLifecycle

/// What new observations said about a function.
public struct ObservedFunction: Hashable, Sendable {
    /// The function.
    public var name: String
    /// Calls.
    public var calls: Int
    /// Calls that were given too little.
    public var misses: Int
    /// The factor by which a bound was off at worst.
    public var worstFactor: Double
}

/// Parameters of the tuner.
public struct TuningSettings: Sendable, Equatable {
    /// The defaults.
    public init() {}
}

/// Stands in for the tuner: it is told, and changes nothing.
public final class TunerService: Service {
    /// Makes a tuner.
    public init(
        store: any Store,
        feed: PolicyFeed,
        events: EventHub,
        settings: TuningSettings,
        logger: Logger
    ) {}

    /// Observations arrived.
    public func observed(_ news: [ObservedFunction]) {}

    /// Tunes a function now.
    public func tune(_ function: String, dryRun: Bool) async throws -> CoordinatorAPI.TuneReport {
        CoordinatorAPI.TuneReport(function: function, samples: 0, decision: "keep", why: "there is no tuner")
    }

    /// Waits for the end.
    public func run() async throws { try? await gracefulShutdown() }
}
