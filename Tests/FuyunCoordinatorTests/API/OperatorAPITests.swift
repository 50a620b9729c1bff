import FuyunPolicy
import FuyunProtocol
import FuyunStore
import HTTPTypes
import Testing

@testable import FuyunCoordinator

@Suite("The API for operators")
struct OperatorAPITests {
    @Test("a function is registered, changed, listed, read and removed")
    func functions() async throws {
        try await Rig.with { rig in
            let body = #"{"runtime":"python:3.11","preset_bytes":268435456,"tier_bytes":1048576}"#
            let created = try await rig.send(.put, "/v1/functions/guest%2Fvideo", body)
            #expect(created.status == 201)
            #expect(created.json?["function"]?.text == "guest/video")
            #expect(created.json?["preset_bytes"]?.number == 268_435_456)
            #expect(try await rig.send(.put, "/v1/functions/guest%2Fvideo", body).status == 200)
            #expect(try await rig.send(.put, "/v1/functions/b").status == 201)
            let list = try await rig.send(.get, "/v1/functions?limit=1")
            #expect(list.json?["functions"]?.elements.count == 1)
            #expect(list.json?["next"]?.text == "b")
            let rest = try await rig.send(.get, "/v1/functions?after=b")
            #expect(rest.json?["functions"]?.elements.first?["function"]?.text == "guest/video")
            #expect(try await rig.send(.get, "/v1/functions/guest%2Fvideo").json?["runtime"]?.text == "python:3.11")
            #expect(try await rig.send(.delete, "/v1/functions/guest%2Fvideo").status == 204)
            for method in [HTTPRequest.Method.get, .delete] {
                let gone = try await rig.send(method, "/v1/functions/guest%2Fvideo")
                #expect(gone.status == 404)
                #expect(gone.errorCode == "not_found")
            }
        }
    }

    @Test("a version goes up the ladder and back, and everything about it can be read")
    func ladder() async throws {
        try await Rig.with { rig in
            let path = "/v1/functions/guest%2Ff"
            #expect(try await rig.send(.post, "\(path)/policies", Rig.policy()).status == 404)
            try await rig.send(.put, path)
            let first = try await rig.send(.post, "\(path)/policies", Rig.policy())
            #expect(first.status == 201)
            #expect(first.json?["status"]?.text == "shadow")
            #expect(try await rig.send(.get, path).json?["candidate_status"]?.text == "shadow")
            let second = try await rig.send(.post, "\(path)/policies", Rig.policy(status: "draft", base: 50_000_000))
            #expect(second.json?["version"]?.number == 2)

            let active = try await rig.send(.post, "\(path)/policies/1/activate", #"{"reason":"tried by hand"}"#)
            #expect(active.status == 200)
            #expect(active.json?["active_version"]?.number == 1)
            let pinned = try await rig.send(.post, "\(path)/policies/2/activate", #"{"pin":true}"#)
            #expect(pinned.json?["active_version"]?.number == 2)
            #expect(try await rig.send(.get, path).json?["pinned_version"]?.number == 2)
            #expect(try await rig.send(.post, "\(path)/policies/2/retire").status == 409)
            #expect(try await rig.send(.post, "\(path)/rollback").status == 409)
            #expect(
                try await rig.send(.patch, "\(path)/switches", #"{"pinned_version":null,"never_lower":true}"#).json?[
                    "never_lower"
                ]?.flag == true
            )
            #expect(try await rig.send(.patch, "\(path)/switches", #"{"pinned_version":1}"#).status == 409)
            let back = try await rig.send(.post, "\(path)/rollback", #"{"reason":"too much"}"#)
            #expect(back.status == 200)
            #expect(back.json?["active_version"]?.number == 1)
            #expect(try await rig.send(.post, "\(path)/policies/1/retire").json?["active_version"]?.number == nil)

            let list = try await rig.send(.get, "\(path)/policies")
            #expect(list.json?["policies"]?.elements.map { $0["version"]?.number } == [2, 1])
            let whole = try await rig.send(.get, "\(path)/policies/2")
            #expect(whole.json?["document"]?["logic"]?["coefficients"]?["base"]?.number == 50_000_000)
            let diff = try await rig.send(.get, "\(path)/policies/1/diff?to=2")
            let changed = diff.json?["changes"]?.elements.compactMap { $0["path"]?.text } ?? []
            #expect(changed.contains("$.logic.coefficients.base"))
            #expect(!changed.contains("$.logic.terms.n"))
            #expect(try await rig.send(.get, "\(path)/policies/3").status == 404)
            #expect(try await rig.send(.get, "\(path)/policies/1/diff").status == 400)
            let report = try await rig.send(.post, "\(path)/tune?dry_run=true")
            #expect(report.status == 200)
            #expect(report.json?["decision"]?.text != nil)
        }
    }

    @Test("a document that is no policy, not this function's, or beyond shadow is refused with what is wrong")
    func badPolicies() async throws {
        try await Rig.with { rig in
            try await rig.send(.put, "/v1/functions/guest%2Ff")
            for (document, path) in [
                ("{", "$"), ("{}", "$.schema"), (Rig.policy("other"), "$.metadata.policy_id"),
                (Rig.policy(status: "active"), "$.metadata.status"),
            ] {
                let answer = try await rig.send(.post, "/v1/functions/guest%2Ff/policies", document)
                #expect(answer.status == 422)
                #expect(answer.errorCode == "bad_policy")
                let paths = answer.json?["error"]?["diagnostics"]?.elements.compactMap { $0["path"]?.text }
                #expect(paths?.contains(path) == true, "\(answer.body)")
            }
            #expect(try await rig.store.function("guest/f")?.newestVersion == 0)
        }
    }

    @Test("the switches of all functions are read and changed, one by one")
    func switches() async throws {
        try await Rig.with { rig in
            #expect(try await rig.send(.get, "/v1/switches").json?["mode_cap"]?.text == "enforce")
            let changed = try await rig.send(.patch, "/v1/switches", #"{"mode_cap":"observe"}"#)
            #expect(changed.json?["mode_cap"]?.text == "observe")
            #expect(changed.json?["tuning"]?.flag == true)
            for body in ["", "[]", #"{"mode":"observe"}"#, #"{"mode_cap":"none"}"#] {
                #expect(try await rig.send(.patch, "/v1/switches", body).status == 400)
            }
            #expect(try await rig.send(.get, "/v1/switches").json?["mode_cap"]?.text == "observe")
        }
    }

    @Test("events are a page for those who ask for JSON, and a stream for the others")
    func events() async throws {
        try await Rig.with { rig in
            try await rig.send(.put, "/v1/functions/f")
            let json: HTTPFields = [.accept: "application/json"]
            let page = try await rig.send(.get, "/v1/events?limit=1", headers: json)
            #expect(page.json?["events"]?.elements.first?["kind"]?.text == "function.registered")
            let newest = try #require(page.json?["events"]?.elements.first?["id"]?.number)
            let rest = try await rig.send(.get, "/v1/events?after=\(Int(newest))", headers: json)
            #expect(rest.json?["events"]?.elements.isEmpty == true)

            // The stream ends when the coordinator stops, so it can be read whole.
            let stream = Task { try await rig.send(.get, "/v1/events") }
            #expect(
                try await rig.eventually { rig.metrics.registry.page().contains("fuyun_coordinator_event_streams 1") }
            )
            try await rig.send(.put, "/v1/functions/g")
            try await Task.sleep(for: .milliseconds(50))
            await rig.group.triggerGracefulShutdown()
            let answer = try await stream.value
            #expect(answer.headers[.contentType] == "text/event-stream")
            #expect(answer.body.contains("event: function.registered\ndata: {"))
            #expect(answer.body.contains(#""function":"g""#))
            #expect(!answer.body.contains(#""function":"f""#))
        }
    }

    @Test("health, readiness, metrics, status and the API's document")
    func house() async throws {
        try await Rig.with { rig in
            for path in ["/healthz", "/readyz", "/v1/status", "/v1/nodes"] {
                let answer = try await rig.send(.get, path)
                #expect(answer.status == 200)
                #expect(answer.json != nil)
            }
            #expect(
                try await rig.send(.get, "/metrics").body.contains(
                    "fuyun_coordinator_requests_total{endpoint=\"health\""
                )
            )
            let document = try await rig.send(.get, "/openapi.json")
            #expect(document.headers[.contentType] == "application/json")
            guard case .object(let paths)? = document.json?["paths"]?.content else {
                Issue.record("no document: \(document.body.prefix(200))")
                return
            }
            // Every path that is told of is there.
            for path in paths.map(\.key) {
                let target = path.split(separator: "{").map { $0.split(separator: "}", maxSplits: 1).last ?? "" }
                let plain = path.contains("{") ? target.joined(separator: "1") : path
                let match = try APIRoute.match(method: "GET", segments: RequestTarget(plain).segments)
                #expect(match.0 != .unknown, "\(path)")
            }
        }
    }

    @Test("a path, a method, a number or a page that is not there is refused")
    func refused() async throws {
        try await Rig.with { rig in
            let method = try await rig.send(.post, "/v1/status")
            #expect(method.status == 405)
            #expect(method.headers[.allow] == "GET")
            #expect(try await rig.send(.get, "/v1/nothing").status == 404)
            #expect(try await rig.send(.get, "/v1/functions?limit=1001").status == 400)
            #expect(try await rig.send(.get, "/v1/functions/a%20b").status == 400)
            #expect(try await rig.send(.head, "/healthz").body.isEmpty)
            let foreign = try await rig.send(.delete, "/v1/functions/f", headers: [.origin: "https://example.org"])
            #expect(foreign.status == 403)
        }
    }
}
