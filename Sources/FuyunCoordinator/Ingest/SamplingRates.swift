import FuyunProtocol
import FuyunStore
import Synchronization

/// Decides which share of their unremarkable observations functions shall send, so that what comes up is bounded by the
/// number of functions and not by the number of calls.
///
/// Each minute the calls of the last one are counted per function, those that were not sent estimated by the share that
/// was asked for then. A function with more than the bound is asked for the share that gives the bound.
final class SamplingRates: Sendable {
    /// The least share: a function that is hardly ever heard of cannot be tuned.
    static let leastShare = 0.001
    /// The most functions that have a share of their own.
    static let maximumFunctions = 10_000
    /// How long is counted.
    static let window = Duration.seconds(60)

    private struct State {
        var began = ContinuousClock.now
        var counts: [String: Int] = [:]
        var shares: [String: Double] = [:]
    }

    private let bound: Int
    private let state = Mutex(State())

    /// Starts with every function's share at 1.
    ///
    /// - Parameter bound: Observations of a function a minute.
    init(bound: Int) { self.bound = bound }

    /// Shares below 1, by function.
    var shares: [String: Double] { state.withLock { $0.shares } }

    /// Counts observations that arrived.
    func count(_ batches: [ObservationBatch], now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if now - state.began >= Self.window {
                state.shares = Self.shares(
                    counts: state.counts,
                    over: now - state.began,
                    asked: state.shares,
                    bound: Double(bound)
                )
                state.counts = [:]
                state.began = now
            }
            for batch in batches {
                for entry in batch.records {
                    let name = entry.record.function
                    if let known = state.counts[name] {
                        state.counts[name] = known + 1
                    } else if state.counts.count < Self.maximumFunctions {
                        state.counts[name] = 1
                    }
                }
            }
        }
    }

    /// The shares to ask for next.
    static func shares(
        counts: [String: Int],
        over time: Duration,
        asked: [String: Double],
        bound: Double
    ) -> [String: Double] {
        let minutes = max(time / window, 1)
        return counts.reduce(into: [:]) { shares, entry in
            let calls = Double(entry.value) / minutes / (asked[entry.key] ?? 1)
            if calls > bound { shares[entry.key] = max(bound / calls, leastShare) }
        }
    }
}
