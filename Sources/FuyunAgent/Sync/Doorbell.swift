import NIOCore
import Synchronization

/// Wakes one task, from any thread and without waiting: the reporter when there is something to send, and both halves of
/// the sync when the agent stops.
///
/// Times are the event loop's, which go by the monotonic clock: setting the machine's clock moves no wait.
final class Doorbell: Sendable {
    /// How urgent a ring is.
    enum Level: Int, Comparable, Sendable {
        /// Nobody rang.
        case silent
        /// There is something.
        case ordinary
        /// There is something that must not wait.
        case urgent
        /// The agent stops.
        case closed

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    private struct Waiter {
        var number: UInt64
        var least: Level
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var level = Level.silent
        var waiter: Waiter?
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())
    private let loop: any EventLoop

    /// Makes a bell whose waits are timed by a loop.
    init(loop: any EventLoop) { self.loop = loop }

    /// Whether the agent stops.
    var isClosed: Bool { state.withLock { $0.level == .closed } }

    /// Rings.
    func ring(_ level: Level) {
        let waiter = state.withLock { state -> Waiter? in
            state.level = max(state.level, level)
            guard let waiter = state.waiter, state.level >= waiter.least else { return nil }
            state.waiter = nil
            return waiter
        }
        waiter?.continuation.resume()
    }

    /// Rings for good: every wait ends at once from now on.
    func close() { ring(.closed) }

    /// Forgets the rings so far.
    func reset() { state.withLock { if $0.level < .closed { $0.level = .silent } } }

    /// Waits until someone rings or rang at least so urgently, or until the time is over.
    ///
    /// For one task at a time.
    func wait(for least: Level, atMost limit: Duration? = nil) async {
        var timer: Scheduled<Void>?
        await withCheckedContinuation { continuation in
            let number = state.withLock { state -> UInt64? in
                guard state.level < least else { return nil }
                state.lastNumber += 1
                state.waiter = Waiter(number: state.lastNumber, least: least, continuation: continuation)
                return state.lastNumber
            }
            guard let number else { return continuation.resume() }
            guard let limit else { return }
            timer = loop.scheduleTask(in: .nanoseconds(limit.wholeNanoseconds)) { self.giveUp(number) }
        }
        timer?.cancel()
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiter, waiter.number == number else { return nil }
            state.waiter = nil
            return waiter
        }
        waiter?.continuation.resume()
    }
}
