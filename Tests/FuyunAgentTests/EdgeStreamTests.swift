import FuyunAgent
import Glibc
import MemoryUnits
import Testing

@Suite("Connections as they come and go")
struct EdgeStreamTests {
    private static let begin =
        "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nFuyun-Function: guest/f\r\nContent-Length: 7\r\n\r\n{\"n\":1}"
    private static let health = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("a peer that has said all it has to say still gets its answers")
    func halfClose() async throws {
        try await Fixture.with { fixture in
            let admin = try RawSocket(fixture.path("admin"))
            admin.send(Self.health + Self.health)
            admin.endSending()
            #expect(admin.receive().ranges(of: "200 OK").count == 2)
            let socket = try RawSocket(fixture.path("function"))
            socket.send(Self.begin)
            let begun = socket.receive(until: "}}}")
            let id = try #require(begun.split(separator: "\"id\":\"").last?.prefix { $0 != "\"" })
            // This answer comes late: the agent waits for counters that may explain the crash.
            let end = #"{"outcome":"crashed","exit_status":137}"#
            socket.send(
                "POST /v1/invocations/\(id)/end HTTP/1.1\r\nHost: a\r\nContent-Length: \(end.utf8.count)\r\n\r\n\(end)"
            )
            socket.endSending()
            #expect(socket.receive().contains("external_kill"))
        }
    }

    @Test("a peer that reads late gets every answer, in order and whole")
    func slowReader() async throws {
        try await Fixture.with { fixture in
            let socket = try RawSocket(fixture.path("admin"))
            let page = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
            socket.send(String(repeating: page, count: 60) + Self.health)
            // More than both sockets' buffers hold.
            try await Task.sleep(for: .milliseconds(100))
            let bytes = socket.receiveBytes(endingWith: "\r\n\r\nok\n")
            #expect(bytes.count > 400_000)
            let lines = bytes.split(separator: UInt8(ascii: "\n"))
            #expect(lines.count { $0.elementsEqual("HTTP/1.1 200 OK\r".utf8) } == 61)
            #expect(lines.count { $0.elementsEqual("# TYPE fuyun_server_connections gauge".utf8) } == 60)
        }
    }

    @Test("a request that comes byte by byte is a request")
    func trickle() async throws {
        try await Fixture.with { fixture in
            let socket = try RawSocket(fixture.path("function"))
            for byte in Self.begin.utf8 { socket.send([byte]) }
            #expect(socket.receive(until: "}}}").contains("201 Created"))
        }
    }

    @Test("a payload of many reads is seen whole")
    func longPayload() async throws {
        try await Fixture.with { fixture in
            let socket = try RawSocket(fixture.path("function"))
            let payload = #"{"filler":""# + String(repeating: "x", count: 700_000) + #"","n":77}"#
            socket.send(
                "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nFuyun-Function: guest/f\r\nContent-Length: \(payload.utf8.count)\r\n\r\n"
                    + payload + Self.begin
            )
            let text = socket.receive(until: "\"decision\"", count: 2)
            #expect(text.contains("\"n\":77") && text.contains("\"n\":1"))
        }
    }

    @Test("hundreds of connections at once, each with its own requests")
    func manyConnections() async throws {
        try await Fixture.with { fixture in
            let sockets = try (0..<400).map { _ in RawSocketBox(try RawSocket(fixture.path("admin"))) }
            for round in 0..<3 {
                for box in sockets { box.socket.send(Self.health) }
                var answered = 0
                for box in sockets where box.socket.receive(until: "ok\n").hasSuffix("ok\n") { answered += 1 }
                #expect(answered == sockets.count, "round \(round)")
            }
        }
    }

    @Test("the agent stops with connections open: idle, in the middle of a request, and with a call in flight")
    func stopWithOpenConnections() async throws {
        try await Fixture.with { fixture in
            let idle = try RawSocket(fixture.path("admin"))
            idle.send(Self.health)
            #expect(idle.receive(until: "ok\n").hasSuffix("ok\n"))
            let half = try RawSocket(fixture.path("function"))
            half.send("POST /v1/invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{")
            let calling = try RawSocket(fixture.path("function"))
            calling.send(Self.begin)
            #expect(calling.receive(until: "}}}").contains("201 Created"))
            #expect(try fixture.limit() != "\(Fixture.ceiling.rawValue)")
            await fixture.agent.stop()
            #expect(idle.receive() == "" && half.receive() == "" && calling.receive() == "")
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
        }
    }
}
