import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import Glibc
import MemoryUnits
import NIOCore
import NIOPosix
import Synchronization
import SystemPackage
import Testing

@Suite("An agent with a coordinator")
struct CoordinatorTests {
    private static let payload = ByteBuffer(string: #"{"n":60000000}"#)
    private static let group = MultiThreadedEventLoopGroup.singleton

    private static func answer(_ status: Int, _ body: String) -> [StubServer.Step] {
        [
            .text(
                "HTTP/1.1 \(status) Said\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                    + body
            )
        ]
    }

    private static func policies(_ answer: PoliciesAnswer) -> [StubServer.Step] {
        var body = ByteBuffer()
        answer.write(into: &body)
        return Self.answer(200, String(buffer: body))
    }

    private static let taken = answer(200, #"{"stored":1,"duplicates":0,"sampling":{"default":1,"functions":{}}}"#)

    private static func settings(_ port: Int) -> [String] {
        ["coordinator.url=http://127.0.0.1:\(port)", "coordinator.node=node-1", "reporter.interval_ms=1"]
    }

    private static func call(_ function: String, on fixture: Fixture) async throws -> BeginAnswer {
        let connection = try fixture.connect()
        let begun = try await connection.begin(BeginRequest(function: function), payload: payload)
        _ = try await connection.end(begun.id, EndRequest(outcome: .success))
        return begun
    }

    @Test("takes policies from it, sends it what it sees, and says so")
    func loop() async throws {
        let server = try await StubServer.start(on: Self.group) { request in
            if request.method == "POST" { return Self.taken }
            guard !request.target.contains("after=") else { return [.sleep(.seconds(5)), .close] }
            let document = Array(Fixture.policy("guest/g", version: 4).utf8)
            return Self.policies(
                PoliciesAnswer(
                    revision: 12,
                    isFull: true,
                    functions: [
                        PoliciesAnswer.Function(name: "guest/g", maximum: .mebibytes(64), documents: [document]),
                        PoliciesAnswer.Function(name: "guest/f", documents: [Array(Fixture.policy(version: 9).utf8)]),
                    ]
                )
            )
        }
        try await Fixture.with(settings: Self.settings(server.port)) { fixture in
            _ = try await fixture.wait(for: "/v1/status") { $0.contains(#""revision":12"#) }
            let begun = try await Self.call("guest/g", on: fixture)
            #expect(begun.decision?.policyVersion == 4)
            #expect(begun.limit == .mebibytes(64))
            // The directory has a document for this one.
            fixture.call(from: Fixture.second)
            #expect(try await Self.call("guest/f", on: fixture).decision?.policyVersion == 1)
            var records: [ObservationRecord] = []
            try await fixture.wait("both observations sent") {
                records = try server.requests.filter { $0.target.hasSuffix("/observations") }.flatMap { request in
                    try ObservationBatchBody(parsing: request.body).records.map(\.record)
                }
                return records.count >= 2
            }
            #expect(records.map(\.function) == ["guest/g", "guest/f"])
            #expect(records[0].features == [.init("n", .number(60_000_000))])
            #expect(records[0].decision?.version == 4)
            let first = try #require(server.requests.first)
            #expect(first.target.hasPrefix("/v1/nodes/node-1/policies?"))
            #expect(first.header("Fuyun-Agent-Version") == FuyunVersion.text)
            let status = try await fixture.page("/v1/status")
            #expect(status.contains(#""reachable":true"#))
            #expect(status.contains(#""node":"node-1""#))
            #expect(try await fixture.page("/metrics").contains("fuyun_coordinator_reachable 1\n"))
        }
        try await server.stop()
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var isTold = true
        var steps: [StubServer.Step]
    }

    static let faults: [Fault] = [
        Fault(
            testDescription: "401",
            steps: answer(401, #"{"error":{"code":"unauthorized","message":"no such token"}}"#)
        ),
        Fault(testDescription: "500", steps: answer(500, "oops")),
        Fault(testDescription: "400 of something else", steps: answer(400, "<html>")),
        Fault(testDescription: "another document", steps: answer(200, #"{"hello":"world"}"#)),
        Fault(testDescription: "no JSON", steps: answer(200, "hello")),
        Fault(testDescription: "no HTTP", steps: [.text("220 mail.example.org ESMTP\r\n"), .close]),
        Fault(testDescription: "closes at once", steps: [.close]),
        Fault(testDescription: "never answers", isTold: false, steps: [.sleep(.seconds(30)), .close]),
    ]

    @Test("works alone when that answers nonsense, or nothing: calls are served, observations wait", arguments: faults)
    func faulty(fault: Fault) async throws {
        let server = try await StubServer.start(on: Self.group) { _ in fault.steps }
        try await Fixture.with("faulty", settings: Self.settings(server.port)) { fixture in
            #expect(try await fixture.page("/readyz") == "ok\n")
            #expect(try await Self.call("guest/f", on: fixture).limit == Bytes(100_663_296))
            if fault.isTold {
                _ = try await fixture.wait(for: "/v1/status") { $0.contains(#""reachable":false,"#) }
            }
            try await fixture.wait("tried to send") {
                server.requests.contains { $0.target.hasSuffix("/observations") } || !fault.isTold
            }
            let metrics = try await fixture.wait(for: "/metrics") { page in
                page.contains("fuyun_spool_observations_total 1\n") && !page.contains("fuyun_spool_bytes 0\n")
            }
            #expect(metrics.contains("fuyun_reporter_refused_total 0\n"))
        }
        try await server.stop()
    }

    @Test("works alone when nobody is there")
    func absent() async throws {
        let server = try await StubServer.start(on: Self.group) { _ in [] }
        let port = server.port
        try await server.stop()
        try await Fixture.with(settings: Self.settings(port)) { fixture in
            #expect(try await Self.call("guest/f", on: fixture).applied)
            let status = try await fixture.wait(for: "/v1/status") { $0.contains(#""reachable":false"#) }
            #expect(status.contains("cannot be reached"))
        }
    }

    @Test("serves and reports with a state directory in which nothing can be written")
    func noDisk() async throws {
        let server = try await StubServer.start(on: Self.group) { request in
            if request.method == "POST" { return Self.taken }
            guard !request.target.contains("after=") else { return [.sleep(.seconds(5)), .close] }
            let function = PoliciesAnswer.Function(
                name: "guest/g",
                documents: [Array(Fixture.policy("guest/g", version: 4).utf8)]
            )
            return Self.policies(PoliciesAnswer(revision: 1, isFull: true, functions: [function]))
        }
        let prepare: @Sendable (Fixture.Home) throws -> Void = { home in
            // Root may write wherever the mode forbids it; nobody can make a directory where a file is, or the other
            // way round.
            mkdir(home.state.string, 0o755)
            mkdir(home.state.appending("observations.jsonl").string, 0o755)
            mkdir(home.state.appending("coordinator-policies.json").string, 0o755)
            mkdir(home.state.appending("epoch").string, 0o755)
            try Fixture.write("", to: home.state.appending("spool"))
        }
        try await Fixture.with(settings: Self.settings(server.port), prepare: prepare) { fixture in
            _ = try await fixture.wait(for: "/v1/status") { $0.contains(#""revision":1,"functions":1"#) }
            for _ in 0..<3 { #expect(try await Self.call("guest/g", on: fixture).decision?.policyVersion == 4) }
            try await fixture.wait("three observations sent") {
                let sent = try server.requests.filter { $0.target.hasSuffix("/observations") }.flatMap { request in
                    try ObservationBatchBody(parsing: request.body).records
                }
                return sent.count >= 3
            }
            let status = try await fixture.page("/v1/status")
            #expect(status.contains(#""in_memory":true"#))
            let metrics = try await fixture.page("/metrics")
            #expect(!metrics.contains("fuyun_spool_errors_total 0\n"))
            #expect(!metrics.contains("fuyun_observations_write_errors_total 0\n"))
        }
        try await server.stop()
    }

    @Test("its kill switch stops everything, also what the directory decides")
    func killSwitch() async throws {
        let isPulled = Mutex(false)
        let server = try await StubServer.start(on: Self.group) { request in
            if request.method == "POST" { return Self.taken }
            if request.target.contains("after=") {
                return [.until { isPulled.withLock { $0 } }]
                    + Self.policies(PoliciesAnswer(revision: 2, isFull: false, modeCap: .observe))
            }
            return Self.policies(PoliciesAnswer(revision: 1, isFull: true))
        }
        try await Fixture.with(settings: Self.settings(server.port)) { fixture in
            #expect(try await Self.call("guest/f", on: fixture).applied)
            isPulled.withLock { $0 = true }
            _ = try await fixture.wait(for: "/v1/functions") { $0.contains(#""mode_cap":"observe""#) }
            let begun = try await Self.call("guest/f", on: fixture)
            #expect(!begun.applied)
            #expect(begun.mode == .observe)
        }
        try await server.stop()
    }
}
