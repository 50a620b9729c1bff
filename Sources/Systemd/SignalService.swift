import Dispatch
import Glibc
public import ServiceLifecycle

/// Turns signals into calls: SIGHUP into a reload, SIGTERM and SIGINT into a graceful shutdown.
///
/// The signals are kept from ending the process from the moment that this is made.
public final class SignalService: Service {
    private let signals: AsyncStream<CInt>
    private let feed: AsyncStream<CInt>.Continuation
    private let reload: @Sendable () async -> Void
    private let stop: @Sendable () async -> Void

    /// Begins to take signals.
    public init(reload: @escaping @Sendable () async -> Void, stop: @escaping @Sendable () async -> Void) {
        // One of each kind is enough: a reload that waits covers all that was asked for before it starts.
        (signals, feed) = AsyncStream.makeStream(of: CInt.self, bufferingPolicy: .bufferingNewest(4))
        self.reload = reload
        self.stop = stop
        for number in Self.numbers { signal(number, SIG_IGN) }
    }

    private static let numbers = [SIGHUP, SIGTERM, SIGINT]

    /// Serves signals until the group shuts down.
    public func run() async throws {
        let sources = Self.numbers.map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [feed] in feed.yield(number) }
            source.activate()
            return source
        }
        defer { for source in sources { source.cancel() } }
        await withGracefulShutdownHandler {
            for await number in signals {
                if number == SIGHUP { await reload() } else { await stop() }
            }
        } onGracefulShutdown: { [feed] in
            feed.finish()
        }
    }
}
