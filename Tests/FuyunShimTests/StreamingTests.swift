import FuyunShim
import FuyunTestSupport
import NIOCore
import Testing

@Suite("Streaming through the shim", .serialized)
struct StreamingTests {
    private static let sizes = [0, 1, 1024, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20]
    /// Kept part, one read of each side, and what the sockets' kernel buffers may hold when a side closes.
    private static let bound = (1 << 20) + (768 << 10)

    @Test("a body with a length arrives whole, and its first part is shown to the agent", arguments: sizes)
    func upWithLength(size: Int) async throws {
        let body = pattern(size)
        try await Rig.with { rig async throws in
            let response = try await rig.send("POST / HTTP/1.1\r\nContent-Length: \(size)\r\n\r\n", body: body)
            #expect(response.status == 200 && response.text == "fine")
            let seen = try #require(rig.upstream.requests.first)
            #expect(seen.bodySize == size && seen.bodyHash == StubServer.hash(body))
            #expect(seen.header("Content-Length") == String(size) && seen.header("Transfer-Encoding") == nil)
            let begin = try #require(rig.agent?.begins.first)
            #expect(begin.bodySize == min(size, 1 << 20))
            #expect(begin.header("Fuyun-Payload-Length") == (size > 1 << 20 ? String(size) : nil))
            #expect(try await rig.shim.counts().peakHeldBytes <= Self.bound)
        }
    }

    @Test("a chunked body arrives whole, in chunks", arguments: sizes)
    func upInChunks(size: Int) async throws {
        let body = pattern(size)
        try await Rig.with { rig async throws in
            let response = try await rig.connect { connection async throws in
                try await connection.send("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n")
                var rest = body
                while rest.readableBytes > 0, let piece = rest.readSlice(length: min(50_000, rest.readableBytes)) {
                    try await connection.send(String(piece.readableBytes, radix: 16) + "\r\n")
                    try await connection.send(piece)
                    try await connection.send("\r\n")
                }
                try await connection.send("0\r\nX-Sum: 42\r\n\r\n")
                return try await connection.response()
            }
            #expect(response.status == 200)
            let seen = try #require(rig.upstream.requests.first)
            #expect(seen.bodySize == size && seen.bodyHash == StubServer.hash(body))
            #expect(seen.header("Transfer-Encoding") == "chunked" && seen.header("Content-Length") == nil)
            #expect(seen.trailers == ["X-Sum: 42"])
            let begin = try #require(rig.agent?.begins.first)
            #expect(begin.bodySize == min(size, 1 << 20))
            if size > 1 << 20 { #expect(UInt64(begin.header("Fuyun-Payload-Length") ?? "") ?? 0 > 1 << 20) }
        }
    }

    @Test("an answer comes back as it was framed", arguments: sizes, [true, false])
    func down(size: Int, chunked: Bool) async throws {
        let body = pattern(size)
        let script: StubServer.Script = { _ in
            guard chunked else {
                return [.text("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\nX-A: 1\r\n\r\n"), .write(body)]
            }
            let chunk =
                size == 0 ? [] : [StubServer.Step.text(String(size, radix: 16) + "\r\n"), .write(body), .text("\r\n")]
            return [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")] + chunk + [
                .text("0\r\nX-Sum: 42\r\n\r\n")
            ]
        }
        try await Rig.with(function: script) { rig async throws in
            let response = try await rig.send(post("/", "{}"))
            #expect(response.status == 200 && response.isWhole)
            #expect(response.bodySize == size && response.bodyHash == StubServer.hash(body))
            #expect(response.header("Content-Length") == (chunked ? nil : String(size)))
            #expect(response.header("Transfer-Encoding") == (chunked ? "chunked" : nil))
            #expect(response.trailers == (chunked ? ["X-Sum: 42"] : []))
        }
    }

    @Test("100 MiB up and 100 MiB down are never held", .timeLimit(.minutes(2)))
    func large() async throws {
        let block = pattern(1 << 20)
        let script: StubServer.Script = { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: \(100 << 20)\r\n\r\n"), .repeat(block, 100), .close]
        }
        try await Rig.with(function: script) { rig async throws in
            let response = try await rig.connect { connection async throws in
                try await connection.send("POST / HTTP/1.1\r\nContent-Length: \(100 << 20)\r\n\r\n")
                for _ in 0..<100 { try await connection.send(block) }
                return try await connection.response()
            }
            #expect(response.bodySize == 100 << 20 && response.isWhole)
            #expect(rig.upstream.requests.first?.bodySize == 100 << 20)
            #expect(rig.agent?.begins.first?.bodySize == 1 << 20)
            #expect(rig.agent?.begins.first?.header("Fuyun-Payload-Length") == String(100 << 20))
            let held = try await rig.shim.counts().peakHeldBytes
            #expect(held <= Self.bound, "\(held) bytes were held")
        }
    }

    @Test("what a client does not take is not read from the function")
    func slowClient() async throws {
        let block = pattern(1 << 20)
        let script: StubServer.Script = { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: \(20 << 20)\r\n\r\n"), .repeat(block, 20), .close]
        }
        try await Rig.with(function: script) { rig async throws in
            try await rig.connect { connection async throws in
                try await connection.send(post("/", "{}"))
                // Long enough for all buffers between to fill up, and for the function to close.
                try await Task.sleep(for: .milliseconds(300))
                let held = try await rig.shim.counts().peakHeldBytes
                #expect(held <= Self.bound, "\(held) bytes were held")
                let response = try await connection.response()
                #expect(response.bodySize == 20 << 20 && response.isWhole)
            }
        }
    }

    @Test("a body that comes byte by byte costs what it weighs")
    func trickle() async throws {
        try await Rig.with { rig async throws in
            let response = try await rig.connect { connection async throws in
                try await connection.send("POST / HTTP/1.1\r\nContent-Length: 200\r\n\r\n")
                for _ in 0..<200 { try await connection.send("x") }
                return try await connection.response()
            }
            #expect(response.status == 200)
            #expect(rig.agent?.begins.first?.bodySize == 200)
        }
    }

    @Test("a limit of 0 asks the agent without a payload")
    func noPayload() async throws {
        try await Rig.with(configure: { $0.payloadLimit = 0 }) { rig async throws in
            #expect(try await rig.send(post("/", "abc")).status == 200)
            let begin = try #require(rig.agent?.begins.first)
            #expect(begin.bodySize == 0 && begin.header("Fuyun-Payload-Length") == "3")
            #expect(rig.upstream.requests.first?.bodySize == 3)
        }
    }
}
