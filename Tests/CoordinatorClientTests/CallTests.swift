import CoordinatorClient
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import Testing

@Suite("Calls to the coordinator")
struct CallTests {
    private static let policies =
        #"{"schema":"fuyun.policies/v1","revision":7,"full":true,"mode_cap":"enforce","functions":[]}"#

    @Test("for policies say which node asks, what it has and how long it waits")
    func policies() async throws {
        let stub = try await StubCoordinator { _, _ in .json(Self.policies) }
        let directory = TemporaryDirectory()
        let token = directory.write("s3cret-token\n", to: "token")
        try await withClient("http://127.0.0.1:\(stub.port)/", tokenFile: token) { client in
            let first = try await client.policies(node: "node 1", after: nil, wait: .seconds(30))
            #expect(first == PoliciesAnswer(revision: 7, isFull: true))
            _ = try await client.policies(node: "n", after: 7, wait: .seconds(900))
        }
        #expect(
            stub.requests.map(\.line) == [
                "GET /v1/nodes/node%201/policies?wait=30 HTTP/1.1", "GET /v1/nodes/n/policies?wait=60&after=7 HTTP/1.1",
            ]
        )
        let headers = try #require(stub.requests.first?.headers)
        #expect(headers["authorization"] == "Bearer s3cret-token")
        #expect(headers["fuyun-agent-version"] == FuyunVersion.text)
        #expect(headers["accept-encoding"] == nil)
        await stub.stop()
    }

    @Test("that bring shapes of payloads are made once")
    func shapes() async throws {
        let stub = try await StubCoordinator { _, _ in .json("{}") }
        let body = ShapesBody(functions: [.init(function: "guest/f", shape: .of(Array("{}".utf8)))])
        try await withClient("http://127.0.0.1:\(stub.port)") { client in
            try await client.send(shapes: body, node: "n1")
        }
        let request = try #require(stub.requests.first)
        #expect(request.line == "POST /v1/nodes/n1/shapes HTTP/1.1")
        #expect(request.body == String(buffer: body.body))
        await stub.stop()
    }

    @Test("about drafts, shapes and observations go where they belong")
    func drafts() async throws {
        let stub = try await StubCoordinator { _, _ in
            .json(#"{"id":3,"function":"guest/f","state":"open","drafts":[]}"#)
        }
        try await withClient("http://127.0.0.1:\(stub.port)") { client in
            let draft = try await client.answer(to: .draft("guest/f", ByteBuffer(string: "{}"), isDryRun: true))
            #expect(draft.id == 3 && draft.state == .open)
            _ = try await client.answer(to: .draft(of: "guest/f", id: 3))
            #expect(try await client.answer(to: .drafts(of: "guest/f", limit: 5)).elements.isEmpty)
            #expect(try await client.answer(to: .shape(of: "guest/f")).shape == nil)
            _ = try await client.raw(.observations(of: "guest/f", limit: 7))
        }
        #expect(
            stub.requests.map(\.line) == [
                "POST /v1/functions/guest%2Ff/drafts?dry_run=true HTTP/1.1",
                "GET /v1/functions/guest%2Ff/drafts/3 HTTP/1.1",
                "GET /v1/functions/guest%2Ff/drafts?limit=5 HTTP/1.1", "GET /v1/functions/guest%2Ff/shapes HTTP/1.1",
                "GET /v1/functions/guest%2Ff/observations?limit=7 HTTP/1.1",
            ]
        )
        #expect(stub.requests.last?.headers["accept"] == "application/x-ndjson")
        await stub.stop()
    }

    @Test("that bring observations say what became of them")
    func observations() async throws {
        let stub = try await StubCoordinator { _, _ in
            .json(#"{"stored":1,"duplicates":2,"sampling":{"default":0.5,"functions":{"guest/f":1}}}"#)
        }
        var writer = ObservationBatchWriter(epoch: 3)
        writer.append(sequence: 1, observation: Array("{}".utf8))
        let body = writer.finish()
        let answer = try await withClient("http://127.0.0.1:\(stub.port)") { client in
            try await client.send(observations: body, node: "n1")
        }
        #expect(
            answer
                == ObservationsAnswer(
                    stored: 1,
                    duplicates: 2,
                    sampling: .init(standard: 0.5, functions: ["guest/f": 1])
                )
        )
        let request = try #require(stub.requests.first)
        #expect(request.line == "POST /v1/nodes/n1/observations HTTP/1.1")
        #expect(request.headers["content-length"] == "\(body.readableBytes)")
        #expect(request.headers["authorization"] == nil)
        #expect(request.body == String(buffer: body))
        await stub.stop()
    }

    @Test("of operators name functions as one segment")
    func operators() async throws {
        let stub = try await StubCoordinator { request, _ in
            switch request.line.split(separator: " ").first {
            case "DELETE": .pieces(["HTTP/1.1 204 No Content\r\n\r\n"])
            default: .json(#"{"function":"guest/f"}"#)
            }
        }
        try await withClient("http://127.0.0.1:\(stub.port)/fuyun") { client in
            var registration = CoordinatorAPI.Registration()
            registration.preset = .mebibytes(256)
            let function = try await client.answer(to: .register("guest/f:1@x", registration))
            #expect(function == CoordinatorAPI.Function(name: "guest/f"))
            var change = CoordinatorAPI.FunctionSwitchesChange()
            change.pin = .none
            _ = try await client.answer(to: .change(change, of: "f"))
            try await client.perform(.remove("guest/f"))
            #expect(String(buffer: try await client.raw(.function("f"))) == #"{"function":"guest/f"}"#)
        }
        #expect(
            stub.requests.map(\.line) == [
                "PUT /fuyun/v1/functions/guest%2Ff%3A1%40x HTTP/1.1", "PATCH /fuyun/v1/functions/f/switches HTTP/1.1",
                "DELETE /fuyun/v1/functions/guest%2Ff HTTP/1.1", "GET /fuyun/v1/functions/f HTTP/1.1",
            ]
        )
        #expect(stub.requests[1].body == #"{"pinned_version":null}"#)
        await stub.stop()
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var reply: StubCoordinator.Reply
        var code: CoordinatorError.Code
        var isWorthRetrying = false
        var words: String
    }

    static let bad: [Bad] = [
        Bad(testDescription: "no JSON", reply: .json("hello"), code: .badAnswer, words: "is that a coordinator"),
        Bad(testDescription: "other JSON", reply: .json("{}"), code: .badAnswer, words: "the key schema"),
        Bad(testDescription: "empty", reply: .json(""), code: .badAnswer, words: "cut"),
        Bad(
            testDescription: "another schema",
            reply: .json(policies.replacing("policies/v1", with: "policies/v9")),
            code: .badAnswer,
            words: "fuyun.policies/v1"
        ),
        Bad(
            testDescription: "no HTTP",
            reply: .closing("SSH-2.0-OpenSSH_9.6\r\n"),
            code: .badAnswer,
            words: "speak HTTP"
        ),
        Bad(
            testDescription: "another web server",
            reply: .closing("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
            code: .refused,
            words: "is that a coordinator"
        ),
        Bad(
            testDescription: "moved",
            reply: .json("", status: 302, headers: ["Location: https://elsewhere/"]),
            code: .badAnswer,
            words: "https://elsewhere/"
        ),
        Bad(
            testDescription: "wrong token",
            reply: .json(#"{"error":{"code":"unauthorized","message":"no such token"}}"#, status: 401),
            code: .unauthorized,
            words: "no such token"
        ),
        Bad(
            testDescription: "another node",
            reply: .json(#"{"error":{"code":"forbidden","message":"the token is for n2"}}"#, status: 403),
            code: .forbidden,
            words: "for n2"
        ),
        Bad(
            testDescription: "overloaded",
            reply: .json(#"{"error":{"code":"overloaded","message":"later"}}"#, status: 503),
            code: .refused,
            isWorthRetrying: true,
            words: "503: later"
        ),
        Bad(
            testDescription: "a proxy without its server",
            reply: .json("<html>", status: 502),
            code: .refused,
            isWorthRetrying: true,
            words: "502"
        ),
        Bad(
            testDescription: "closed at once",
            reply: .closing(""),
            code: .unreachable,
            isWorthRetrying: true,
            words: "closed"
        ),
        Bad(
            testDescription: "closed half-way",
            reply: .closing("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"schema\""),
            code: .unreachable,
            isWorthRetrying: true,
            words: "closed"
        ),
        Bad(
            testDescription: "announced to be too large",
            reply: .pieces(["HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n{"]),
            code: .tooLarge,
            words: "67108864"
        ),
        Bad(
            testDescription: "a refusal without end",
            reply: .pieces(
                ["HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n"]
                    + Array(repeating: "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n", count: 20)
            ),
            code: .tooLarge,
            words: "1048576"
        ),
    ]

    @Test("with a bad answer fail and say why", arguments: bad)
    func badAnswers(row: Bad) async throws {
        let stub = try await StubCoordinator { _, _ in row.reply }
        let error = try await withClient("http://127.0.0.1:\(stub.port)") { client in
            await failure { () throws(CoordinatorError) in try await client.policies(node: "n", after: 1, wait: .zero) }
        }
        let found = try #require(error)
        #expect(found.code == row.code)
        #expect(found.isWorthRetrying == row.isWorthRetrying)
        #expect(found.description.contains(row.words), "\(found)")
        #expect(found.message.contains("http://127.0.0.1:\(stub.port)"))
        await stub.stop()
    }

    @Test("that are refused keep all that was said")
    func refusal() async throws {
        let stub = try await StubCoordinator { _, _ in
            .json(
                #"{"error":{"code":"bad_policy","message":"m","diagnostics":[{"path":"$.a","code":"c","message":"x"}]}}"#,
                status: 422
            )
        }
        let error = try await withClient("http://127.0.0.1:\(stub.port)") { client in
            await failure { () throws(CoordinatorError) in
                try await client.answer(to: .add(ByteBuffer(string: "{}"), to: "f"))
            }
        }
        #expect(error?.isOfContent == true)
        #expect(
            error?.refusal
                == .init(
                    status: 422,
                    code: "bad_policy",
                    message: "m",
                    findings: [.init(path: "$.a", code: "c", message: "x")]
                )
        )
        await stub.stop()
    }

    @Test("to nobody fail at once")
    func nobody() async throws {
        let stub = try await StubCoordinator { _, _ in .silence }
        let port = stub.port
        await stub.stop()
        let error = try await withClient("http://127.0.0.1:\(port)") { client in
            await failure { () throws(CoordinatorError) in try await client.answer(to: .status()) }
        }
        #expect(error?.code == .unreachable)
        #expect(error?.isWorthRetrying == true)
        #expect(error?.description.contains("Connection refused") == true, "\(String(describing: error))")
    }

    @Test("to a host that is not there say so")
    func noHost() async throws {
        let error = try await withClient("http://no-such-host.invalid") { client in
            await failure { () throws(CoordinatorError) in try await client.answer(to: .status()) }
        }
        #expect(error?.code == .unreachable)
        #expect(error?.description.contains("no-such-host.invalid") == true, "\(String(describing: error))")
    }

    @Test("end at their deadline, also in the middle of an answer")
    func deadline() async throws {
        for reply in [
            StubCoordinator.Reply.silence, .pieces(["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]),
        ] {
            let stub = try await StubCoordinator { _, _ in reply }
            let error = try await withClient("http://127.0.0.1:\(stub.port)", answerTimeout: .milliseconds(200)) {
                client in
                await failure { () throws(CoordinatorError) in
                    try await client.policies(node: "n", after: 1, wait: .zero)
                }
            }
            #expect(error?.code == .timeout)
            #expect(error?.isWorthRetrying == true)
            await stub.stop()
        }
    }

    @Test("can be cancelled, also in the middle of an answer")
    func cancellation() async throws {
        for reply in [
            StubCoordinator.Reply.silence, .pieces(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]),
        ] {
            let stub = try await StubCoordinator { _, _ in reply }
            try await withClient("http://127.0.0.1:\(stub.port)") { client in
                let task = Task {
                    await failure { () throws(CoordinatorError) in
                        try await client.policies(node: "n", after: 1, wait: .seconds(60))
                    }
                }
                for _ in 0..<500 where stub.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
                try await Task.sleep(for: .milliseconds(20))
                task.cancel()
                #expect(await task.value?.code == .cancelled)
            }
            await stub.stop()
        }
    }

    @Test("are repeated once when the kept connection was closed meanwhile, unless they may not be")
    func closedConnection() async throws {
        let stub = try await StubCoordinator { _, number in number == 2 ? .closing("") : .json(Self.policies) }
        try await withClient("http://127.0.0.1:\(stub.port)") { client in
            _ = try await client.policies(node: "n", after: 1, wait: .zero)
            _ = try await client.policies(node: "n", after: 1, wait: .zero)
        }
        #expect(stub.requests.count == 3)
        await stub.stop()
        let other = try await StubCoordinator { _, _ in .closing("") }
        let error = try await withClient("http://127.0.0.1:\(other.port)") { client in
            await failure { () throws(CoordinatorError) in try await client.answer(to: .tune("f", isDryRun: false)) }
        }
        #expect(error?.code == .unreachable)
        #expect(other.requests.count == 1)
        await other.stop()
    }

    @Test("follow events, wherever the stream is cut")
    func events() async throws {
        var stream = ByteBuffer(string: EventStream.heartbeat)
        let sent = (1...3).map { id in
            CoordinatorAPI.Event(
                id: Int64(id),
                time: 5,
                kind: "policy.activated",
                function: "guest/f",
                message: "é \(id)"
            )
        }
        for event in sent { EventStream.append(event, to: &stream) }
        let text = String(buffer: stream)
        for size in [1, 7, text.utf8.count] {
            var pieces = ["HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"]
            var rest = Array(text.utf8)[...]
            // Cut between characters, for the stub sends strings; cuts within one are tested elsewhere.
            while !rest.isEmpty {
                var end = min(rest.startIndex + size, rest.endIndex)
                while end < rest.endIndex, rest[end] & 0xC0 == 0x80 { end += 1 }
                pieces.append(String(decoding: rest[..<end], as: UTF8.self))
                rest = rest[end...]
            }
            let stub = try await StubCoordinator { [pieces] _, _ in .pieces(pieces) }
            try await withClient("http://127.0.0.1:\(stub.port)") { client in
                var got: [CoordinatorAPI.Event] = []
                try await client.follow(after: 0) { event in
                    got.append(event)
                    return got.count < 3
                }
                #expect(got == sent)
            }
            #expect(stub.requests.first?.line == "GET /v1/events?after=0 HTTP/1.1")
            #expect(stub.requests.first?.headers["accept"] == "text/event-stream")
            await stub.stop()
        }
    }

    @Test("for events need a stream")
    func noStream() async throws {
        let stub = try await StubCoordinator { _, _ in .json("{}") }
        let error = try await withClient("http://127.0.0.1:\(stub.port)") { client in
            await failure { () throws(CoordinatorError) in try await client.follow(after: nil) { _ in true } }
        }
        #expect(error?.code == .badAnswer)
        await stub.stop()
    }
}
