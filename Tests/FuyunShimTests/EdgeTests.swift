import FuyunProtocol
import FuyunShim
import FuyunTestSupport
import NIOCore
import Testing

@Suite("Malformed HTTP", .serialized)
struct EdgeTests {
    @Test(
        "is refused",
        arguments: [
            ("nonsense\r\n\r\n", 400), ("GET\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400), ("\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}", 400),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 70_000))\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\n\(String(repeating: "X: 12345678901234567890\r\n", count: 4000))\r\n", 431),
        ]
    )
    func refused(request: String, status: Int) async throws {
        try await Rig.with { rig async throws in
            let response = try await rig.send(request)
            #expect(response.status == status && response.isWhole)
            #expect(rig.upstream.requests.isEmpty)
        }
    }

    @Test("a body that breaks off never looks whole to the function")
    func brokenBody() async throws {
        try await Rig.with(configure: { $0.payloadLimit = 10 }) { rig async throws in
            try await rig.connect { connection async throws in
                try await connection.send(
                    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n01234567890123456789\r\nzz\r\n"
                )
                #expect(try await connection.response().status == 400)
            }
            #expect(rig.upstream.requests.isEmpty)
            #expect(try await eventually { rig.agent?.ends.count == rig.agent?.begins.count })
        }
    }

    @Test("is survived, whatever the bytes", .timeLimit(.minutes(2)))
    func fuzz() async throws {
        try await Rig.with(configure: { $0.stallTimeout = .milliseconds(100) }) { rig async throws in
            var generator = SeededGenerator(seed: 7)
            let seed = Array(
                "POST /run HTTP/1.1\r\nHost: f\r\nContent-Length: 7\r\nX-A: b\r\n\r\n{\"a\":1}POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                    .utf8
            )
            for _ in 0..<40 {
                var garbage: [[UInt8]] = []
                for _ in 0..<10 {
                    var bytes = seed
                    if Bool.random(using: &generator) {
                        bytes = (0..<Int.random(in: 1..<300, using: &generator)).map { _ in
                            UInt8.random(in: 0...255, using: &generator)
                        }
                    } else {
                        for _ in 0..<Int.random(in: 1...8, using: &generator) {
                            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                                in: 0...255,
                                using: &generator
                            )
                        }
                        bytes.removeLast(Int.random(in: 0..<60, using: &generator))
                    }
                    garbage.append(bytes)
                }
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for bytes in garbage {
                        tasks.addTask {
                            try await rig.connect { connection async throws in
                                try? await connection.send(ByteBuffer(bytes: bytes))
                                _ = try? await connection.response()
                            }
                        }
                    }
                    try await tasks.waitForAll()
                }
            }
            #expect(try await rig.send(post("/", "{}")).status == 200)
        }
    }

    @Test(
        "a function that speaks nonsense is a bad gateway",
        arguments: [
            "nonsense\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        ]
    )
    func badUpstream(answer: String) async throws {
        try await Rig.with(function: { _ in [.text(answer), .close] }) { rig async throws in
            #expect(try await rig.send(post("/", "{}")).status == 502)
            #expect(try await eventually { rig.agent?.ends.first?.outcome == .crashed })
        }
    }
}

/// Numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
