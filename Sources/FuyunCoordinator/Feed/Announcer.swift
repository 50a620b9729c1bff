import Synchronization

/// Wakes everyone who waits for news; those who wait hold no thread.
///
/// Whoever waits says what it has seen: it reads `generation`, looks, and then waits for what came after that. News
/// between the look and the wait are therefore never missed.
final class Announcer: Sendable {
    private struct State {
        var generation: UInt64 = 0
        var isClosed = false
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Grows with every announcement.
    var generation: UInt64 { state.withLock { $0.generation } }

    /// Whether nobody shall wait any more.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// How many wait.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// There is news: wakes all who wait.
    func announce() {
        wake { $0.generation += 1 }
    }

    /// Nobody shall wait any more, now or later.
    func close() {
        wake { $0.isClosed = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            let waiters = state.waiters
            state.waiters = [:]
            return waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Waits for news after `generation`, for `limit` at most; returns early when the task is cancelled or this is closed.
    func wait(beyond generation: UInt64, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: limit) }
            group.addTask { await self.wait(beyond: generation) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(beyond generation: UInt64) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation from now on finds the waiter; an earlier one shows here.
                    if state.isClosed || state.generation != generation || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
