import FuyunClient
import FuyunProtocol
import FuyunTestSupport
import MemoryUnits
import NIOCore
import Synchronization
import Testing

@Suite("Who may ask for what")
struct CallerTests {
    private static let payload = ByteBuffer(string: #"{"n":60000000}"#)

    @Test("a container that names another one only ever moves its own limit")
    func otherContainerNamed() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f", container: .path("/" + Fixture.second)),
                payload: Self.payload
            )
            #expect(try fixture.limit(of: Fixture.second) == "\(Fixture.ceiling.rawValue)")
            #expect(try fixture.limit(of: Fixture.first) == "100663296")
            _ = try await connection.end(begun.id)
        }
    }

    @Test("a container cannot end another one's call")
    func otherContainersCall() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            fixture.call(from: Fixture.second)
            let stranger = try fixture.connect()
            await #expect { try await stranger.end(begun.id) } throws: {
                ($0 as? ErrorAnswer)?.code == .unknownInvocation
            }
            #expect(try fixture.limit() == "100663296")
            _ = try await connection.end(begun.id)
        }
    }

    @Test(
        "a caller that is no managed container is told so",
        arguments: [
            "system.slice/sshd.service", "user.slice", "",
        ]
    )
    func stranger(path: String) async throws {
        try await Fixture.with("stranger") { fixture in
            fixture.call(from: path)
            let connection = try fixture.connect()
            await #expect { _ = try await connection.begin(BeginRequest(function: "guest/f")) } throws: {
                ($0 as? ErrorAnswer)?.code == .notAContainer
            }
        }
    }

    @Test("a process deep inside a container is that container")
    func insideContainer() async throws {
        try await Fixture.with { fixture in
            try fixture.tree.add(Fixture.first + "/init.scope")
            fixture.call(from: Fixture.first + "/init.scope")
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect(try fixture.limit() == "100663296")
            _ = try await connection.end(begun.id)
        }
    }

    @Test("a second function's name gets no policy in the same container")
    func functionShopping() async throws {
        let policies = ["f.json": Fixture.policy(), "g.json": Fixture.policy("guest/g")]
        try await Fixture.with(policies: policies) { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            _ = try await connection.end(begun.id)
            let other = try await connection.begin(BeginRequest(function: "guest/g"), payload: Self.payload)
            #expect(!other.applied)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            _ = try await connection.end(other.id)
        }
    }

    @Test(
        "on the platform's socket the container is named, by id, prefix or path",
        arguments: [
            ContainerReference.id(String(repeating: "ab", count: 32)), .id("abababababab"), .path("/" + Fixture.scope),
            .path("/" + Fixture.first),
        ]
    )
    func platform(reference: ContainerReference) async throws {
        try await Fixture.with("platform") { fixture in
            let connection = try fixture.connect("platform")
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f", container: reference),
                payload: Self.payload
            )
            #expect(begun.limit == Bytes(100_663_296))
            #expect(try fixture.limit() == "100663296")
            _ = try await connection.end(begun.id)
        }
    }

    @Test(
        "a container that nobody knows is refused on the platform's socket",
        arguments: [
            (.id("0123456789ab"), .unknownContainer), (.path("/machine.slice"), .unknownContainer),
            (.path("/system.slice/sshd.service"), .unknownContainer), (nil, .badRequest),
        ] as [(ContainerReference?, ErrorAnswer.Code)]
    )
    func unknownContainer(reference: ContainerReference?, code: ErrorAnswer.Code) async throws {
        try await Fixture.with("unknown container") { fixture in
            let connection = try fixture.connect("platform")
            await #expect {
                _ = try await connection.begin(BeginRequest(function: "guest/f", container: reference))
            } throws: { ($0 as? ErrorAnswer)?.code == code }
        }
    }

    @Test(
        "each socket answers what is its own",
        arguments: [
            ("admin", ClientRequest.Method.post, "/v1/invocations", 403),
            ("admin", .post, "/v1/invocations/00000001-1/end", 403),
            ("function", .get, "/v1/status", 403), ("platform", .get, "/metrics", 403),
            ("function", .get, "/v1/invocations", 405), ("admin", .post, "/v1/status", 405),
            ("admin", .get, "/nothing", 404), ("function", .post, "/v1/invocations/zz/end", 404),
            ("admin", .get, "/v1/invocations/00000001-1/explain", 404),
        ]
    )
    func wrongSocket(socket: String, method: ClientRequest.Method, target: String, status: Int) async throws {
        try await Fixture.with("wrong socket") { fixture in
            let response = try await fixture.connect(socket).send(
                ClientRequest(method, target, headers: [("Fuyun-Function", "guest/f")])
            )
            #expect(response.status == status)
        }
    }

    @Test("a container's process is not listened to on the platform's and the operator's sockets")
    func containedCallers() async throws {
        try await Fixture.with("contained callers") { fixture in
            fixture.caller.isEverywhere.withLock { $0 = true }
            for (socket, request) in [
                ("admin", ClientRequest(.get, "/v1/status")), ("admin", ClientRequest(.get, "/healthz")),
                ("platform", ClientRequest(.post, "/v1/invocations", headers: [("Fuyun-Function", "guest/f")])),
            ] {
                let response = try await fixture.connect(socket).send(request)
                #expect(response.status == 403)
                #expect(String(buffer: response.body).contains("wrong_socket"))
            }
        }
    }

    @Test("an invoker that runs in a container is listened to where the operator says so")
    func containedInvoker() async throws {
        try await Fixture.with("contained invoker", settings: ["server.containers_as_platform=true"]) { fixture in
            fixture.caller.isEverywhere.withLock { $0 = true }
            let response = try await fixture.connect("platform").send(
                ClientRequest(.post, "/v1/invocations", headers: [("Fuyun-Function", "guest/f")])
            )
            #expect(response.status == 400)
            #expect(try await fixture.connect("admin").send(ClientRequest(.get, "/v1/status")).status == 403)
        }
    }

    @Test(
        "bad headers are named",
        arguments: [
            ([], "missing_function"), ([("Fuyun-Function", "a b")], "bad_function"),
            ([("Fuyun-Function", "f"), ("Fuyun-Deadline", "soon")], "bad_request"),
            ([("Fuyun-Function", "f"), ("Fuyun-Payload-Length", "-1")], "bad_request"),
            ([("Fuyun-Function", "f"), ("Fuyun-Function", "g")], "bad_request"),
        ] as [([(String, String)], String)]
    )
    func badHeaders(headers: [(String, String)], code: String) async throws {
        try await Fixture.with("bad headers") { fixture in
            let response = try await fixture.connect().send(
                ClientRequest(.post, "/v1/invocations", headers: headers.map { (name: $0.0, value: $0.1) })
            )
            #expect(try response.refusal().code.rawValue == code)
        }
    }

    @Test("one container cannot take all connections")
    func connectionBound() async throws {
        try await Fixture.with(settings: ["server.connections_per_peer=2"]) { fixture in
            let (one, two) = (try fixture.connect(), try fixture.connect())
            let first = try await one.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            let second = try await two.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            await #expect(throws: ClientFailure.self) {
                _ = try await fixture.connect().begin(BeginRequest(function: "guest/f"))
            }
            fixture.call(from: Fixture.second)
            let other = try fixture.connect()
            let third = try await other.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            for (connection, id) in [(one, first.id), (two, second.id), (other, third.id)] {
                _ = try await connection.end(id)
            }
        }
    }
}
