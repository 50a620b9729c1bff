import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import HTTPTypes
import MemoryUnits
import Testing

@testable import FuyunCoordinator

@Suite("The API of drafts and shapes")
struct DraftAPITests {
    private static let shape = #"{"payloads":3,"leaves":[{"pointer":"/n","kind":"number","range":[1,1024],"count":3}]}"#

    private static func shapes(_ function: String = "guest/f", _ shape: String = DraftAPITests.shape) -> String {
        #"{"schema":"fuyun.shapes/v1","functions":[{"function":"\#(function)","shape":\#(shape)}]}"#
    }

    @Test("what nodes see of payloads is merged, told, and enough for a draft without a model")
    func shapesAndLibrary() async throws {
        try await Rig.with { rig in
            let path = "/v1/functions/guest%2Ff"
            #expect(try await rig.send(.get, "\(path)/shapes").status == 404)
            let sent = try await rig.send(.post, "/v1/nodes/a/shapes", Self.shapes())
            #expect(sent.status == 204 && sent.body.isEmpty, "\(sent)")
            let seen = try await rig.send(.get, "\(path)/shapes")
            #expect(seen.json?["shape"]?["leaves"]?.elements.first?["pointer"]?.text == "/n")
            #expect(seen.json?["changed_ms"]?.number != nil)

            let draft = try await rig.send(.post, "\(path)/drafts?wait=20")
            #expect(draft.status == 200, "\(draft.body)")
            #expect(draft.json?["state"]?.text == "done")
            #expect(draft.json?["summary"]?.text?.contains("No model was asked") == true)
            #expect(draft.json?["versions"]?.elements.first?.number == 1)
            let id = Int(try #require(draft.json?["id"]?.number))
            let read = try await rig.send(.get, "\(path)/drafts/\(id)")
            #expect(read.json?["draft"]?.kind == "an object")
            let list = try await rig.send(.get, "\(path)/drafts")
            #expect(list.json?["drafts"]?.elements.map { $0["id"]?.number } == [Double(id)])
            #expect(list.json?["drafts"]?.elements.first?["draft"]?.kind == "null")
            #expect(try await rig.send(.get, "\(path)/policies/1").json?["status"]?.text == "shadow")
            #expect(try await rig.send(.get, "\(path)/policies/1").json?["author"]?.text == "drafter")

            let later = try await rig.send(.post, "\(path)/drafts?dry_run=true")
            #expect(later.status == 202)
            #expect(later.json?["state"]?.text == "open")
            let second = Int(try #require(later.json?["id"]?.number))
            let ended = try await rig.send(.get, "\(path)/drafts/\(second)?wait=20")
            #expect(ended.json?["state"]?.text == "done")
            #expect(ended.json?["versions"]?.elements.isEmpty == true)
            #expect(try await rig.send(.get, "\(path)/drafts?before=\(second)").json?["drafts"]?.elements.count == 1)
            let page = try await rig.send(.get, "/metrics").body
            #expect(page.contains(#"fuyun_coordinator_drafts_total{cause="operator",outcome="library"} 2"#))
        }
    }

    @Test("bodies that are not what they must be are refused, and nothing is stored")
    func refused() async throws {
        try await Rig.with { rig in
            try await rig.send(.put, "/v1/functions/f")
            for (body, status) in [
                ("", 400), ("[]", 400), ("{}", 400), (#"{"schema":"fuyun.shapes/v2","functions":[]}"#, 400),
                (#"{"schema":"fuyun.shapes/v1","functions":[],"more":1}"#, 400), (Self.shapes("no name"), 400),
                (Self.shapes(".."), 400), (Self.shapes("f", "{}"), 400),
                (Self.shapes("f", #"{"payloads":1,"leaves":[{"pointer":"/n","kind":"secret","count":1}]}"#), 400),
                (String(repeating: " ", count: 1 << 20 + 1), 413),
            ] {
                let answer = try await rig.send(.post, "/v1/nodes/a/shapes", body)
                #expect(answer.status == status, "\(body.prefix(80)): \(answer.body.prefix(200))")
            }
            for (target, body, status) in [
                ("/v1/functions/f/drafts", "{", 400), ("/v1/functions/f/drafts", "[]", 400),
                ("/v1/functions/f/drafts", #"{"more":1}"#, 400), ("/v1/functions/f/drafts?wait=61", nil, 400),
                ("/v1/functions/f/drafts?dry_run=perhaps", nil, 400), ("/v1/functions/g/drafts", nil, 404),
                ("/v1/functions/f/drafts", String(repeating: " ", count: 1 << 20 + 1), 413),
            ] as [(String, String?, Int)] {
                let answer = try await rig.send(.post, target, body)
                #expect(answer.status == status, "\(target) \(body?.prefix(80) ?? ""): \(answer.body.prefix(200))")
            }
            #expect(try await rig.send(.get, "/v1/functions/f/drafts/1").status == 404)
            #expect(try await rig.send(.get, "/v1/functions/f/drafts/0").status == 400)
            #expect(try await rig.send(.get, "/v1/functions/f/drafts/x").status == 400)
            #expect(try await rig.store.drafts(of: "f", before: nil, limit: 9).isEmpty)
            #expect(try await rig.store.shape(of: "f") == nil)
        }
    }

    @Test("drafting is for operators, shapes are for the node that sends them")
    func access() async throws {
        try await Rig.with(guarded: true) { rig in
            try await rig.send(.put, "/v1/functions/f", token: Rig.operatorToken)
            for (method, target) in [
                (.post, "/v1/functions/f/drafts"), (.get, "/v1/functions/f/drafts"), (.get, "/v1/functions/f/drafts/1"),
                (.get, "/v1/functions/f/shapes"), (.get, "/v1/functions/f/observations"),
            ] as [(HTTPRequest.Method, String)] {
                #expect(try await rig.send(method, target).status == 401)
                #expect(try await rig.send(method, target, token: Rig.nodeToken).status == 403)
            }
            #expect(try await rig.send(.post, "/v1/nodes/a/shapes", Self.shapes()).status == 401)
            #expect(try await rig.send(.post, "/v1/nodes/a/shapes", Self.shapes(), token: Rig.otherToken).status == 403)
            #expect(try await rig.send(.post, "/v1/nodes/a/shapes", Self.shapes(), token: Rig.nodeToken).status == 204)
        }
    }

    @Test("observations are exported a line each, newest first, as agents write them")
    func observations() async throws {
        try await Rig.with { rig in
            #expect(try await rig.send(.post, "/v1/nodes/a/observations", Rig.batch(1...5)).status == 200)
            let all = try await rig.send(.get, "/v1/functions/guest%2Ff/observations")
            #expect(all.headers[.contentType] == "application/x-ndjson")
            let lines = all.body.split(separator: "\n")
            #expect(lines.count == 5)
            let records = lines.compactMap { try? JSONDocument.parse(Array($0.utf8)).root }
            #expect(records.map { $0["features"]?["n"]?.number } == [5, 4, 3, 2, 1])
            #expect(records.allSatisfy { $0["schema"]?.text == "fuyun.observation/v1" })
            let two = try await rig.send(.get, "/v1/functions/guest%2Ff/observations?limit=2")
            #expect(two.body.split(separator: "\n").count == 2)
            #expect(try await rig.send(.get, "/v1/functions/guest%2Ff/observations?limit=10001").status == 400)
            #expect(try await rig.send(.get, "/v1/functions/g/observations").status == 404)
        }
    }
}
