import Dispatch
import Synchronization

/// One thread's worth of work that may block, one job after the other, with a bound on the jobs that wait.
///
/// The drop rule: a job that finds the queue full is refused, and the caller counts it.
final class BoundedWorker: Sendable {
    private let queue: DispatchQueue
    private let bound: Int
    private let unfinished = Atomic<Int>(0)

    /// Makes a worker.
    ///
    /// - Parameters:
    ///   - name: The name of its thread.
    ///   - bound: How many jobs may be unfinished at once.
    init(name: String, bound: Int) {
        queue = DispatchQueue(label: name)
        self.bound = bound
    }

    /// Jobs that wait or run.
    var depth: Int { unfinished.load(ordering: .relaxed) }

    /// Hands a job over; false when there is no room for it.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        guard unfinished.wrappingAdd(1, ordering: .relaxed).newValue <= bound else {
            unfinished.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        queue.async {
            job()
            self.unfinished.wrappingSubtract(1, ordering: .relaxed)
        }
        return true
    }

    /// Waits until the jobs handed over so far are done, at most `limit`; true when they are.
    func drain(within limit: Duration) -> Bool {
        let group = DispatchGroup()
        queue.async(group: group) {}
        return group.wait(timeout: .now() + .milliseconds(limit.wholeMilliseconds)) == .success
    }
}
