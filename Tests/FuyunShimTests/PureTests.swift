import FuyunClient
import FuyunProtocol
import NIOCore
import NIOHTTP1
import Testing

@testable import FuyunShim

@Suite("Names of calls")
struct CallNamingTests {
    private func naming(
        _ environment: [String: String] = [:],
        platform: Platform = .auto,
        function: String? = nil
    ) -> CallNaming {
        var configuration = ShimConfiguration(
            listen: .internet(address: "127.0.0.1", port: 0),
            upstream: .internet(address: "127.0.0.1", port: 1),
            environment: environment
        )
        configuration.platform = platform
        configuration.function = function
        return CallNaming(configuration)
    }

    private func head(_ method: String, _ uri: String, _ headers: HTTPHeaders = [:]) -> HTTPRequestHead {
        HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: uri, headers: headers)
    }

    @Test(
        "come from the environment",
        arguments: [
            ([:], nil, .auto), (["K_SERVICE": "resize"], "resize", .knative),
            (["K_SERVICE": "resize", "POD_NAMESPACE": "guest"], "guest/resize", .knative),
            (["FUYUN_FUNCTION": "a/b", "K_SERVICE": "resize"], "a/b", .knative),
            (["FN_NAME": "fn", "FN_APP_NAME": "app"], "app/fn", .auto),
            (["FN_FN_ID": "01D", "FN_APP_ID": "02"], "02/01D", .auto),
            (["OPENFAAS_NAME": "figlet"], "figlet", .auto), (["__OW_API_HOST": "http://x"], nil, .openwhisk),
            (["FUYUN_FUNCTION": "my action é"], "my_action__", .auto), (["FUYUN_FUNCTION": ""], nil, .auto),
        ] as [([String: String], String?, Platform)]
    )
    func environment(variables: [String: String], name: String?, platform: Platform) {
        #expect(naming(variables).staticName == name)
        #expect(naming(variables).platform == platform)
    }

    @Test(
        "of activations come from the first header that has one",
        arguments: [
            (["X-Request-Id": "a", "Fn-Call-Id": "b"], "a"), (["Fn-Call-Id": "b", "X-Call-Id": "c"], "b"),
            (["X-Call-Id": "c", "ce-id": "d"], "c"), (["ce-id": "d"], "d"),
            (
                ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
                "0af7651916cd43dd8448eb211c80319c"
            ),
            (["traceparent": "00-short-b7ad6b7169203331-01"], nil), (["X-Request-Id": "a b", "X-Call-Id": "c"], "c"),
            (["X-Request-Id": ""], nil), ([:], nil),
        ] as [([String: String], String?)]
    )
    func activations(headers: [String: String], activation: String?) {
        #expect(CallNaming.activation(HTTPHeaders(headers.map { ($0.key, $0.value) })) == activation)
    }

    @Test(
        "are looked for in calls only",
        arguments: [
            ("POST", "/", [:], .invocation), ("PUT", "/x", [:], .invocation), ("PATCH", "/", [:], .invocation),
            ("GET", "/", [:], .other), ("HEAD", "/", [:], .other), ("DELETE", "/", [:], .other),
            ("OPTIONS", "/", [:], .other),
            ("POST", "/", ["K-Network-Probe": "queue"], .other), ("POST", "/", ["K-Kubelet-Probe": "1"], .other),
            ("POST", "/", ["User-Agent": "kube-probe/1.33"], .other), ("POST", "/_/health", [:], .other),
            ("POST", "/_/ready?x", [:], .other), ("POST", "/healthz", [:], .other),
        ] as [(String, String, [String: String], CallKind)]
    )
    func kinds(method: String, uri: String, headers: [String: String], kind: CallKind) {
        var naming = naming(function: "f")
        let head = head(method, uri, HTTPHeaders(headers.map { ($0.key, $0.value) }))
        #expect(naming.mayBeCall(head) == (kind != .other))
        #expect(naming.details(head, payload: ByteBuffer()).kind == kind)
    }

    @Test("come from OpenWhisk's /run")
    func run() {
        var naming = naming(["__OW_API_HOST": "x"])
        let body = #"""
            {"value":{"action_name":"no","deep":[[{"a":"\"}"}]]},"namespace":"guest","action_name":"/guest/pkg/resize it",
             "activation_id":"44794bd6","deadline":"1769000000123","api_key":"secret"}
            """#
        let details = naming.details(head("POST", "/run"), payload: ByteBuffer(string: body))
        #expect(
            details
                == CallDetails(
                    kind: .invocation,
                    function: "guest/pkg/resize_it",
                    activation: "44794bd6",
                    deadline: Deadline(nanosecondsSinceEpoch: 1_769_000_000_123_000_000),
                    isOpenWhisk: true
                )
        )
    }

    @Test("come from OpenWhisk's /init when /run is cut before its name")
    func initialization() {
        var naming = naming(["__OW_API_HOST": "x"])
        let body = #"""
            {"value":{"name":"short","main":"main","binary":false,"code":"\#(String(repeating: "x", count: 100_000))",
             "env":{"__OW_ACTION_NAME":"/guest/resize","__OW_NAMESPACE":"guest"}}}
            """#
        #expect(naming.details(head("POST", "/init"), payload: ByteBuffer(string: body)).kind == .initialization)
        let details = naming.details(head("POST", "/run"), payload: ByteBuffer(string: #"{"value":{"x":"aaaa"#))
        #expect(details.kind == .invocation && details.function == "guest/resize" && details.isOpenWhisk)
    }

    @Test(
        "of OpenWhisk's /init",
        arguments: [
            (#"{"value":{"name":"f"}}"#, "f"),
            (#"{"value":{"env":{"__OW_ACTION_NAME":"f","__OW_NAMESPACE":"ns"}}}"#, "ns/f"),
            (#"{"value":{"env":{"__OW_ACTION_NAME":"/ns/f"},"name":"x"}}"#, "ns/f"), (#"{"value":{}}"#, nil), ("", nil),
            ("nonsense", nil), (#"{"value":{"name":1}}"#, nil), (#"{"value":{"name":"f","code":"cut"#, "f"),
        ] as [(String, String?)]
    )
    func initializations(body: String, name: String?) {
        #expect(OpenWhiskInitialization(ByteBuffer(string: body), strict: false)?.function == name)
    }

    @Test("without evidence, /init and /run are OpenWhisk's only when they look like it")
    func auto() {
        var naming = naming(function: nil)
        #expect(naming.details(head("POST", "/init"), payload: ByteBuffer(string: #"{"a":1}"#)).kind == .invocation)
        #expect(!naming.details(head("POST", "/run"), payload: ByteBuffer(string: #"{"value":{}}"#)).isOpenWhisk)
        let call = ByteBuffer(string: #"{"value":{},"activation_id":"a","action_name":"/g/f"}"#)
        let details = naming.details(head("POST", "/run"), payload: call)
        #expect(details.isOpenWhisk && details.function == "g/f" && details.activation == "a")
        var plain = self.naming(platform: .plain, function: "f")
        #expect(!plain.details(head("POST", "/run"), payload: call).isOpenWhisk)
    }

    @Test("given by hand win")
    func given() {
        var naming = naming(["__OW_API_HOST": "x", "K_SERVICE": "k"], function: "mine")
        let call = ByteBuffer(string: #"{"value":{},"activation_id":"a","action_name":"/g/f"}"#)
        #expect(naming.details(head("POST", "/run"), payload: call).function == "mine")
    }

    @Test("10,000-deep parameters do not hide what follows")
    func deep() {
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        let run = OpenWhiskRun(ByteBuffer(string: #"{"value":\#(deep),"action_name":"/g/f"}"#), strict: false)
        #expect(run?.function == "g/f")
    }
}

@Suite("Outcomes of calls")
struct CallOutcomeTests {
    @Test(
        "of OpenWhisk's actions",
        arguments: [
            (200, #"{"ok":1}"#, .success), (200, "{}", .success), (200, "[1]", .success),
            (200, #"{"error":"x"}"#, .error),
            (200, #"{"a":{"error":1}}"#, .success), (200, #"{"a":1,"error":null}"#, .error), (200, "5", .error),
            (200, "", .error), (200, "oops", .error),
            (200, #"{"big":"\#(String(repeating: "x", count: 5000))"#, .success),
            (400, #"{"error":"command exited"}"#, .crashed), (500, #"{"error":"command exited"}"#, .crashed),
            (502, #"{"error":"The action did not return a dictionary."}"#, .error), (403, "{}", .error),
            (503, "", .error),
            (504, "", .timeout), (201, "{}", .error),
        ] as [(Int, String, EndRequest.Outcome)]
    )
    func openWhisk(status: Int, body: String, outcome: EndRequest.Outcome) {
        let prefix = ByteBuffer(string: String(body.prefix(CallOutcome.prefixSize)))
        #expect(CallOutcome.of(status: status, prefix: prefix, isOpenWhisk: true) == outcome)
    }

    @Test(
        "of other servers",
        arguments: [
            (200, .success), (204, .success), (302, .success), (404, .success), (429, .success), (500, .error),
            (502, .error),
            (503, .error), (504, .timeout),
        ] as [(Int, EndRequest.Outcome)]
    )
    func others(status: Int, outcome: EndRequest.Outcome) {
        #expect(CallOutcome.of(status: status, prefix: ByteBuffer(), isOpenWhisk: false) == outcome)
    }
}

@Suite("Parts kept for the agent")
struct KeptPayloadTests {
    @Test("never hold more than the limit, and lose nothing")
    func random() {
        for seed in 0..<200 {
            let limit = seed * 7 % 300
            let size = seed * 13 % 700
            let expected: Int? = seed % 3 == 0 ? nil : size
            var payload = KeptPayload(limit: limit, expected: expected)
            var rest = pattern(size)
            while rest.readableBytes > 0, let part = rest.readSlice(length: min(1 + seed % 97, rest.readableBytes)) {
                payload.append(part)
            }
            #expect(payload.bytes.readableBytes == min(limit, size))
            var whole = payload.bytes
            for var part in payload.beyond { whole.writeBuffer(&part) }
            #expect(whole == pattern(size))
            #expect(payload.isCut(ended: true) == (size > limit))
            #expect(payload.trueSize(ended: true) == (size > limit ? UInt64(size) : nil))
        }
    }

    @Test("of an unknown size that is not at its end are cut")
    func unknownSize() {
        var payload = KeptPayload(limit: 10, expected: nil)
        payload.append(pattern(10))
        #expect(payload.isFull && payload.trueSize(ended: false) == 11 && payload.trueSize(ended: true) == nil)
    }
}

@Suite("Addresses")
struct AddressTests {
    @Test(
        "are refused with words",
        arguments: ["", "8080", "host:80", "unix:", "unix:relative", ":65536", ":-1", "[::1", "1.2.3.4:", "::1"]
    )
    func bad(text: String) {
        #expect(throws: (any Error).self) { try ShimConfiguration(listen: text, upstream: ":1", agent: "unix:/a") }
    }

    @Test(
        "read",
        arguments: [
            (":8080", "0.0.0.0:8080"), ("localhost:1", "127.0.0.1:1"), ("[::1]:1", "[::1]:1"), ("unix:/a", "unix:/a"),
            ("/a", "unix:/a"), ("*:5", "0.0.0.0:5"),
        ]
    )
    func good(text: String, description: String) throws {
        let configuration = try ShimConfiguration(listen: text, upstream: ":1", agent: "unix:/a")
        #expect("\(configuration.listen)" == description)
    }

    @Test("bounds are checked")
    func bounds() throws {
        var configuration = try ShimConfiguration(listen: ":1", upstream: ":1", agent: "unix:/a")
        configuration.agentDeadline = .seconds(60)
        configuration.payloadLimit = -1
        configuration.function = "a b"
        configuration.methods = []
        #expect(configuration.problems().count == 5)
    }
}
