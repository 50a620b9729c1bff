import FuyunAgent
import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import NIOCore
import Testing

@Suite("What operators see")
struct AdminTests {
    private func json(_ text: String) throws -> JSONValue { try JSONDocument.parse(Array(text.utf8)).root }

    @Test("the status page is JSON with what an operator looks for first")
    func status() async throws {
        try await Fixture.with { fixture in
            let status = try json(try await fixture.page("/v1/status"))
            guard case .string(FuyunVersion.text) = status["version"]?.content else {
                Issue.record("no version")
                return
            }
            for key in ["epoch", "uptime_seconds", "ready", "kernel", "counts", "policies", "sockets"] {
                #expect(status[key] != nil, "\(key)")
            }
            guard case .number(2) = status["counts"]?["containers"]?.content else {
                Issue.record("not two containers")
                return
            }
            #expect(try await fixture.page("/readyz") == "ok\n")
        }
    }

    @Test("a call is explained while it runs and after its end, and an unknown one is not")
    func explain() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f", activation: "secret"),
                payload: ByteBuffer(string: #"{"n":60000000}"#)
            )
            let running = try json(try await fixture.page("/v1/invocations/\(begun.id)/explain"))
            #expect(running["state"]?.text == "running")
            #expect(running["begin"]?["decision"]?["features"]?["n"] != nil)
            _ = try await connection.end(begun.id, EndRequest(outcome: .success))
            let ended = try json(try await fixture.page("/v1/invocations/\(begun.id)/explain"))
            #expect(ended["state"]?.text == "ended")
            #expect(ended["observation"]?["outcome"]?.text == "success")
            #expect(ended["cgroup"]?.text == "/" + Fixture.first)
            let response = try await fixture.connect("admin").send(
                ClientRequest(.get, "/v1/invocations/\(InvocationID(epoch: 1, sequence: 1))/explain")
            )
            #expect(response.status == 404)
        }
    }

    @Test("the lists are JSON and name functions and containers")
    func lists() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/unknown"),
                payload: ByteBuffer(string: "{}")
            )
            let functions = try await fixture.page("/v1/functions")
            _ = try json(functions)
            #expect(functions.contains(#""function":"guest/f""#))
            #expect(functions.contains(#""function":"guest/unknown","invocations":1"#))
            let containers = try await fixture.page("/v1/containers")
            _ = try json(containers)
            #expect(containers.contains(#""function":"guest/unknown","ceiling_bytes":536870912"#))
            _ = try await connection.end(begun.id)
        }
    }

    @Test("the metrics page of a fresh agent, as a whole")
    func metricsPage() async throws {
        try await Fixture.with { fixture in
            let page = try await fixture.page("/metrics")
            #expect(page == metricsGolden)
        }
    }

    @Test("functions beyond the bound share one series")
    func functionSeries() async throws {
        try await Fixture.with(settings: ["metrics.functions=2"]) { fixture in
            let connection = try fixture.connect("platform")
            for name in ["a", "b", "c", "d"] {
                let begun = try await connection.begin(
                    BeginRequest(function: name, container: .path("/" + Fixture.first))
                )
                _ = try await connection.end(begun.id)
            }
            let page = try await fixture.page("/metrics")
            #expect(page.contains(#"fuyun_function_invocations_total{function="a"} 1"#))
            #expect(page.contains(#"fuyun_function_invocations_total{function="other"} 2"#))
            #expect(!page.contains(#"{function="c"}"#))
        }
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = content { text } else { nil } }
}
