import FuyunProtocol
import Testing

@testable import FuyunCoordinator

@Suite("Routes and targets")
struct RouteTests {
    @Test(
        "a path and a method come to a route",
        arguments: [
            ("GET", "/healthz", .route(.health)), ("GET", "/metrics", .route(.metrics)),
            ("GET", "/v1/nodes/a.b-c/policies?after=1", .route(.nodePolicies(node: "a.b-c"))),
            ("POST", "/v1/nodes/a/observations", .route(.nodeObservations(node: "a"))),
            ("GET", "/v1/functions", .route(.listFunctions)),
            ("PUT", "/v1/functions/guest%2Fvideo", .route(.putFunction("guest/video"))),
            ("PUT", "/v1/functions/guest%2fvideo", .route(.putFunction("guest/video"))),
            ("DELETE", "/v1/functions/f", .route(.deleteFunction("f"))),
            ("GET", "/v1/functions/f/policies/3", .route(.getPolicy("f", version: 3))),
            ("POST", "/v1/functions/f/policies/3/activate", .route(.activate("f", version: 3))),
            ("POST", "/v1/functions/f/tune", .route(.tune("f"))), ("GET", "/v1/status", .route(.status)),
            ("POST", "/v1/functions/f/drafts?dry_run=true", .route(.addDraft("f"))),
            ("GET", "/v1/functions/a%2Ff/drafts/7", .route(.getDraft("a/f", id: 7))),
            ("GET", "/v1/functions/f/shapes", .route(.getShape("f"))),
            ("POST", "/v1/nodes/a/shapes", .route(.nodeShapes(node: "a"))),
            ("POST", "/v1/functions/f/observations", .otherMethods(["GET"])),
            ("POST", "/v1/status", .otherMethods(["GET"])), ("TRACE", "/healthz", .otherMethods(["GET"])),
            ("POST", "/v1/functions/f", .otherMethods(["GET", "PUT", "DELETE"])), ("GET", "/", .nothing),
            ("GET", "/v1", .nothing), ("GET", "/v1/", .nothing), ("GET", "/v2/status", .nothing),
            ("GET", "/v1/status/", .nothing), ("GET", "/v1/functions/guest/video", .nothing),
            ("GET", "/v1/functions/f/policies/3/activate/x", .nothing), ("GET", "/v1/nodes/a/b/c", .nothing),
        ] as [(String, String, APIRoute.Match)]
    )
    func routes(method: String, target: String, match: APIRoute.Match) throws {
        #expect(try APIRoute.match(method: method, segments: RequestTarget(target).segments).1 == match)
    }

    @Test(
        "what cannot be a name, a number or a target is refused",
        arguments: [
            "/v1/functions/", "/v1/functions/..", "/v1/functions/a%20b", "/v1/functions/%ff", "/v1/functions/a%2",
            "/v1/functions/%00", "/v1/functions/f/policies/0", "/v1/functions/f/policies/x/diff",
            "/v1/functions/f/policies/2147483648", "/v1/nodes//policies", "/v1/nodes/a%2Fb/policies",
            "/v1/functions/\(String(repeating: "a", count: 257))", "/\(String(repeating: "a", count: 4096))", "*",
            "http://host/", "",
        ]
    )
    func refused(target: String) {
        let error = #expect(throws: ErrorAnswer.self) {
            try APIRoute.match(method: "GET", segments: try RequestTarget(target).segments)
        }
        #expect(error?.code == .badRequest)
    }

    @Test("the query is decoded; the first of equal names counts")
    func query() throws {
        let target = try RequestTarget("/x?after=a%2Fb&wait=30&after=c&flag=true&empty=&plus=a+b")
        #expect(target.query["after"] == "a/b")
        #expect(try target.whole("wait", in: 0...60) == 30)
        #expect(try target.whole("none", in: 0...60) == nil)
        #expect(try target.flag("flag"))
        #expect(target.query["plus"] == "a b")
        for (name, range) in [("wait", 0...29), ("empty", 0...9), ("after", 0...9)] as [(String, ClosedRange<Int64>)] {
            #expect(throws: ErrorAnswer.self) { try target.whole(name, in: range) }
        }
        #expect(throws: ErrorAnswer.self) { try target.flag("wait") }
        #expect(throws: ErrorAnswer.self) { try RequestTarget("/x?limit=0").limit() }
    }
}
