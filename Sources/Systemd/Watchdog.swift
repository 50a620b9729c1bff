import CSystemd
public import Logging
public import ServiceLifecycle

/// The service manager's watchdog, as it was asked for with `WatchdogSec=`.
public struct Watchdog: Hashable, Sendable {
    /// The service manager ends the service when no ping came for this long.
    public var timeout: Duration

    /// Makes a watchdog with a timeout.
    public init(timeout: Duration) { self.timeout = timeout }

    /// How often to ping: half the timeout, as sd_watchdog_enabled(3) recommends.
    public var interval: Duration { timeout / 2 }

    /// Reads `WATCHDOG_USEC` and `WATCHDOG_PID`; nil when this process is not watched.
    ///
    /// Throws `SystemdError` (`malformed`) when the variables are not numbers.
    public static func fromEnvironment() throws(SystemdError) -> Watchdog? {
        var microseconds: UInt64 = 0
        let result = sd_watchdog_enabled(0, &microseconds)
        if result < 0 {
            throw SystemdError(
                operation: "read WATCHDOG_USEC and WATCHDOG_PID",
                result: result,
                advice: "they are set by systemd from WatchdogSec=; unset them when you start the program by hand"
            )
        }
        guard result > 0, microseconds > 0 else { return nil }
        return Watchdog(timeout: .microseconds(Int64(clamping: microseconds)))
    }
}

/// Pings the service manager's watchdog, each time only after a proof that the service really works.
///
/// A timer of its own would keep a hung service alive for ever. So each turn asks for a proof first (the agent sends a
/// hop through its event loop) and pings when it comes. A proof that takes longer than the deadline is logged and, when
/// it still comes, counts: late is alive. A proof that never comes means no ping, and systemd restarts the service.
///
/// Put it first in a `ServiceGroup`: services stop in reverse order, and a service that drains must be watched too.
public struct WatchdogService: Service {
    /// Shows that the service is alive by returning; throws when it can tell that the service is not.
    public typealias Proof = @Sendable () async throws -> Void

    private let watchdog: Watchdog
    private let deadline: Duration
    private let logger: Logger
    private let proveAlive: Proof
    private let clock: any Clock<Duration>
    private let ping: @Sendable () -> ServiceNotifier.Delivery

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - watchdog: The timeout that the service manager set.
    ///   - deadline: How long a proof may take before that is logged; a quarter of the timeout when nil.
    ///   - notifier: Carries the pings.
    ///   - logger: Is told of proofs that are late or fail.
    ///   - proveAlive: The proof.
    public init(
        watchdog: Watchdog,
        deadline: Duration? = nil,
        notifier: ServiceNotifier = ServiceNotifier(),
        logger: Logger,
        proveAlive: @escaping Proof
    ) {
        self.init(
            watchdog: watchdog,
            deadline: deadline,
            clock: ContinuousClock(),
            logger: logger,
            ping: { notifier.watchdog() },
            proveAlive: proveAlive
        )
    }

    init(
        watchdog: Watchdog,
        deadline: Duration? = nil,
        clock: any Clock<Duration>,
        logger: Logger,
        ping: @escaping @Sendable () -> ServiceNotifier.Delivery,
        proveAlive: @escaping Proof
    ) {
        self.watchdog = watchdog
        self.deadline = deadline ?? watchdog.timeout / 4
        self.clock = clock
        self.logger = logger
        self.ping = ping
        self.proveAlive = proveAlive
    }

    /// Pings until the task is cancelled or shut down gracefully.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await proofCame() { sendPing() }
                try await clock.sleep(for: watchdog.interval)
            }
        }
    }

    private enum Turn: Sendable {
        case proved
        case failed(any Error)
        case late
    }

    /// Waits for a proof as long as it takes; false when it failed or the service stops meanwhile.
    private func proofCame() async -> Bool {
        // The proof may hang in something that knows no cancellation. It runs in a task of its own that is left behind
        // then, so that a shutdown never waits for it.
        let (turns, feed) = AsyncStream.makeStream(of: Turn.self, bufferingPolicy: .bufferingNewest(4))
        let proof = Task { [proveAlive] in
            do {
                try await proveAlive()
                feed.yield(.proved)
            } catch {
                feed.yield(.failed(error))
            }
        }
        let timer = Task { [clock, deadline] in
            try await clock.sleep(for: deadline)
            feed.yield(.late)
        }
        defer {
            proof.cancel()
            timer.cancel()
        }
        for await turn in turns {
            switch turn {
            case .proved:
                return true
            case .failed(let error):
                logger.error("Watchdog ping withheld: no proof of life", metadata: ["error": "\(error)"])
                return false
            case .late:
                logger.warning(
                    "Watchdog ping waits: the proof of life is late",
                    metadata: ["deadline": "\(deadline)", "watchdog_timeout": "\(watchdog.timeout)"]
                )
            }
        }
        return false
    }

    private func sendPing() {
        guard case .failed(let number) = ping() else { return }
        logger.error("Watchdog ping was not delivered", metadata: ["error": "\(errorText(number))"])
    }
}
