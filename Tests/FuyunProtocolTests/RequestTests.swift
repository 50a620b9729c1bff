import FuyunProtocol
import NIOCore
import Testing

@Suite("Begin requests")
struct BeginRequestTests {
    private static let identifier = String(repeating: "0123456789abcdef", count: 4)

    @Test("read back as they were written")
    func roundTrip() throws {
        let request = BeginRequest(
            function: "guest/video-watermark",
            activation: "44794bd6aab74415b4e42a308d880727",
            deadline: Deadline(nanosecondsSinceEpoch: 1_769_000_000_123_250_000),
            payloadLength: 104_857_600,
            container: .id(Self.identifier)
        )
        #expect(try BeginRequest(headers: request.headers) == request)
        #expect(try BeginRequest(headers: BeginRequest(function: "f").headers) == BeginRequest(function: "f"))
    }

    @Test("names are compared without regard to case, and other fields are none of its business")
    func names() throws {
        let fields = [
            ("Host", "x"), ("FUYUN-FUNCTION", "f"), ("fuyun-activation", "a"), ("Fuyun-Future", "?"), ("Fuyun", ""),
        ]
        let request = try BeginRequest(headers: fields.map { (name: $0.0, value: $0.1) })
        #expect(request == BeginRequest(function: "f", activation: "a"))
    }

    @Test(
        "take what is a function's name",
        arguments: ["f", "guest/f", "ns/pkg/action", "a.b_c-d@e:f/0", String(repeating: "x", count: 256)]
    )
    func functions(name: String) throws {
        #expect(try BeginRequest(headers: [("Fuyun-Function", name)]).function == name)
    }

    @Test(
        "are refused with a code",
        arguments: [
            ([], .missingFunction), ([("Fuyun-Function", "")], .badFunction),
            ([("Fuyun-Function", "a b")], .badFunction),
            ([("Fuyun-Function", "é")], .badFunction), ([("Fuyun-Function", "a;b")], .badFunction),
            ([("Fuyun-Function", String(repeating: "x", count: 257))], .badFunction),
            ([("Fuyun-Function", "a"), ("fuyun-function", "a")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Activation", "")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Activation", "a b")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Activation", String(repeating: "x", count: 129))], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Deadline", "soon")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Payload-Length", "-1")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Payload-Length", "+1")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Payload-Length", "18446744073709551616")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Payload-Length", "")], .badRequest),
            ([("Fuyun-Function", "a"), ("Fuyun-Container", "0123456789a")], .badRequest),
        ] as [([(String, String)], ErrorAnswer.Code)]
    )
    func bad(headers: [(String, String)], code: ErrorAnswer.Code) {
        let fields = headers.map { (name: $0.0, value: $0.1) }
        #expect(refusal { () throws(ErrorAnswer) in _ = try BeginRequest(headers: fields) } == code)
    }

    @Test(
        "name containers by id or path",
        arguments: [
            ("0123456789ab", .id("0123456789ab")), ("0123456789AB", .id("0123456789ab")),
            (identifier, .id(identifier)), ("/system.slice/docker-1.scope", .path("/system.slice/docker-1.scope")),
            ("system.slice/a", .path("/system.slice/a")), ("/a", .path("/a")), ("/a/b\\x2dc", .path("/a/b\\x2dc")),
        ] as [(String, ContainerReference)]
    )
    func containers(text: String, reference: ContainerReference) { #expect(ContainerReference(text) == reference) }

    @Test(
        "name no containers by anything else",
        arguments: [
            "", "/", "abc", "0123456789ab.scope", "/a//b", "/a/", "/a/../b", "/./a", "//a", "/a\u{0}b", "/a\nb",
            "/" + String(repeating: "x", count: 256), String(repeating: "/a", count: 2049),
        ]
    )
    func notContainers(text: String) { #expect(ContainerReference(text) == nil) }
}

@Suite("End requests")
struct EndRequestTests {
    @Test("read back as they were written")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<1_000 {
            let request = EndRequest(
                outcome: EndRequest.Outcome.allCases.randomElement(using: &generator),
                exitStatus: Bool.random(using: &generator) ? Int.random(in: 0...255, using: &generator) : nil,
                httpStatus: Bool.random(using: &generator) ? Int.random(in: 100...599, using: &generator) : nil,
                duration: .microseconds(Int64.random(in: 0...3_600_000_000, using: &generator)),
                function: Bool.random(using: &generator) ? "guest/f" : nil,
                activation: Bool.random(using: &generator) ? "abc" : nil
            )
            var body = ByteBuffer()
            request.write(into: &body)
            #expect(try EndRequest(headers: request.headers, body: body) == request)
        }
    }

    @Test(
        "may say nothing, or more than is known",
        arguments: ["", "{}", #"{"outcome":null,"exit_status":null}"#, #"{"future":{"a":[1,2]}}"#]
    )
    func empty(body: String) throws {
        #expect(try EndRequest(headers: [], body: ByteBuffer(string: body)) == EndRequest())
    }

    @Test(
        "are refused",
        arguments: [
            "x", "[]", "{", #"{"outcome":"fine"}"#, #"{"outcome":1}"#, #"{"exit_status":256}"#, #"{"exit_status":-1}"#,
            #"{"exit_status":1.5}"#, #"{"exit_status":"1"}"#, #"{"http_status":99}"#, #"{"duration_ms":-1}"#,
            #"{"duration_ms":1e300}"#, #"{"duration_ms":"1"}"#, "{} {}",
            "{\"x\":\"" + String(repeating: "y", count: 4096) + "\"}",
        ]
    )
    func bad(body: String) {
        let buffer = ByteBuffer(string: body)
        #expect(refusal { () throws(ErrorAnswer) in _ = try EndRequest(headers: [], body: buffer) } == .badRequest)
    }

    @Test("check the names that they repeat")
    func names() {
        let body = ByteBuffer()
        #expect(
            refusal { () throws(ErrorAnswer) in _ = try EndRequest(headers: [("Fuyun-Function", "a b")], body: body) }
                == .badFunction
        )
        #expect(
            refusal { () throws(ErrorAnswer) in _ = try EndRequest(headers: [("Fuyun-Activation", "")], body: body) }
                == .badRequest
        )
    }
}
