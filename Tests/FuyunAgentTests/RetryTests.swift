import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import MemoryUnits
import NIOCore
import Testing

@Suite("After a call ran out of memory")
struct RetryTests {
    private static let payload = ByteBuffer(string: #"{"n":60000000}"#)
    /// What the policy decides for that.
    private static let decided = Bytes.mebibytes(96)

    private func begin(_ connection: ClientConnection, retryOf id: InvocationID? = nil) async throws -> BeginAnswer {
        try await connection.begin(BeginRequest(function: "guest/f", retryOf: id), payload: Self.payload)
    }

    private func fail(_ id: InvocationID, on connection: ClientConnection, _ fixture: Fixture) async throws -> EndAnswer
    {
        for event in ["max", "oom", "oom_kill"] { try fixture.tree.bump(event, of: Fixture.first) }
        return try await connection.end(id, EndRequest(outcome: .crashed, exitStatus: 137))
    }

    @Test("its end says with what limit to try again, three times, and the last one is the ceiling")
    func advice() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            var call = try await begin(connection)
            #expect(call.limit == Self.decided)
            var end = try await fail(call.id, on: connection, fixture)
            #expect(end.retryLimit == Self.decided.scaled(by: 1.3))
            for limit in [Bytes.mebibytes(125), .mebibytes(250), Fixture.ceiling] {
                call = try await begin(connection, retryOf: call.id)
                #expect(call.limit == limit)
                #expect(call.decision?.adjustments.contains(.raisedAfterMiss) == true)
                #expect(try fixture.limit() == "\(limit.rawValue)")
                end = try await fail(call.id, on: connection, fixture)
                #expect(end.outOfMemory != nil)
            }
            #expect(end.retryLimit == nil)
        }
    }

    @Test("calls that know nothing of it are raised too, until a newer version comes")
    func raise() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let call = try await begin(connection)
            _ = try await fail(call.id, on: connection, fixture)
            let next = try await begin(connection)
            #expect(next.limit == .mebibytes(125))
            #expect(next.decision?.limit == .mebibytes(125))
            _ = try await connection.end(next.id, EndRequest(outcome: .success))
            let lines = try await fixture.observations(2)
            #expect(lines[1].contains(#""adjustments":["snapped_up","raised_after_miss"]"#))
            try fixture.replacePolicy("f.json", Fixture.policy(version: 2))
            _ = try await fixture.wait(for: "/v1/functions") { $0.contains(#""active_version":2"#) }
            let after = try await begin(connection)
            #expect(after.limit == Self.decided)
            _ = try await connection.end(after.id, EndRequest(outcome: .success))
            #expect(try await fixture.page("/metrics").contains("fuyun_limiter_raises_total 1\n"))
        }
    }

    @Test("a retry of nothing that is known, or of another function, is a call like any other")
    func unknown() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect("platform")
            let failed = try await connection.begin(
                BeginRequest(function: "guest/g", container: .path("/" + Fixture.second)),
                payload: Self.payload
            )
            _ = try await connection.end(failed.id)
            for id in [InvocationID(epoch: 1, sequence: 1), failed.id] {
                let call = try await connection.begin(
                    BeginRequest(function: "guest/f", container: .path("/" + Fixture.first), retryOf: id),
                    payload: Self.payload
                )
                #expect(call.limit == Self.decided)
                _ = try await connection.end(call.id)
            }
            let response = try await connection.send(
                ClientRequest(
                    .post,
                    "/v1/invocations",
                    headers: [("Fuyun-Function", "guest/f"), ("Fuyun-Retry-Of", "first")]
                )
            )
            #expect(response.status == 400)
        }
    }

    @Test("the operator's maximum binds raises and advice")
    func maximum() async throws {
        let functions = #"{"guest/f":{"maximum_bytes":104857600}}"#
        try await Fixture.with(functions: functions) { fixture in
            let connection = try fixture.connect()
            let call = try await begin(connection)
            let end = try await fail(call.id, on: connection, fixture)
            #expect(end.retryLimit == .mebibytes(100))
            let next = try await begin(connection, retryOf: call.id)
            #expect(next.limit == .mebibytes(100))
            #expect(try await fail(next.id, on: connection, fixture).retryLimit == nil)
        }
    }
}
