import FuyunInvocation
import Glibc
import Synchronization
import Testing

@testable import FuyunAgent

@Suite("Timers of the event loop")
struct TimerQueueTests {
    private static func moment(_ nanoseconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    @Test("what is due comes in its order, whatever was cancelled", arguments: [1, 2, 3] as [UInt64])
    func order(seed: UInt64) {
        var random = SplitMix(state: seed)
        var queue = TimerQueue()
        var wanted: [(moment: UInt64, number: Int)] = []
        var timers: [LoopTimer] = []
        let done = Seen<[Int]>([])
        for number in 0..<500 {
            let moment = UInt64.random(in: 0..<100, using: &random)
            timers.append(queue.set(at: Self.moment(moment)) { done.value.withLock { $0.append(number) } })
            wanted.append((moment, number))
        }
        for number in timers.indices where Int.random(in: 0..<3, using: &random) > 0 {
            queue.cancel(timers[number])
            queue.cancel(timers[number])
            wanted.removeAll { $0.number == number }
        }
        #expect(queue.places < 400)
        wanted.sort { ($0.moment, $0.number) < ($1.moment, $1.number) }
        for time in stride(from: 0, through: 100, by: 10) as StrideThrough<UInt64> {
            while let body = queue.due(at: Self.moment(time)) { body() }
            #expect(done.value.withLock { $0 } == wanted.filter { $0.moment <= time }.map(\.number))
            #expect(queue.nextMoment().map { $0.nanoseconds > time } ?? true)
        }
        #expect(queue.places == 0)
    }

    @Test("what was done or cancelled is not done again")
    func once() {
        var queue = TimerQueue()
        let count = Seen(0)
        let first = queue.set(at: Self.moment(1)) { count.value.withLock { $0 += 1 } }
        let second = queue.set(at: Self.moment(1)) { count.value.withLock { $0 += 1 } }
        queue.cancel(second)
        queue.due(at: Self.moment(1))?()
        queue.cancel(first)
        #expect(queue.due(at: Self.moment(2)) == nil)
        #expect(count.value.withLock { $0 } == 1)
    }
}

@Suite("The event loop")
struct LoopTests {
    /// Runs a body with a loop of its own.
    private static func with(_ body: (AgentLoop) async throws -> Void) async throws {
        let loop = try AgentLoop(name: "test")
        do {
            try await body(loop)
        } catch {
            await loop.stop()
            throw error
        }
        await loop.stop()
    }

    @Test("what other threads hand over is done, each thread's in its order, on the loop's thread")
    func tasks() async throws {
        try await Self.with { loop in
            let seen = Seen<[Int: [Int]]>([:])
            await withTaskGroup { group in
                for thread in 0..<8 {
                    group.addTask {
                        for number in 0..<500 {
                            loop.execute {
                                let isCurrent = loop.isCurrent
                                seen.value.withLock { $0[thread, default: []].append(isCurrent ? number : -1) }
                            }
                        }
                    }
                }
            }
            try await loop.submit {}
            #expect(
                seen.value.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<8).map { ($0, Array(0..<500)) })
            )
            #expect(!loop.isCurrent)
        }
    }

    @Test("a loop that sleeps is woken, and a task that hands over another one does not wait for it")
    func wakes() async throws {
        try await Self.with { loop in
            for _ in 0..<20 {
                try await Task.sleep(for: .milliseconds(1))
                let value = try await loop.submit { loop.isCurrent }
                #expect(value)
            }
            await withCheckedContinuation { continuation in
                loop.execute { loop.execute { loop.execute { continuation.resume() } } }
            }
        }
    }

    @Test("timers come in their order, never too early, and not at all when cancelled")
    func timers() async throws {
        try await Self.with { loop in
            let start = Clocks.monotonic()
            let done = Seen<[Int]>([])
            await withCheckedContinuation { continuation in
                loop.execute {
                    for time in [30, 10, 20] {
                        loop.after(.milliseconds(time)) {
                            let isDue = Clocks.monotonic().since(start) >= .milliseconds(time)
                            done.value.withLock { $0.append(isDue ? time : -time) }
                            if time == 30 { continuation.resume() }
                        }
                    }
                    loop.cancel(loop.after(.milliseconds(15)) { done.value.withLock { $0.append(15) } })
                }
            }
            #expect(done.value.withLock { $0 } == [10, 20, 30])
        }
    }

    @Test("an error of a task reaches who waits for it")
    func errors() async throws {
        struct Failure: Error {}
        try await Self.with { loop in
            await #expect(throws: Failure.self) { try await loop.submit { throw Failure() } }
        }
    }

    @Test("what was handed over before the end is done, what comes after it is refused")
    func ends() async throws {
        let loop = try AgentLoop(name: "test")
        let count = Seen(0)
        for _ in 0..<100 { loop.execute { count.value.withLock { $0 += 1 } } }
        await loop.stop()
        #expect(count.value.withLock { $0 } == 100)
        while loop.execute({}) { try await Task.sleep(for: .milliseconds(1)) }
        await #expect(throws: LoopEnded.self) { try await loop.submit {} }
        await loop.stop()
    }

    @Test("a descriptor that is closed within a turn hears nothing more of that turn")
    func staleEvents() async throws {
        try await Self.with { loop in
            let heard = try await loop.submit { () -> Int in
                let pairs = try (0..<2).map { _ in try Pair() }
                var heard = 0
                let handlers = pairs.map { pair in
                    Handler(pair.near, loop) { handler in
                        heard += 1
                        for other in handler.others { other.leave() }
                    }
                }
                for handler in handlers {
                    handler.others = handlers.filter { $0 !== handler }
                    try handler.enter()
                }
                for pair in pairs { write(pair.far, "x", 1) }
                loop.poller.dispatch(loop.poller.wait(1000))
                for handler in handlers { handler.leave() }
                return heard
            }
            #expect(heard == 1)
        }
    }
}

/// Something that closures of any thread note down.
private final class Seen<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
}

/// Two ends of a stream.
private final class Pair {
    let near: CInt
    let far: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        (near, far) = (ends[0], ends[1])
    }

    deinit {
        close(near)
        close(far)
    }
}

/// Tells what it hears.
private final class Handler: DescriptorHandler {
    var others: [Handler] = []
    private let descriptor: CInt
    private let loop: AgentLoop
    private let heard: (Handler) -> Void
    private var ticket: Poller.Ticket?

    init(_ descriptor: CInt, _ loop: AgentLoop, heard: @escaping (Handler) -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.heard = heard
    }

    func enter() throws { ticket = try loop.poller.add(descriptor, for: .readable, self) }

    func leave() {
        if let ticket { loop.poller.remove(ticket, descriptor) }
        ticket = nil
        others = []
    }

    func ready(_ readiness: Readiness) { heard(self) }

    func loopEnds() {}
}
