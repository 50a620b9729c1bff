import CLinux
import FuyunInvocation
import Glibc
import Synchronization
import SystemPackage

/// The agent's event loop: one thread that waits for descriptors, timers and what other threads hand it, and does one thing after
/// the other.
///
/// What a turn costs is what a call costs, so there is nothing between the kernel and the handlers: a turn is one
/// `epoll_wait`, and a request adds one read and one send to what the engine itself does.
final class AgentLoop: Sendable {
    private struct Inbox {
        var tasks: [@Sendable () -> Void] = []
        var isClosed = false
    }

    /// Wakes the thread when something is handed over.
    ///
    /// It is waited for by its edges, so nobody needs to read it.
    private final class Bell: DescriptorHandler {
        func ready(_ readiness: Readiness) {}
        func loopEnds() {}
    }

    /// What the thread alone touches.
    private final class State {
        let poller: Poller
        var timers = TimerQueue()
        var now = Clocks.monotonic()
        var isEnding = false

        init() throws(Errno) { poller = try Poller() }
    }

    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)
    private let bell: CInt
    // Checked at every use: `state` is the only way to it.
    private nonisolated(unsafe) let unchecked: State

    /// Starts the thread.
    ///
    /// - Parameter name: Its name in `top -H`, at most 15 bytes.
    init(name: String) throws(Errno) {
        bell = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        guard bell >= 0 else { throw Errno(rawValue: errno) }
        do {
            unchecked = try State()
            _ = try unchecked.poller.add(bell, for: .readable, edges: true, Bell())
        } catch {
            close(bell)
            throw error
        }
        let start = Thread(name) { self.run() }
        do throws(Errno) {
            try start.begin()
        } catch {
            inbox.withLock { $0.isClosed = true }
            throw error
        }
    }

    deinit { close(bell) }

    /// Whether the caller is on the loop's thread.
    var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private var state: State {
        precondition(isCurrent, "this belongs to the event loop's thread")
        return unchecked
    }

    // MARK: - From any thread

    /// Has something done on the loop, soon and in the order in which it was handed over; false when the loop has ended.
    @discardableResult
    func execute(_ task: @escaping @Sendable () -> Void) -> Bool {
        let (isAccepted, wakes) = inbox.withLock { inbox in
            guard !inbox.isClosed else { return (false, false) }
            inbox.tasks.append(task)
            return (true, inbox.tasks.count == 1)
        }
        // The loop looks into its inbox before it waits, so its own tasks need no bell.
        if wakes, !isCurrent { eventfd_write(bell, 1) }
        return isAccepted
    }

    /// Has something done on the loop and waits for what comes of it; throws `LoopEnded` when the loop has ended.
    func submit<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isAccepted = execute { continuation.resume(with: Result { try body() }) }
            if !isAccepted { continuation.resume(throwing: LoopEnded()) }
        }
    }

    /// Ends the loop: what was handed over before is done, descriptors are closed, and timers are forgotten.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isAccepted = execute {
                let state = self.state
                state.isEnding = true
                state.poller.end()
                continuation.resume()
            }
            if !isAccepted { continuation.resume() }
        }
    }

    // MARK: - On the loop

    /// Who waits for which descriptor.
    var poller: Poller { state.poller }

    /// The time of this turn, which is a little behind the clock.
    var now: MonotonicTime { state.now }

    /// Has something done after so much time (to the millisecond, never too early).
    @discardableResult
    func after(_ time: Duration, _ body: @escaping () -> Void) -> LoopTimer {
        state.timers.set(at: Clocks.monotonic().advanced(by: time), body)
    }

    /// Cancels a timer; nothing happens when it was done already.
    func cancel(_ timer: LoopTimer) { state.timers.cancel(timer) }

    // MARK: - The thread

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let state = state
        while !state.isEnding {
            let ready = state.poller.wait(patience(state))
            state.now = Clocks.monotonic()
            state.poller.dispatch(ready)
            while let body = state.timers.due(at: state.now) { body() }
            takeTasks()
        }
        inbox.withLock { $0.isClosed = true }
        takeTasks()
    }

    /// How long the loop may wait for descriptors, in milliseconds; -1 for ever.
    private func patience(_ state: State) -> CInt {
        guard inbox.withLock({ $0.tasks.isEmpty }) else { return 0 }
        guard let next = state.timers.nextMoment() else { return -1 }
        let left = next.nanoseconds.subtractingReportingOverflow(Clocks.monotonic().nanoseconds)
        guard !left.overflow else { return 0 }
        return CInt(clamping: (left.partialValue + 999_999) / 1_000_000)
    }

    private func takeTasks() {
        let tasks = inbox.withLock { inbox in
            defer { inbox.tasks = [] }
            return inbox.tasks
        }
        for task in tasks { task() }
    }
}

/// The event loop has ended, so nothing more is done on it.
struct LoopEnded: Error {}

/// A value that belongs to a loop's thread, carried through other threads to it.
struct Confined<Value>: Sendable {
    private let loop: AgentLoop
    // Checked at every use: only the loop's thread gets at it.
    private nonisolated(unsafe) let unchecked: Value

    /// Confines a value; on the loop's thread.
    init(_ value: Value, to loop: AgentLoop) {
        precondition(loop.isCurrent, "a value is confined where it lives")
        self.loop = loop
        unchecked = value
    }

    /// The value; on the loop's thread.
    var value: Value {
        precondition(loop.isCurrent, "this belongs to the event loop's thread")
        return unchecked
    }
}

/// A thread that is not joined.
private final class Thread {
    private let name: String
    private let body: () -> Void

    init(_ name: String, _ body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }

    func begin() throws(Errno) {
        let me = Unmanaged.passRetained(self)
        var thread = pthread_t()
        // Signals are for the threads that wait for them.
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let thread = Unmanaged<Thread>.fromOpaque(argument).takeRetainedValue()
                fuyun_name_thread(thread.name)
                thread.body()
                return nil
            },
            me.toOpaque()
        )
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard status == 0 else {
            me.release()
            throw Errno(rawValue: status)
        }
        pthread_detach(thread)
    }
}
