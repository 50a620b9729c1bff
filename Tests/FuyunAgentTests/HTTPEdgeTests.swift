import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import Glibc
import MemoryUnits
import NIOCore
import Testing

@Suite("The HTTP edge")
struct HTTPEdgeTests {
    private static let begin =
        "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nFuyun-Function: guest/f\r\nContent-Length: 7\r\n\r\n{\"n\":1}"

    @Test("pipelined requests are answered in order on one connection")
    func pipelining() async throws {
        try await Fixture.with { fixture in
            let socket = try RawSocket(fixture.path("admin"))
            let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
            socket.send(request + "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n" + request)
            let text = socket.receive(until: "ok\n", count: 3)
            #expect(text.occurrences(of: "HTTP/1.1 200 OK\r\n") == 3)
        }
    }

    @Test("requests that wait behind a late answer are answered after it")
    func pipeliningBehindLateAnswer() async throws {
        try await Fixture.with { fixture in
            let socket = try RawSocket(fixture.path("function"))
            socket.send(Self.begin)
            let begun = socket.receive(until: "}}}")
            let id = try #require(begun.split(separator: "\"id\":\"").last?.prefix { $0 != "\"" })
            let end = #"{"outcome":"crashed","exit_status":137}"#
            socket.send(
                "POST /v1/invocations/\(id)/end HTTP/1.1\r\nHost: a\r\nContent-Length: \(end.utf8.count)\r\n\r\n\(end)"
                    + Self.begin
            )
            let text = socket.receive(until: "\"decision\"")
            let late = try #require(text.firstRange(of: "external_kill"))
            let next = try #require(text.firstRange(of: "201 Created"))
            #expect(late.lowerBound < next.lowerBound)
        }
    }

    @Test("chunks are read, 100-continue is granted, and a last request closes")
    func forms() async throws {
        try await Fixture.with { fixture in
            let chunked = try RawSocket(fixture.path("function"))
            chunked.send(
                "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nFuyun-Function: guest/f\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\n{\"n\r\n4\r\n\":1}\r\n0\r\n\r\n"
            )
            #expect(chunked.receive(until: "\"decision\"").contains("201 Created"))
            let expecting = try RawSocket(fixture.path("function"))
            expecting.send(
                "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nFuyun-Function: guest/f\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n"
            )
            #expect(expecting.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            expecting.send("{\"n\":1}")
            #expect(expecting.receive(until: "\"decision\"").contains("201 Created"))
            let last = try RawSocket(fixture.path("admin"))
            last.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(last.receive().hasSuffix("Connection: close\r\n\r\nok\n"))
        }
    }

    @Test(
        "what is no request within the limits is refused and the connection closed",
        arguments: [
            "GARBAGE\r\n\r\n", "GET /healthz HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \(String(repeating: "x", count: 20_000))\r\n\r\n",
            "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 100) + "\r\n",
            "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
            "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /v1/invocations/00000001-1/end HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"
                + String(repeating: "x", count: 5000),
        ]
    )
    func refused(text: String) async throws {
        try await Fixture.with("refused") { fixture in
            let socket = try RawSocket(fixture.path("function"))
            socket.send(text)
            let answer = socket.receive()
            #expect(answer.hasPrefix("HTTP/1.1 400") || answer.isEmpty)
            #expect(try await fixture.page("/healthz") == "ok\n")
        }
    }

    @Test("a request that does not come whole in time is given up")
    func slowRequest() async throws {
        try await Fixture.with(settings: ["server.request_seconds=1"]) { fixture in
            let socket = try RawSocket(fixture.path("function"))
            socket.send("POST /v1/invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{")
            #expect(socket.receive() == "")
            #expect(try await fixture.page("/metrics").contains("fuyun_server_connections_timed_out_total 1"))
        }
    }

    @Test("answers that nobody reads do not pile up: reading stops, and after a while the connection is closed")
    func unreadAnswers() async throws {
        try await Fixture.with(settings: ["server.request_seconds=1"]) { fixture in
            let socket = try RawSocket(fixture.path("function"))
            socket.send(Self.begin)
            let requests = String(repeating: "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000)
            #expect(socket.flood(requests, most: 64 << 20) < 8 << 20)
            #expect(try await fixture.page("/healthz").contains("ok"))
        }
    }

    @Test("an upgrade is refused: what would follow it is no HTTP")
    func upgrade() async throws {
        try await Fixture.with { fixture in
            let socket = try RawSocket(fixture.path("function"))
            socket.send(
                Self.begin.replacing("Host: a\r\n", with: "Host: a\r\nConnection: upgrade\r\nUpgrade: other\r\n")
            )
            #expect(socket.receive().contains("400 Bad Request"))
        }
    }

    @Test("payloads beyond what all connections may keep together are looked at in part, and the call goes on")
    func payloadBudget() async throws {
        try await Fixture.with(settings: ["server.connections_per_peer=200"]) { fixture in
            var holders: [RawSocketBox] = []
            let head =
                "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nFuyun-Function: guest/f\r\nContent-Length: 2000000\r\n\r\n"
            let part = head + String(repeating: " ", count: 1 << 20)
            for _ in 0..<66 {
                let holder = RawSocketBox(try RawSocket(fixture.path("function")))
                holder.socket.send(part)
                holders.append(holder)
            }
            let answer = try await fixture.connect().begin(
                BeginRequest(function: "guest/f"),
                payload: ByteBuffer(string: #"{"n":1}"#)
            )
            #expect(answer.decision?.reason == .truncatedPayload)
            holders.removeAll()
        }
    }

    @Test("seeded garbage on all sockets never stops the server", arguments: [1, 2, 3] as [UInt64])
    func fuzz(seed: UInt64) async throws {
        try await Fixture.with("fuzz") { fixture in
            var random = SplitMix(state: seed)
            for round in 0..<60 {
                let socket = try RawSocket(fixture.path(["function", "platform", "admin"][round % 3]))
                var bytes = Array(Self.begin.utf8)
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
                    case 1: bytes.removeSubrange(Int.random(in: bytes.indices, using: &random)...)
                    case 2: bytes += Array(Self.begin.utf8)
                    default:
                        let place = Int.random(in: 0...bytes.count, using: &random)
                        bytes.insert(contentsOf: (0..<50).map { _ in .random(in: 0...255, using: &random) }, at: place)
                    }
                    if bytes.isEmpty { bytes = [0] }
                }
                socket.send(bytes)
            }
            #expect(try await fixture.page("/healthz") == "ok\n")
            // Whatever began in there was abandoned with its connection, and no limit stays.
            _ = try await fixture.wait(for: "/metrics") { $0.contains("fuyun_invocations_in_flight 0") }
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
        }
    }
}

/// A small generator with a seed (Steele, Lea and Flood 2014), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
