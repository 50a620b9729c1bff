import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import MemoryUnits
import NIOCore
import Testing

@Suite("Invocations, from the socket to the limit and back")
struct InvocationTests {
    @Test("the limit is in place when begin is answered, and the ceiling is back when end is")
    func limitAndCeiling() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f", activation: "a1"),
                payload: ByteBuffer(string: #"{"n":60000000}"#)
            )
            let limit = try fixture.limit()
            #expect(begun.limit == Bytes(100_663_296))
            #expect(limit == "100663296")
            #expect(begun.applied)
            #expect(begun.mode == .enforce)
            #expect(begun.decision?.predicted == Bytes(100_000_000))
            #expect(begun.decision?.features == [.init("n", .number(60_000_000))])
            let ended = try await connection.end(begun.id, EndRequest(outcome: .success))
            #expect(ended.known)
            #expect(ended.limit == Bytes(100_663_296))
            #expect(ended.outOfMemory == nil)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            let line = try await fixture.observations(1)[0]
            #expect(line.contains(#""function":"guest/f""#))
            #expect(line.contains(#""activation":"a1""#))
            #expect(line.contains(#""outcome":"success""#))
        }
    }

    @Test(
        "whatever is wrong with a payload, the call goes on under the preset, and the reason is told",
        arguments: [
            (#"{"n":"#, "malformed_payload"), (#"{"m":1"#, "malformed_payload"), ("", "empty_payload"),
            (#"{"n":NaN}"#, "malformed_payload"), (#"{"n":1e400}"#, "wrong_type"), (#"{"m":1}"#, "missing_feature"),
            (#"{"n":"x"}"#, "wrong_type"), (#"{"n":-1}"#, "out_of_range"), ("hello", "malformed_payload"),
            (#"{"a":"# + String(repeating: "[", count: 10_000), "payload_too_deep"),
        ]
    )
    func badPayload(payload: String, reason: String) async throws {
        try await Fixture.with("bad payload \(reason)", settings: ["defaults.preset_bytes=134217728"]) { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: payload)
            )
            #expect(begun.decision?.reason.rawValue == reason)
            #expect(begun.limit == .mebibytes(128))
            #expect(try fixture.limit() == "134217728")
            _ = try await connection.end(begun.id)
            #expect(try await fixture.observations(1)[0].contains("\"\(reason)\""))
        }
    }

    @Test("a cut payload whose feature lies behind the cut falls back, one before it decides")
    func cutPayload() async throws {
        try await Fixture.with(settings: ["defaults.preset_bytes=134217728"]) { fixture in
            let connection = try fixture.connect()
            let padding = String(repeating: "x", count: 2_000)
            let before = ByteBuffer(string: #"{"n":1000,"p":"\#(padding)"#)
            let found = try await connection.begin(
                BeginRequest(function: "guest/f", payloadLength: 1_000_000),
                payload: before
            )
            #expect(found.decision?.reason == .policy)
            _ = try await connection.end(found.id)
            let behind = ByteBuffer(string: #"{"p":"\#(padding)"#)
            let lost = try await connection.begin(
                BeginRequest(function: "guest/f", payloadLength: 1_000_000),
                payload: behind
            )
            #expect(lost.decision?.reason == .truncatedPayload)
            #expect(lost.limit == .mebibytes(128))
            _ = try await connection.end(lost.id)
        }
    }

    @Test("only the first part of a large payload is kept, and the rest is read and dropped")
    func largePayload() async throws {
        try await Fixture.with(settings: ["defaults.preset_bytes=134217728"]) { fixture in
            let connection = try fixture.connect()
            var payload = ByteBuffer(string: #"{"n":1000,"p":""#)
            payload.writeRepeatingByte(UInt8(ascii: "x"), count: 8 << 20)
            payload.writeString(#""}"#)
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: payload)
            #expect(begun.decision?.reason == .policy)
            _ = try await connection.end(begun.id)
        }
    }

    @Test("shadow, observe and a missing policy write nothing", arguments: ["shadow", "observe", "none", "draft"])
    func untouched(kind: String) async throws {
        let policies = kind == "none" ? [:] : ["f.json": Fixture.policy(status: kind == "observe" ? "active" : kind)]
        let settings = kind == "observe" ? ["defaults.mode=observe"] : []
        try await Fixture.with("untouched \(kind)", settings: settings, policies: policies) { fixture in
            try fixture.tree.write("\(Fixture.ceiling.rawValue) as it was\n", to: "memory.max", of: Fixture.second)
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            #expect(!begun.applied)
            #expect(begun.limit == Fixture.ceiling)
            #expect(begun.decision?.reason == (kind == "none" || kind == "draft" ? nil : .policy))
            _ = try await connection.end(begun.id)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            let page = try await fixture.page("/metrics")
            #expect(page.contains("fuyun_limiter_writes_total 0"))
        }
    }

    @Test("two calls at once add their parts; the ceiling comes back after the last")
    func concurrency() async throws {
        try await Fixture.with { fixture in
            let (one, two) = (try fixture.connect(), try fixture.connect())
            let payload = ByteBuffer(string: #"{"n":60000000}"#)
            let first = try await one.begin(BeginRequest(function: "guest/f"), payload: payload)
            let second = try await two.begin(BeginRequest(function: "guest/f"), payload: payload)
            #expect(first.limit == Bytes(100_663_296))
            #expect((second.limit ?? .zero) >= Bytes(160_000_000))
            _ = try await one.end(first.id)
            #expect((UInt64(try fixture.limit()) ?? 0) >= 160_000_000)
            _ = try await two.end(second.id)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
        }
    }

    @Test("a connection that closes before the end abandons its call")
    func abandoned() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            connection.close()
            #expect(try await fixture.observations(1)[0].contains(#""outcome":"abandoned""#))
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            let other = try fixture.connect()
            await #expect { try await other.end(begun.id) } throws: {
                ($0 as? ErrorAnswer)?.code == .unknownInvocation
            }
        }
    }

    @Test("an end may come over another connection than the begin")
    func endElsewhere() async throws {
        try await Fixture.with { fixture in
            let (one, two) = (try fixture.connect(), try fixture.connect())
            let begun = try await one.begin(BeginRequest(function: "guest/f"), payload: ByteBuffer(string: #"{"n":1}"#))
            let ended = try await two.end(begun.id)
            #expect(ended.known)
            await #expect { try await one.end(begun.id) } throws: { ($0 as? ErrorAnswer)?.code == .unknownInvocation }
        }
    }

    @Test("a kill that the kernel counted is told with its evidence")
    func ownLimit() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            for event in ["max", "oom", "oom_kill"] { try fixture.tree.bump(event, of: Fixture.first) }
            let ended = try await connection.end(begun.id, EndRequest(outcome: .crashed, exitStatus: 137))
            #expect(ended.outOfMemory?.kind == .ownLimit || ended.outOfMemory?.kind == .childOnly)
            #expect(ended.outOfMemory?.evidence.isEmpty == false)
            #expect(try await fixture.observations(1)[0].contains(#""outcome":"crashed""#))
        }
    }

    @Test("a crash without a counter is looked at again before it is called a kill from outside")
    func externalKill() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            let ended = try await connection.end(begun.id, EndRequest(outcome: .crashed, exitStatus: 137))
            #expect(ended.outOfMemory?.kind == .externalKill)
            // The connection goes on after the late answer.
            let again = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            _ = try await connection.end(again.id)
        }
    }

    @Test("the end of a call of an earlier run is accounted for, one of no run is not")
    func earlierRun() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let old = InvocationID(epoch: 1, sequence: 7)
            let ended = try await connection.end(old, EndRequest(outcome: .success, function: "guest/f"))
            #expect(!ended.known)
            #expect(ended.peak == nil)
            let line = try await fixture.observations(1)[0]
            #expect(line.contains(#""known":false"#))
            #expect(try await fixture.page("/metrics").contains("fuyun_invocations_earlier_run_total 1"))
            await #expect { try await connection.end(InvocationID(epoch: .max, sequence: 7)) } throws: {
                ($0 as? ErrorAnswer)?.code == .unknownInvocation
            }
        }
    }

    @Test("a begin that is read after its deadline changes nothing")
    func deadline() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            await #expect {
                _ = try await connection.begin(
                    BeginRequest(function: "guest/f", deadline: Deadline(nanosecondsSinceEpoch: 1))
                )
            } throws: { ($0 as? ErrorAnswer)?.code == .deadlinePassed }
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
        }
    }

    @Test("calls wait for no more than the container's page cache: the limit is held above its use")
    func held() async throws {
        try await Fixture.with { fixture in
            try fixture.tree.write("300000000\n", to: "memory.current", of: Fixture.first)
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            #expect(begun.held)
            #expect((UInt64(try fixture.limit()) ?? 0) > 300_000_000)
            _ = try await connection.end(begun.id)
            // What reclaim would give back is asked for, off the path.
            try await fixture.wait("settling") {
                (try await fixture.page("/metrics")).contains("fuyun_limiter_settled_total 1")
            }
        }
    }
}
