import FuyunProtocol
import FuyunStore
import Glibc
import NIOSSL
import Settings
import Testing

@testable import FuyunCoordinator

@Suite("How the coordinator serves")
struct ServingTests {
    @Test("batches that wait are stored together")
    func grouping() async throws {
        try await Rig.with { rig in
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<60 {
                    group.addTask {
                        try await rig.send(.post, "/v1/nodes/n\(index)/observations", Rig.batch(1...50)).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: 200, count: 60))
            let page = rig.metrics.registry.page()
            #expect(page.contains("fuyun_coordinator_observations_stored_total 3000"))
            let line = page.split(separator: "\n").first {
                $0.hasPrefix("fuyun_coordinator_ingest_transactions_total ")
            }
            let transactions = try #require(line?.split(separator: " ").last.flatMap { Int($0) })
            #expect((1..<60).contains(transactions))
        }
    }

    @Test("a stop answers the polls that wait, and stores what came in")
    func drain() async throws {
        try await Rig.with { rig in
            let revision = try await rig.store.policyChanges(after: nil).revision
            let poll = Task { try await rig.send(.get, "/v1/nodes/a/policies?after=\(revision)&wait=60") }
            #expect(try await rig.eventually { rig.metrics.registry.page().contains("policy_polls_waiting 1") })
            let batches = (0..<10).map { node in
                Task { try await rig.send(.post, "/v1/nodes/n\(node)/observations", Rig.batch(1...20)).status }
            }
            let start = ContinuousClock.now
            await rig.group.triggerGracefulShutdown()
            #expect(try await poll.value.status == 200)
            #expect(ContinuousClock.now - start < .seconds(20))
            var acknowledged = 0
            for batch in batches { if (try? await batch.value) == 200 { acknowledged += 1 } }
            // What was acknowledged is there when the database is opened again.
            #expect(try await rig.eventually { (try? await rig.store.check()) == nil })
            let store = try await SQLiteStore.open(path: "\(rig.folder)/fuyun.db")
            let count = try await store.function("guest/f")?.observationCount ?? 0
            #expect(count >= 20 * acknowledged)
            try await store.close()
        }
    }

    @Test("a request that drips in is told that it is too slow; others are served meanwhile")
    func slow() async throws {
        try await Rig.with(settings: ["limits.request_seconds=1"]) { rig in
            let slow = try (0..<200).map { index in
                try RawConnection(
                    port: rig.port,
                    sending: index % 2 == 0
                        ? "POST /v1/nodes/a/observations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
                        : "GET /healthz HTTP/1.1\r\nHo"
                )
            }
            #expect(try await rig.send(.get, "/healthz").status == 200)
            #expect(try await rig.send(.post, "/v1/nodes/b/observations", Rig.batch(1...1)).status == 200)
            for connection in slow {
                #expect(connection.readAll().hasPrefix("HTTP/1.1 408 "))
            }
            #expect(rig.metrics.registry.page().contains("fuyun_coordinator_requests_too_slow_total 200"))
        }
    }

    @Test("more connections than may be wait until one closes")
    func connections() async throws {
        try await Rig.with(settings: ["limits.connections=16", "limits.request_seconds=1"]) { rig in
            let idle = try (0..<16).map { _ in try RawConnection(port: rig.port, sending: "") }
            #expect(try await rig.send(.get, "/healthz").status == 200)
            #expect(idle.allSatisfy { $0.readAll().hasPrefix("HTTP/1.1 408 ") })
        }
    }

    @Test("with a certificate it serves TLS only, and a reload exchanges the certificate")
    func tls() async throws {
        try await Rig.withFolder { folder in
            try Rig.write(TestCertificate.first.certificate, to: "\(folder)/certificate")
            try Rig.write(TestCertificate.first.key, to: "\(folder)/key")
            let assignments = [
                "listen.port=0", "store.path=\(folder)/fuyun.db", "tls.certificate_file=\(folder)/certificate",
                "tls.key_file=\(folder)/key",
            ]
            let configuration = try Rig.configuration(assignments)
            try await Rig.run(folder, configuration) { rig in
                let trusted = try TestCertificate.first.client
                #expect(try await rig.send(.get, "/healthz", tls: trusted).status == 200)
                await #expect(throws: (any Error).self) { try await rig.send(.get, "/healthz") }

                try Rig.write("nothing", to: "\(folder)/certificate")
                await rig.coordinator.reload { () throws(ConfigurationErrors) in configuration }
                #expect(try await rig.send(.get, "/healthz", tls: trusted).status == 200)

                try Rig.write(TestCertificate.second.certificate, to: "\(folder)/certificate")
                try Rig.write(TestCertificate.second.key, to: "\(folder)/key")
                await rig.coordinator.reload { () throws(ConfigurationErrors) in configuration }
                #expect(try await rig.send(.get, "/healthz", tls: TestCertificate.second.client).status == 200)
                await #expect(throws: (any Error).self) { try await rig.send(.get, "/healthz", tls: trusted) }
            }
            // A certificate and a key that do not belong together never get that far.
            try Rig.write(TestCertificate.first.key, to: "\(folder)/key")
            #expect(Coordinator.problems(of: configuration).count == 1)
        }
    }

    @Test("shares go down with the calls, and up again")
    func sampling() {
        let minute = SamplingRates.window
        let half = SamplingRates.shares(counts: ["a": 1200, "b": 600], over: minute, asked: [:], bound: 600)
        #expect(half == ["a": 0.5])
        // Asked for half, 600 arrive: there are still 1,200 calls.
        #expect(SamplingRates.shares(counts: ["a": 600], over: minute, asked: half, bound: 600) == half)
        #expect(SamplingRates.shares(counts: ["a": 300], over: minute, asked: half, bound: 600) == [:])
        let least = SamplingRates.shares(counts: ["a": 100_000_000], over: minute, asked: [:], bound: 1)
        #expect(least == ["a": SamplingRates.leastShare])
    }
}

/// A connection whose bytes a test chooses.
final class RawConnection: Sendable {
    private let descriptor: CInt

    init(port: Int, sending text: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, result == 0 else { throw Rig.RigError.notListening }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = write(descriptor, text, text.utf8.count)
    }

    deinit { close(descriptor) }

    /// Everything until the other end closes.
    func readAll() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
