import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunShim
import FuyunTestSupport
import NIOCore
import Synchronization
import Testing

@Suite("Invocations through the shim", .serialized)
struct InvocationTests {
    @Test("the agent hears of a call before the function, and of its end afterwards")
    func order() async throws {
        try await Rig.with(function: { _ in [.sleep(.milliseconds(20))] + ok("fine") }) { rig async throws in
            for number in 0..<3 {
                let call = post("/", #"{"width":1280}"#, headers: "X-Request-Id: call-\(number)\r\n")
                #expect(try await rig.send(call).status == 200)
            }
            let agent = try #require(rig.agent)
            #expect(try await eventually { agent.ends.count == 3 })
            let begin = try #require(agent.begins.first)
            #expect(begin.header("Fuyun-Function") == "guest/f" && begin.header("Fuyun-Activation") == "call-0")
            #expect(begin.header("Content-Length") == "14" && String(buffer: begin.body) == #"{"width":1280}"#)
            #expect(Deadline(begin.header("Fuyun-Deadline") ?? "") != nil)
            let end = try #require(agent.ends.first)
            #expect(end.outcome == .success && end.httpStatus == 200 && end.exitStatus == nil)
            #expect(end.function == "guest/f" && end.activation == "call-0")
            #expect(try #require(end.duration) >= .milliseconds(20))
            // One connection, and no call begins before the last has ended.
            #expect(agent.connections.opened == 1)
            #expect(
                agent.targets
                    == (1...3).flatMap { ["/v1/invocations", "/v1/invocations/6650f1a2-\($0)/end"] }
            )
        }
    }

    @Test(
        "ends are told as the answers were",
        arguments: [
            (200, "/", "{}", .success), (404, "/", "{}", .success), (500, "/", "{}", .error), (504, "/", "", .timeout),
            (200, "/run", "{}", .success), (200, "/run", #"{"error":"x"}"#, .error),
            (400, "/run", #"{"error":"command exited"}"#, .crashed),
            (502, "/run", #"{"error":"no dictionary"}"#, .error),
        ] as [(Int, String, String, EndRequest.Outcome)]
    )
    func outcomes(status: Int, path: String, answer: String, outcome: EndRequest.Outcome) async throws {
        try await Rig.with(configure: { $0.platform = .openwhisk }, function: { _ in ok(answer, status: status) }) {
            rig async throws in
            #expect(try await rig.send(post(path, "{}")).status == status)
            #expect(try await eventually { rig.agent?.ends.first?.outcome == outcome })
            #expect(rig.agent?.ends.first?.httpStatus == status)
        }
    }

    @Test("a function that dies before it answers is 502 and crashed")
    func diesBeforeAnswer() async throws {
        try await Rig.with(function: { _ in [.close] }) { rig async throws in
            let response = try await rig.send(post("/", "{}"))
            #expect(response.status == 502 && response.isWhole)
            #expect(try await eventually { rig.agent?.ends.first?.outcome == .crashed })
        }
    }

    @Test(
        "a function that dies within its answer breaks the client's connection too",
        arguments: [
            "Content-Length: 100\r\n\r\npart", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
            "Transfer-Encoding: chunked\r\n\r\n",
        ]
    )
    func diesWithinAnswer(answer: String) async throws {
        try await Rig.with(function: { _ in [.text("HTTP/1.1 200 OK\r\n" + answer), .sleep(.milliseconds(20)), .close] }
        ) { rig async throws in
            let response = try await rig.send(post("/", "{}"))
            #expect(response.status == 200 && !response.isWhole)
            #expect(try await eventually { rig.agent?.ends.first?.outcome == .crashed })
            #expect(rig.agent?.ends.first?.httpStatus == 200)
        }
    }

    @Test("a client that leaves ends the call, at the function too")
    func clientLeaves() async throws {
        try await Rig.with(function: { _ in [] }) { rig async throws in
            try await rig.connect { connection async throws in
                try await connection.send(post("/", "{}"))
                #expect(try await eventually { rig.upstream.requests.count == 1 })
            }
            #expect(try await eventually { rig.agent?.ends.first?.outcome == .timeout })
            #expect(try await eventually { rig.upstream.closedCount == 1 })
        }
    }

    @Test("a client that leaves while the agent thinks never reaches the function")
    func clientLeavesEarly() async throws {
        let hasLeft = Flag()
        try await Rig.with(reaction: { _ in .answerOnce { hasLeft.isRaised } }) {
            rig async throws in
            try await rig.connect { connection async throws in
                try await connection.send(post("/", "{}"))
                #expect(try await eventually { rig.agent?.begins.count == 1 })
            }
            // Noticed, once the connection that was kept ready for the call is gone too.
            #expect(try await eventually { rig.upstream.closedCount == 1 })
            hasLeft.raise()
            #expect(try await eventually { rig.agent?.ends.count == 1 })
            #expect(rig.agent?.ends.first?.outcome == nil && rig.upstream.requests.isEmpty)
        }
    }

    @Test("OpenWhisk: /init names the function and is no invocation, /run is one")
    func openWhisk() async throws {
        let environment = ["__OW_API_HOST": "http://localhost"]
        try await Rig.with(
            configure: {
                $0.function = nil
                $0.environment = environment
            },
            function: { _ in ok("{}") }
        ) { rig async throws in
            let initialization = #"{"value":{"name":"f","env":{"__OW_ACTION_NAME":"/guest/pkg/f"}}}"#
            #expect(try await rig.send(post("/init", initialization)).status == 200)
            #expect(rig.agent?.begins.isEmpty == true)
            let run =
                #"{"value":{"width":1},"action_name":"/guest/pkg/g","activation_id":"abc","deadline":"1769000000123"}"#
            #expect(try await rig.send(post("/run", run)).status == 200)
            #expect(try await rig.send(post("/run", #"{"value":{}}"#)).status == 200)
            let begins = try #require(rig.agent?.begins)
            #expect(begins.map { $0.header("Fuyun-Function") } == ["guest/pkg/g", "guest/pkg/f"])
            #expect(begins.map { $0.header("Fuyun-Activation") } == ["abc", nil])
            #expect(String(buffer: begins[0].body) == run)
        }
    }

    @Test("calls at once have connections of their own, of which eight are kept")
    func concurrency() async throws {
        try await Rig.with(function: { _ in [.sleep(.milliseconds(100))] + ok("fine") }) { rig async throws in
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<20 { tasks.addTask { try await rig.send(post("/", "{}")).status } }
                for try await status in tasks { #expect(status == 200) }
            }
            let agent = try #require(rig.agent)
            #expect(try await eventually { agent.ends.count == 20 })
            #expect(try await eventually { agent.connections.opened - agent.connections.closed <= 8 })
            #expect(try await rig.shim.counts().failedOpen == 0)
        }
    }

    @Test("an agent that restarts during a call still hears of its end")
    func restart() async throws {
        let path = Rig.socketPath()
        let first = try await StubAgent.start(at: path, on: Rig.group) { request in
            request.target == "/v1/invocations"
                ? .steps([.write(Self.begun), .sleep(.milliseconds(30)), .close]) : .answer
        }
        try await Rig.with(
            reaction: nil,
            configure: { $0.agent = .unix(path) },
            function: { _ in
                [.sleep(.seconds(2))] + ok("fine")
            }
        ) { rig async throws in
            async let response = rig.send(post("/", "{}"))
            #expect(try await eventually { first.connections.closed == 1 })
            try await first.stop()
            let second = try await StubAgent.start(at: path, on: Rig.group)
            #expect(try await response.status == 200)
            #expect(try await eventually { second.ends.first?.function == "guest/f" })
            try await second.stop()
        }
    }

    private static let begun = StubAgent.begun(InvocationID(epoch: 1, sequence: 1), function: "guest/f")
}

@Suite("The small client", .serialized)
struct ClientTests {
    @Test("begins and ends on one connection")
    func beginAndEnd() async throws {
        let path = Rig.socketPath()
        let agent = try await StubAgent.start(at: path, on: Rig.group)
        let connection = ClientConnection(to: .unix(path), on: Rig.eventLoop)
        let begun = try await connection.begin(BeginRequest(function: "f"), payload: ByteBuffer(string: "{}"))
        let ended = try await connection.end(begun.id, EndRequest(outcome: .success))
        #expect(ended.id == begun.id && agent.connections.opened == 1)
        connection.close()
        try await agent.stop()
    }

    @Test("throws refusals, and says why there is no answer")
    func failures() async throws {
        let path = Rig.socketPath()
        let agent = try await StubAgent.start(at: path, on: Rig.group) { request in
            request.target == "/slow" ? .silence : .refuse(ErrorAnswer(.overloaded, "later"))
        }
        let connection = ClientConnection(to: .unix(path), on: Rig.eventLoop)
        await #expect(throws: ErrorAnswer(.overloaded, "later")) {
            try await connection.begin(BeginRequest(function: "f"))
        }
        connection.close()
        await #expect(throws: ClientFailure.timedOut) {
            try await ClientRequest(.get, "/slow").send(
                to: .unix(path),
                on: Rig.eventLoop,
                deadline: .milliseconds(30)
            )
        }
        await #expect(throws: ClientFailure.unreachable("No such file or directory")) {
            try await ClientRequest(.get, "/").send(to: .unix(path + ".not"), on: Rig.eventLoop)
        }
        await #expect(throws: ClientFailure.tooLarge) {
            try await ClientRequest(.get, "/").send(to: .unix(path), on: Rig.eventLoop, maximumBodySize: 3)
        }
        try await agent.stop()
    }
}

/// Something that has happened, or not yet.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }

    func raise() { value.store(true, ordering: .relaxed) }
}
