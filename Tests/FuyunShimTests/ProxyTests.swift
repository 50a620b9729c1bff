import FuyunClient
import FuyunShim
import FuyunTestSupport
import NIOCore
import Testing

@Suite("HTTP through the shim", .serialized)
struct ProxyTests {
    @Test("header fields keep their order, spelling and number; those of one connection stay on it")
    func headers() async throws {
        let script: StubServer.Script = { _ in
            ok(
                "x",
                headers:
                    "x-LOWER: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: X-Hop\r\nX-Hop: no\r\nKeep-Alive: timeout=5\r\n"
            )
        }
        try await Rig.with(function: script) { rig async throws in
            let response = try await rig.send(
                post(
                    "/p?q=%20",
                    "{}",
                    headers:
                        "X-b: 2\r\nX-A: 1\r\nX-b: 3\r\nAccept: */*\r\nConnection: close, x-private\r\nX-Private: no\r\nTE: trailers\r\nProxy-Connection: close\r\n"
                )
            )
            let seen = try #require(rig.upstream.requests.first)
            #expect(
                seen.headers.map { "\($0.name): \($0.value)" }
                    == ["Host: f", "Content-Length: 2", "X-b: 2", "X-A: 1", "X-b: 3", "Accept: */*", "TE: trailers"]
            )
            #expect(seen.target == "/p?q=%20")
            #expect(
                response.headers.map { "\($0.name): \($0.value)" }
                    == ["Content-Length: 1", "x-LOWER: 1", "Set-Cookie: a=1", "Set-Cookie: b=2", "Connection: close"]
            )
        }
    }

    @Test(
        "answers without a body keep their headers",
        arguments: [
            ("HEAD", "200 OK", "Content-Length: 12345\r\n"), ("HEAD", "200 OK", "Transfer-Encoding: chunked\r\n"),
            ("POST", "204 No Content", ""), ("GET", "304 Not Modified", "Content-Length: 77\r\nETag: x\r\n"),
        ]
    )
    func noBody(method: String, status: String, headers: String) async throws {
        try await Rig.with(function: { _ in [.text("HTTP/1.1 \(status)\r\n\(headers)\r\n")] }) { rig async throws in
            try await rig.connect { connection async throws in
                // Twice, so that a byte too many would be seen.
                for _ in 0..<2 {
                    try await connection.send("\(method) / HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n")
                    let response = try await connection.response(toHead: method == "HEAD")
                    #expect(response.status == Int(status.prefix(3)))
                    if let length = headers.split(separator: "\r\n").first(where: { $0.hasPrefix("Content-Length") }) {
                        #expect(response.header("Content-Length") == String(length.dropFirst(16)))
                    }
                }
            }
        }
    }

    @Test("interim answers go through, and 100 is the shim's own")
    func interim() async throws {
        let script: StubServer.Script = { _ in
            [.text("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")] + ok("fine")
        }
        try await Rig.with(function: script) { rig async throws in
            let response = try await rig.connect { connection async throws in
                try await connection.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                try await Task.sleep(for: .milliseconds(50))
                try await connection.send("{}")
                return try await connection.response()
            }
            #expect(response.interim == [100, 103])
            #expect(response.status == 200 && response.text == "fine")
            #expect(rig.upstream.requests.first?.header("Expect") == nil)
        }
    }

    @Test("an answer that ends with its connection stays one")
    func untilClose() async throws {
        try await Rig.with(function: { _ in [.text("HTTP/1.0 200 OK\r\n\r\nfine"), .close] }) { rig async throws in
            let response = try await rig.send(post("/", "{}"))
            #expect(response.text == "fine" && response.header("Transfer-Encoding") == nil)
            #expect(response.header("Connection") == "close" && response.isWhole)
        }
    }

    @Test("a client of HTTP/1.0 gets no chunks")
    func oldClient() async throws {
        let script: StubServer.Script = { _ in
            [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n")]
        }
        try await Rig.with(function: script) { rig async throws in
            let response = try await rig.send("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")
            #expect(response.text == "fine" && response.header("Transfer-Encoding") == nil)
        }
    }

    @Test("requests follow each other on one connection, to the function too")
    func keepAlive() async throws {
        try await Rig.with { rig async throws in
            try await rig.connect { connection async throws in
                for _ in 0..<3 {
                    try await connection.send(post("/", "{}"))
                    #expect(try await connection.response().text == "fine")
                }
            }
            #expect(rig.upstream.connectionCount == 1)
            #expect(rig.agent?.connections.opened == 1)
        }
    }

    @Test("requests that are sent before the answer are answered in their order")
    func pipelining() async throws {
        try await Rig.with(function: { request in [.sleep(.milliseconds(5))] + ok(request.target) }) {
            rig async throws in
            try await rig.connect { connection async throws in
                try await connection.send((0..<10).map { post("/\($0)", "{}") }.joined())
                for number in 0..<10 { #expect(try await connection.response().text == "/\(number)") }
            }
            #expect(rig.agent?.begins.count == 10)
        }
    }

    @Test("a function that closes after each answer is connected to anew")
    func upstreamCloses() async throws {
        try await Rig.with(function: { _ in ok("fine", headers: "Connection: close\r\n") + [.close] }) {
            rig async throws in
            try await rig.connect { connection async throws in
                for _ in 0..<3 {
                    try await connection.send(post("/", "{}"))
                    let response = try await connection.response()
                    #expect(response.text == "fine" && response.header("Connection") == nil)
                }
            }
            #expect(rig.upstream.connectionCount == 3)
        }
    }

    @Test("an answer before the request's end arrives, and ends the connection")
    func early() async throws {
        try await Rig.with(asks: .head, function: { _ in ok("too large", status: 413) }) { rig async throws in
            try await rig.connect { connection async throws in
                try await connection.send("POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n")
                try await connection.send(pattern(2_000_000))
                let response = try await connection.response()
                #expect(response.status == 413 && response.text == "too large")
                #expect(response.header("Connection") == "close")
            }
        }
    }

    @Test("an upgrade is not passed on")
    func upgrade() async throws {
        try await Rig.with { rig async throws in
            let response = try await rig.send(
                "GET / HTTP/1.1\r\nHost: f\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
            )
            #expect(response.status == 200 && response.header("Connection") == "close")
            let seen = try #require(rig.upstream.requests.first)
            #expect(seen.header("Upgrade") == nil && seen.header("Connection") == nil)
        }
    }

    @Test("other methods and probes pass without the agent")
    func others() async throws {
        try await Rig.with { rig async throws in
            #expect(try await rig.send("GET /_/health HTTP/1.1\r\nHost: f\r\n\r\n").status == 200)
            #expect(try await rig.send("DELETE /x HTTP/1.1\r\nHost: f\r\n\r\n").status == 200)
            #expect(try await rig.send(post("/", "{}", headers: "K-Network-Probe: queue\r\n")).status == 200)
            #expect(rig.agent?.begins.isEmpty == true && rig.upstream.requests.count == 3)
        }
    }

    @Test("a function's server that is not there is 502; one that comes up late is waited for")
    func upstreamWait() async throws {
        let port = try Rig.freePort()
        let away: @Sendable (inout ShimConfiguration) -> Void = {
            $0.upstream = .internet(address: "127.0.0.1", port: port)
        }
        try await Rig.with(configure: away) { rig async throws in
            let response = try await rig.send(post("/", "{}"))
            #expect(response.status == 502 && response.text.contains("Connection refused"))
        }
        try await Rig.with(configure: {
            away(&$0)
            $0.upstreamWait = .seconds(20)
        }) { rig async throws in
            async let response = rig.send(post("/", "{}"))
            try await Task.sleep(for: .milliseconds(100))
            let late = try await StubServer.start(on: Rig.group, port: port) { _ in ok("late") }
            #expect(try await response.text == "late")
            try await late.stop()
        }
    }

    @Test("both sides may be Unix sockets")
    func unixSockets() async throws {
        let path = Rig.socketPath()
        let upstream = try await StubServer.start(on: Rig.group, path: path) { _ in ok("unix") }
        try await Rig.with(configure: {
            $0.upstream = .unix(path)
            $0.listen = .unix(Rig.socketPath())
        }) { rig async throws in
            let response = try await rig.send(post("/", "{}"))
            #expect(response.text == "unix")
        }
        try await upstream.stop()
    }

    @Test("a client that stops in the middle is given up after a while")
    func stalled() async throws {
        try await Rig.with(configure: { $0.stallTimeout = .seconds(2) }) { rig async throws in
            let response = try await rig.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345")
            #expect(response.status == 408)
            try await rig.connect { connection async throws in
                try? await connection.send("POST / HT")
                #expect(try await connection.isClosedWithoutAnswer())
            }
            #expect(rig.upstream.requests.isEmpty)
        }
    }

    @Test("more connections than allowed wait for their turn")
    func connectionLimit() async throws {
        try await Rig.with(
            configure: { $0.maximumConnections = 2 },
            function: { _ in [.sleep(.milliseconds(20))] + ok("fine") }
        ) { rig async throws in
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<10 {
                    tasks.addTask { try await rig.send(post("/", "{}", headers: "Connection: close\r\n")).status }
                }
                for try await status in tasks { #expect(status == 200) }
            }
        }
    }
}
