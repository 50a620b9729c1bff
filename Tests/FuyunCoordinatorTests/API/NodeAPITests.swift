import FuyunPolicy
import FuyunProtocol
import FuyunStore
import HTTPTypes
import NIOCore
import Settings
import Testing

@testable import FuyunCoordinator

@Suite("The API for nodes")
struct NodeAPITests {
    @Test("a batch is stored once, however often it comes")
    func batches() async throws {
        try await Rig.with { rig in
            let path = "/v1/nodes/a/observations"
            let first = try await rig.send(.post, path, Rig.batch(1...3))
            #expect(first.status == 200)
            #expect(first.json?["stored"]?.number == 3)
            let again = try await rig.send(.post, path, Rig.batch(2...4))
            #expect(again.json?["stored"]?.number == 1)
            #expect(again.json?["duplicates"]?.number == 2)
            #expect(again.json?["sampling"]?["default"]?.number == 1)
            // The same numbers of another node, or of another spool, are other observations.
            #expect(
                try await rig.send(.post, "/v1/nodes/b/observations", Rig.batch(1...1)).json?["stored"]?.number == 1
            )
            #expect(try await rig.send(.post, path, Rig.batch(1...1, epoch: 8)).json?["stored"]?.number == 1)
            #expect(try await rig.send(.post, path, Rig.batch(1...1, epoch: 8)).json?["duplicates"]?.number == 1)
            #expect(try await rig.store.observations(of: "guest/f", limit: 100).count == 6)
            #expect(try await rig.send(.get, "/v1/functions/guest%2Ff").json?["observations"]?.number == 6)
        }
    }

    @Test(
        "a batch that is not what the protocol says is refused whole, and nothing is stored",
        arguments: [
            ("", "bad_request"), ("{", "bad_request"), ("[]", "bad_request"),
            (#"{"schema":"fuyun.observations/v2","epoch":1,"observations":[]}"#, "bad_schema"),
            (#"{"schema":"fuyun.observations/v1","observations":[]}"#, "bad_request"),
            (Rig.batch(1...2).replacing("success", with: "fine"), "bad_request"),
            (Rig.batch(1...2) + "x", "bad_request"), (String(Rig.batch(1...2).dropLast(3)), "bad_request"),
        ]
    )
    func badBatches(body: String, code: String) async throws {
        try await Rig.with { rig in
            let answer = try await rig.send(.post, "/v1/nodes/a/observations", body)
            #expect(answer.status == 400)
            #expect(answer.errorCode == code, "\(answer.body)")
            #expect(try await rig.store.function("guest/f") == nil)
        }
    }

    @Test("a bad record is named by its place")
    func badRecord() async throws {
        try await Rig.with { rig in
            let bad = Rig.batch(2...2).replacing("success", with: "fine")
            let record = bad.split(separator: "[", maxSplits: 1)[1]
            let body = String(Rig.batch(1...1).dropLast(3)) + "," + record
            let answer = try await rig.send(.post, "/v1/nodes/a/observations", body)
            #expect(answer.status == 400)
            #expect(answer.body.contains("[1]") && answer.body.contains("outcome"), "\(answer.body)")
        }
    }

    @Test("a body that is too large is refused before it is read, with or without its length")
    func tooLarge() async throws {
        try await Rig.with { rig in
            let large = String(repeating: " ", count: (8 << 20) + 1)
            let answer = try await rig.send(.post, "/v1/nodes/a/observations", large)
            #expect(answer.status == 413)
            #expect(answer.errorCode == "too_large")
            #expect(answer.headers[.connection] == "close")
            let document = String(repeating: " ", count: (1 << 20) + 1)
            #expect(try await rig.send(.post, "/v1/functions/f/policies", document).status == 413)
        }
    }

    @Test("a poll is answered at once when there is something, and at its end when there is nothing")
    func poll() async throws {
        try await Rig.with { rig in
            let full = try await rig.send(.get, "/v1/nodes/a/policies")
            #expect(full.json?["schema"]?.text == "fuyun.policies/v1")
            #expect(full.json?["full"]?.flag == true)
            let revision = Int(try #require(full.json?["revision"]?.number))
            let start = ContinuousClock.now
            let nothing = try await rig.send(.get, "/v1/nodes/a/policies?after=\(revision)&wait=1")
            #expect(ContinuousClock.now - start >= .milliseconds(900))
            #expect(nothing.json?["revision"]?.number == Double(revision))
            #expect(nothing.json?["full"]?.flag == false)
            #expect(nothing.json?["functions"]?.elements.isEmpty == true)
            // A revision of another store, newer than any here, is answered with everything.
            #expect(try await rig.send(.get, "/v1/nodes/a/policies?after=99999&wait=30").json?["full"]?.flag == true)
            for query in ["after=-1", "after=x", "wait=61", "wait=-1"] {
                #expect(try await rig.send(.get, "/v1/nodes/a/policies?\(query)").status == 400)
            }
        }
    }

    @Test("every poll that waits is woken by a change, of a policy, a switch or a grant")
    func wake() async throws {
        try await Rig.with { rig in
            try await rig.send(.put, "/v1/functions/guest%2Ff")
            let steps: [(HTTPRequest.Method, String, String, String)] = [
                (.post, "/v1/functions/guest%2Ff/policies", Rig.policy(), "fuyun.policy/v1"),
                (.post, "/v1/functions/guest%2Ff/policies/1/activate", "", #""status":"active""#),
                (.put, "/v1/functions/guest%2Ff", #"{"preset_bytes":1048576}"#, #""preset_bytes":1048576"#),
                (.patch, "/v1/functions/guest%2Ff/switches", #"{"excluded":true}"#, #""mode_cap":"observe""#),
                (.patch, "/v1/switches", #"{"mode_cap":"shadow"}"#, #""mode_cap":"shadow""#),
                (.delete, "/v1/functions/guest%2Ff", "", #""policies":[]"#),
            ]
            for (method, path, body, expected) in steps {
                let revision = try await rig.store.policyChanges(after: nil).revision
                let polls = (0..<20).map { node in
                    Task { try await rig.send(.get, "/v1/nodes/n\(node)/policies?after=\(revision)&wait=60") }
                }
                #expect(try await rig.eventually { rig.metrics.registry.page().contains("policy_polls_waiting 20") })
                let start = ContinuousClock.now
                let answer = try await rig.send(method, path, body)
                #expect((200...204).contains(answer.status), "\(answer.body)")
                for poll in polls {
                    let answer = try await poll.value
                    let text = answer.body.replacing(" ", with: "")
                    #expect(text.contains(expected), "\(path): \(answer.body)")
                }
                #expect(ContinuousClock.now - start < .seconds(10))
            }
        }
    }

    @Test("a node is remembered with what it said")
    func nodes() async throws {
        try await Rig.with { rig in
            let version = try #require(HTTPField.Name("Fuyun-Agent-Version"))
            try await rig.send(.get, "/v1/nodes/a/policies?after=0", headers: [version: "1.2.3"])
            try await rig.send(.post, "/v1/nodes/b/observations", Rig.batch(1...2))
            #expect(
                try await rig.eventually {
                    let nodes = try await rig.send(.get, "/v1/nodes").json?["nodes"]?.elements ?? []
                    return nodes.first { $0["node"]?.text == "a" }?["agent_version"]?.text == "1.2.3"
                        && nodes.first { $0["node"]?.text == "b" }?["observations"]?.number == 2
                }
            )
        }
    }

    @Test("with tokens a node gets its own, an operator everything, and nobody else anything")
    func tokens() async throws {
        try await Rig.with(guarded: true) { rig in
            let batch = Rig.batch(1...1)
            for (token, path, status) in [
                (nil, "/v1/nodes/a/observations", 401), ("wrong-token-0123456789", "/v1/nodes/a/observations", 401),
                (Rig.otherToken, "/v1/nodes/a/observations", 403), (Rig.nodeToken, "/v1/nodes/zzz/observations", 403),
                (Rig.nodeToken, "/v1/functions/f/policies", 403), (nil, "/v1/functions/f/policies", 401),
            ] {
                let answer = try await rig.send(.post, path, batch, token: token)
                #expect(answer.status == status, "\(path)")
                #expect((answer.headers[.wwwAuthenticate] != nil) == (status == 401))
            }
            #expect(try await rig.store.function("guest/f") == nil)
            #expect(try await rig.send(.post, "/v1/nodes/a/observations", batch, token: Rig.nodeToken).status == 200)
            #expect(try await rig.send(.post, "/v1/nodes/z/observations", batch, token: Rig.anyNodeToken).status == 200)
            #expect(
                try await rig.send(.post, "/v1/nodes/z/observations", batch, token: Rig.operatorToken).status == 200
            )
            for path in ["/healthz", "/readyz", "/openapi.json", "/metrics"] {
                #expect(try await rig.send(.get, path).status == 200)
            }
            #expect(try await rig.send(.get, "/v1/status").status == 401)
            #expect(try await rig.send(.get, "/v1/status", token: Rig.operatorToken).status == 200)
        }
    }

    @Test("tokens are exchanged by a reload, and kept when the new ones are no good")
    func reload() async throws {
        try await Rig.with(guarded: true) { rig in
            let assignments = [
                "tokens.nodes_file=\(rig.folder)/nodes", "tokens.operators_file=\(rig.folder)/operators",
            ]
            func reload() async {
                await rig.coordinator.reload { () throws(ConfigurationErrors) in try Rig.configuration(assignments) }
            }
            try Rig.write("fresh-token-0123456789\n", to: "\(rig.folder)/operators")
            await reload()
            #expect(try await rig.send(.get, "/v1/status", token: Rig.operatorToken).status == 401)
            #expect(try await rig.send(.get, "/v1/status", token: "fresh-token-0123456789").status == 200)
            try Rig.write("short\n", to: "\(rig.folder)/operators")
            await reload()
            #expect(try await rig.send(.get, "/v1/status", token: "fresh-token-0123456789").status == 200)
            #expect(rig.metrics.registry.page().contains("fuyun_coordinator_reloads_refused_total 1"))
        }
    }
}
