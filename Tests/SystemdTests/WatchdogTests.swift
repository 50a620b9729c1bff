import Glibc
import Synchronization
import Testing

@testable import Systemd

struct WatchdogTests {
    private struct NotAlive: Error {}

    /// A watchdog service on a clock that stands still, with what it did.
    private final class Harness: Sendable {
        let clock = ManualClock()
        let log = LogRecorder()
        let proof: WatchdogService.Proof
        private let pingCount = Mutex(0)

        init(proof: @escaping WatchdogService.Proof) { self.proof = proof }

        var pings: Int { pingCount.withLock { $0 } }

        /// Runs the service while the body looks at it.
        func run(delivery: ServiceNotifier.Delivery = .delivered, _ body: () async throws -> Void) async throws {
            let service = WatchdogService(
                watchdog: Watchdog(timeout: .seconds(8)),
                clock: clock,
                logger: log.logger(),
                ping: {
                    self.pingCount.withLock { $0 += 1 }
                    return delivery
                },
                proveAlive: proof
            )
            let task = Task { try await service.run() }
            try await body()
            task.cancel()
            try await task.value
        }
    }

    @Test func pingsAtHalfTheTimeout() async throws {
        let harness = Harness {}
        try await harness.run {
            for turn in 1...3 {
                #expect(await eventually { harness.pings == turn && harness.clock.sleeperCount == 1 })
                harness.clock.advance(by: .seconds(3))
                #expect(harness.pings == turn)
                harness.clock.advance(by: .seconds(1))
            }
        }
        #expect(harness.log.lines.isEmpty)
    }

    @Test func aFailedProofWithholdsThePing() async throws {
        let proofs = ScriptedProof([.failure(NotAlive()), .success(())])
        let harness = Harness { try proofs.next() }
        try await harness.run {
            #expect(await eventually { harness.clock.sleeperCount == 1 && !harness.log.lines.isEmpty })
            #expect(harness.pings == 0)
            harness.clock.advance(by: .seconds(4))
            #expect(await eventually { harness.pings == 1 })
        }
        #expect(harness.log.lines == ["error: Watchdog ping withheld: no proof of life"])
    }

    @Test func aLateProofIsLoggedAndCounts() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let harness = Harness { for await _ in gate { break } }
        try await harness.run {
            #expect(await eventually { harness.clock.sleeperCount == 1 })
            harness.clock.advance(by: .seconds(2))
            #expect(await eventually { !harness.log.lines.isEmpty })
            #expect(harness.pings == 0)
            open.yield()
            #expect(await eventually { harness.pings == 1 })
        }
        #expect(harness.log.lines == ["warning: Watchdog ping waits: the proof of life is late"])
    }

    @Test func aProofThatNeverComesDoesNotHoldUpTheShutdown() async throws {
        // An unsafe continuation may be left alone; it stands for an event loop that hangs and knows no cancellation.
        let harness = Harness { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
        try await harness.run {
            #expect(await eventually { harness.clock.sleeperCount == 1 })
        }
        #expect(harness.pings == 0)
    }

    @Test func aLostPingIsLogged() async throws {
        let harness = Harness {}
        try await harness.run(delivery: .failed(errno: ECONNREFUSED)) {
            #expect(await eventually { !harness.log.lines.isEmpty })
        }
        #expect(harness.log.lines == ["error: Watchdog ping was not delivered"])
    }

    /// Answers one after the other; the last one stays.
    private final class ScriptedProof: Sendable {
        private let answers: Mutex<[Result<Void, NotAlive>]>

        init(_ answers: [Result<Void, NotAlive>]) { self.answers = Mutex(answers) }

        func next() throws {
            try answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }.get()
        }
    }
}
