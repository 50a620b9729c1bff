import NIOCore
import Testing

@testable import FuyunAgent

@Suite("Requests are read strictly, however they are cut")
struct RequestReaderTests {
    /// What a reader finds in the pieces: each request in one line, and whether it gave up.
    private static func read(_ pieces: [[UInt8]]) -> (requests: [String], isMalformed: Bool) {
        var reader = RequestReader()
        var requests: [String] = []
        var head = ""
        var body: [UInt8] = []
        for piece in pieces {
            reader.receive(ByteBuffer(bytes: piece))
            do throws(MalformedRequest) {
                while let part = try reader.next() {
                    switch part {
                    case .head(let found):
                        let fields = found.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                        head = "\(found.method) \(found.target) [\(fields)] \(found.keepsAlive ? "stays" : "closes")"
                        body = []
                    case .body(let bytes): body += bytes.readableBytesView
                    case .end: requests.append("\(head) {\(String(decoding: body, as: UTF8.self))}")
                    }
                }
            } catch {
                return (requests, true)
            }
        }
        return (requests, false)
    }

    private static func read(_ text: String) -> (requests: [String], isMalformed: Bool) { read([Array(text.utf8)]) }

    @Test(
        "what is a request",
        arguments: [
            ("GET /healthz HTTP/1.1\r\n\r\n", "get /healthz [] stays {}"),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", "get / [] stays {}"),
            ("GET /?a=b HTTP/1.0\r\n\r\n", "get /?a=b [] closes {}"),
            ("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n", "get / [Connection=x, Keep-Alive] stays {}"),
            ("GET / HTTP/1.1\r\nconnection:\tclose \r\n\r\n", "get / [connection=close] closes {}"),
            ("GET / HTTP/1.1\r\nA:\r\nB: x y \r\n\r\n", "get / [A=,B=x y] stays {}"),
            ("PUT / HTTP/1.1\r\n\r\n", "other / [] stays {}"),
            ("POST / HTTP/1.1\r\ncontent-length: 02\r\n\r\nab", "post / [content-length=02] stays {ab}"),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=\"b\"\r\nab\r\n0A\r\ncdefghijkl\r\n000\r\nT: r\r\n\r\n",
                "post / [Transfer-Encoding=Chunked] stays {abcdefghijkl}"
            ),
        ]
    )
    func accepted(text: String, request: String) {
        let (requests, isMalformed) = Self.read(text)
        #expect(requests == [request])
        #expect(!isMalformed)
    }

    @Test(
        "what is none",
        arguments: [
            "GARBAGE\r\n\r\n", "GET /\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
            "GET / http/1.1\r\n\r\n",
            "GET /\u{7F} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
            "G(T / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
            "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\nA\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \u{7F}\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
            "POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na",
            "POST / HTTP/1.1\r\nContent-Length: 1234567890123456789\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1234567890123456\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT\r\n\r\n",
            "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 65) + "\r\n",
            "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 9000) + "\r\n\r\n",
            "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 17_000),
        ]
    )
    func refused(text: String) {
        let (requests, isMalformed) = Self.read(text)
        #expect(requests == [])
        #expect(isMalformed)
    }

    @Test("how requests are cut into pieces changes nothing, damaged ones included", arguments: [1, 2, 3] as [UInt64])
    func pieces(seed: UInt64) {
        var random = SplitMix(state: seed)
        let sound = [
            "POST /v1/invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{\"n\":1}",
            "\r\nGET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n",
            "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: r\r\n\r\n",
        ].map { Array($0.utf8) }
        let odds = ["\r\n", "\n", "\r", ":", " ", "\t", "0", "chunked", "Content-Length: 3\r\n", "\u{0}", "é"].map {
            Array($0.utf8)
        }
        for _ in 0..<5000 {
            var bytes = (0..<3).flatMap { _ in sound[Int.random(in: sound.indices, using: &random)] }
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: odds[Int.random(in: odds.indices, using: &random)], at: place)
                }
            }
            let most = [1, 3, 40].randomElement(using: &random) ?? 1
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...most, using: &random))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let (whole, cut) = (Self.read([bytes]), Self.read(pieces))
            #expect(whole.requests == cut.requests && whole.isMalformed == cut.isMalformed)
        }
    }
}
