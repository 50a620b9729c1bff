import CoordinatorClient
@testable import FuyunAgent
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Glibc
import Logging
import MemoryUnits
import NIOCore
import NIOPosix
import PrometheusMetrics
import Synchronization
import SystemPackage
import Testing

/// A coordinator that answers as it is told, and keeps what it was sent.
final class FakeCoordinator: CoordinatorLink {
    private struct State {
        var policies: [PoliciesAnswer] = []
        var stored: [(epoch: UInt64, sequence: UInt64, function: String)] = []
        var requests = 0
        var pulls: [Int64?] = []
        var sizes: [Int] = []
        var failure: CoordinatorError?
        var sampling = ObservationsAnswer.Sampling()
        var shapes: [ShapesBody] = []
        /// Observations of this function are refused.
        var unwanted: String?
    }

    private let state = Mutex(State())

    var stored: [(epoch: UInt64, sequence: UInt64, function: String)] { state.withLock { $0.stored } }
    var requests: Int { state.withLock { $0.requests } }
    var pulls: [Int64?] { state.withLock { $0.pulls } }
    var sizes: [Int] { state.withLock { $0.sizes } }

    func fail(_ failure: CoordinatorError?) { state.withLock { $0.failure = failure } }
    func sample(_ sampling: ObservationsAnswer.Sampling) { state.withLock { $0.sampling = sampling } }
    func refuse(_ function: String) { state.withLock { $0.unwanted = function } }
    func publish(_ answer: PoliciesAnswer) { state.withLock { $0.policies.append(answer) } }

    func policies(after revision: Int64?, wait: Duration) async throws(CoordinatorError) -> PoliciesAnswer {
        state.withLock { $0.pulls.append(revision) }
        for _ in 0..<500 {
            if let failure = state.withLock({ $0.failure }) { throw failure }
            if Task.isCancelled { throw .unreachable }
            if let answer = state.withLock({ $0.policies.isEmpty ? nil : $0.policies.removeFirst() }) { return answer }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return PoliciesAnswer(revision: revision ?? 0, isFull: false)
    }

    func send(_ body: ByteBuffer) async throws(CoordinatorError) -> ObservationsAnswer {
        let batch: ObservationBatchBody
        do throws(JSONError) {
            batch = try ObservationBatchBody(parsing: body)
        } catch {
            throw .refusal(400, "bad_schema")
        }
        let result = state.withLock { state -> Result<ObservationsAnswer, CoordinatorError> in
            state.requests += 1
            state.sizes.append(batch.records.count)
            if let failure = state.failure { return .failure(failure) }
            if batch.records.contains(where: { $0.record.function == state.unwanted }) {
                return .failure(.refusal(400, "bad_schema"))
            }
            for (sequence, record) in batch.records {
                state.stored.append((batch.epoch, sequence, record.function))
            }
            return .success(
                ObservationsAnswer(stored: batch.records.count, duplicates: 0, sampling: state.sampling)
            )
        }
        return try result.get()
    }

    var shapes: [ShapesBody.Element] { state.withLock { $0.shapes.flatMap(\.functions) } }

    func send(_ shapes: ShapesBody) async throws(CoordinatorError) {
        // What a coordinator would read.
        guard let read = try? ShapesBody(parsing: shapes.body) else { throw .refusal(400, "bad_schema") }
        let failure = state.withLock { state -> CoordinatorError? in
            if state.failure == nil { state.shapes.append(read) }
            return state.failure
        }
        if let failure { throw failure }
    }

    func close() async {}
}

extension CoordinatorError {
    static let unreachable = CoordinatorError(.unreachable, "away")

    /// A refusal; without a code, one of something that is no coordinator.
    static func refusal(_ status: Int, _ code: String) -> CoordinatorError {
        CoordinatorError(
            status == 401 ? .unauthorized : .refused,
            "refused with status \(status)",
            refusal: Refusal(status: status, code: code, message: "")
        )
    }
}

@Suite("Sync: observations up, policies down")
struct SyncTests {
    /// The agent's half on its own, with a coordinator that is made up.
    final class Rig: Sendable {
        let coordinator = FakeCoordinator()
        let directory: FilePath
        let composer = PolicyComposer()
        let registry = PrometheusRegistry()
        let snapshots = Mutex<[PolicySnapshot]>([])
        let sync: CoordinatorSync

        init(_ directory: FilePath, interval: Duration = .milliseconds(5), batch: Int = 500) {
            self.directory = directory
            _ = composer.compose(local: PolicySnapshot())
            sync = CoordinatorSync(
                AgentConfiguration.Coordinator(url: "http://localhost", tokenFile: nil, authorityFile: nil, node: "n"),
                AgentConfiguration.Reporting(
                    spool: .mebibytes(1),
                    segment: .kibibytes(64),
                    batch: batch,
                    interval: interval
                ),
                link: coordinator,
                group: MultiThreadedEventLoopGroup(numberOfThreads: 1),
                state: directory,
                composer: composer,
                registry: registry,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        func start() {
            sync.start { snapshot in self.snapshots.withLock { $0.append(snapshot) } }
        }

        /// Hands observations in, as the log's writer does.
        func observe(_ observations: [Observation]) {
            var bytes: [UInt8] = []
            var payloads: [Range<Int>] = []
            for observation in observations where sync.intake.wants(observation) {
                let start = bytes.count
                observation.appendJSONLine(to: &bytes)
                payloads.append(start..<bytes.count - 1)
            }
            sync.intake.take(bytes, payloads)
        }

        func metric(_ name: String) -> String? {
            registry.page().split(separator: "\n").first { $0.hasPrefix(name + " ") }
                .map { String($0.dropFirst(name.utf8.count + 1)) }
        }
    }

    static func with(
        interval: Duration = .milliseconds(5),
        batch: Int = 500,
        _ body: (Rig) async throws -> Void
    ) async throws {
        var template = Array("/tmp/fuyun-sync-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let text = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let rig = Rig(FilePath(text), interval: interval, batch: batch)
        rig.start()
        do {
            try await body(rig)
        } catch {
            await rig.sync.stop()
            throw error
        }
        await rig.sync.stop()
        Fixture.remove(FilePath(text))
    }

    static func wait(_ what: String, until condition: () -> Bool) async throws {
        for _ in 0..<500 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never happened: \(what)")
    }

    private static func observations(_ range: Range<UInt64>, function: String = "guest/f") -> [Observation] {
        range.map { SyncPureTests.observation(sequence: $0, function: function) }
    }

    @Test("observations arrive, in order, each once, in batches")
    func report() async throws {
        try await Self.with(batch: 50) { rig in
            rig.observe(Self.observations(0..<500))
            try await Self.wait("500 stored") { rig.coordinator.stored.count >= 500 }
            #expect(rig.coordinator.stored.map(\.sequence) == Array(1...500))
            #expect(rig.coordinator.sizes.max() == 50)
            try await Self.wait("counted") { rig.metric("fuyun_reporter_observations_total") == "500" }
            #expect(rig.metric("fuyun_spool_bytes") == "0")
        }
    }

    @Test("a miss goes at once, however long observations are gathered")
    func urgent() async throws {
        try await Self.with(interval: .seconds(60)) { rig in
            // What is there at the start goes at once; after that observations are gathered.
            rig.observe(Self.observations(0..<1))
            try await Self.wait("the first stored") { rig.coordinator.stored.count == 1 }
            rig.observe(Self.observations(1..<2))
            try await Task.sleep(for: .milliseconds(50))
            #expect(rig.coordinator.requests == 1)
            let miss = SyncPureTests.observation(sequence: 9) {
                $0.outcome = .crashed
                $0.verdict = OOMVerdict(.ownLimit, ownLimitExceeded: true)
            }
            rig.observe([miss])
            try await Self.wait("all stored") { rig.coordinator.stored.count == 3 }
        }
    }

    @Test(
        "a coordinator that fails loses nothing: all arrives when it is back, still each once",
        arguments: [
            CoordinatorError.unreachable, .refusal(500, "internal"), .refusal(401, "unauthorized"),
            .refusal(503, "overloaded"),
            .refusal(400, ""),
        ]
    )
    func outage(failure: CoordinatorError) async throws {
        try await Self.with { rig in
            rig.coordinator.fail(failure)
            for start in stride(from: UInt64(0), to: 100, by: 10) { rig.observe(Self.observations(start..<start + 10)) }
            try await Self.wait("tried") { rig.coordinator.requests >= 2 }
            #expect(rig.coordinator.stored.isEmpty)
            rig.coordinator.fail(nil)
            try await Self.wait("100 stored") { rig.coordinator.stored.count >= 100 }
            #expect(rig.coordinator.stored.map(\.sequence) == Array(1...100))
            #expect(rig.metric("fuyun_spool_dropped_total") == "0")
        }
    }

    @Test("an observation that is refused is left out alone, and counted")
    func refused() async throws {
        try await Self.with { rig in
            rig.coordinator.refuse("bad")
            rig.observe(
                Self.observations(0..<40) + Self.observations(40..<41, function: "bad") + Self.observations(41..<100)
            )
            try await Self.wait("99 stored") { rig.coordinator.stored.count >= 99 }
            #expect(rig.coordinator.stored.map(\.sequence) == Array(1...40) + Array(42...100))
            #expect(rig.metric("fuyun_reporter_refused_total") == "1")
        }
    }

    @Test("the share that the coordinator asks for is obeyed from the next observation on")
    func sampling() async throws {
        try await Self.with { rig in
            rig.coordinator.sample(ObservationsAnswer.Sampling(standard: 0))
            rig.observe(Self.observations(0..<5))
            try await Self.wait("5 stored") { rig.coordinator.stored.count == 5 }
            try await Self.wait("the wish is known") {
                !rig.sync.intake.wants(SyncPureTests.observation(sequence: 99))
            }
            rig.observe(Self.observations(5..<50) + [SyncPureTests.observation(sequence: 50) { $0.outcome = .error }])
            try await Self.wait("the failure stored") { rig.coordinator.stored.count == 6 }
            #expect(rig.metric("fuyun_spool_observations_total") == "6")
        }
    }

    @Test("an agent that was stopped goes on where it was: what was not acknowledged is sent by the next one")
    func restart() async throws {
        var template = Array("/tmp/fuyun-sync-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let text = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let first = Rig(FilePath(text))
        first.coordinator.fail(.unreachable)
        first.start()
        first.observe(Self.observations(0..<30))
        await first.sync.stop()
        let second = Rig(FilePath(text))
        second.start()
        second.observe(Self.observations(30..<40))
        try await Self.wait("40 stored") { second.coordinator.stored.count >= 40 }
        #expect(second.coordinator.stored.map(\.sequence) == Array(1...30) + Array(1...10))
        #expect(Set(second.coordinator.stored.map(\.epoch)).count == 2)
        await second.sync.stop()
        Fixture.remove(FilePath(text))
    }

    @Test("policies come down, are in use, and are there after a restart without a coordinator")
    func policies() async throws {
        try await Self.with { rig in
            rig.coordinator.publish(
                PoliciesAnswer(
                    revision: 3,
                    isFull: true,
                    functions: [SyncPureTests.function("guest/f", [Fixture.policy(version: 3)])]
                )
            )
            try await Self.wait("in use") {
                rig.snapshots.withLock { $0.last?.functions["guest/f"]?.set.active?.version } == 3
            }
            rig.coordinator.publish(
                PoliciesAnswer(
                    revision: 4,
                    isFull: false,
                    functions: [
                        SyncPureTests.function("guest/f", ["{"]),
                        SyncPureTests.function("guest/g", [Fixture.policy("guest/g", version: 8)]),
                    ]
                )
            )
            try await Self.wait("the second in use") {
                rig.snapshots.withLock { $0.last?.functions["guest/g"]?.set.active?.version } == 8
            }
            #expect(rig.snapshots.withLock { $0.last?.functions["guest/f"]?.set.active?.version } == 3)
            try await Self.wait("asked for what comes after") { rig.coordinator.pulls.contains(4) }
            #expect(rig.coordinator.pulls.first == .some(nil))
            #expect(rig.metric("fuyun_coordinator_changes_refused_total") == "1")
            #expect(rig.metric("fuyun_coordinator_revision") == "4")
            await rig.sync.stop()

            let next = Rig(rig.directory)
            next.coordinator.fail(.unreachable)
            let snapshot = next.composer.compose(local: PolicySnapshot())
            #expect(snapshot.functions.mapValues { $0.set.active?.version } == ["guest/f": 3, "guest/g": 8])
            await next.sync.stop()
        }
    }

    @Test("the status page's part is JSON with what an operator looks for first")
    func status() async throws {
        try await Self.with { rig in
            rig.coordinator.fail(.refusal(401, "unauthorized"))
            try await Self.wait("failed") { rig.metric("fuyun_coordinator_pull_failures_total") != "0" }
            var body = ByteBuffer()
            body.writeJSON { rig.sync.write(to: &$0) }
            let json = try JSONDocument.parse(Array(buffer: body)).root
            guard case .string(let error) = json["last_error"]?.content else {
                Issue.record("no last_error")
                return
            }
            #expect(error.contains("401"))
            for key in ["url", "node", "reachable", "revision", "spool", "reporter", "mode_cap"] {
                #expect(json[key] != nil, "\(key)")
            }
        }
    }
}
