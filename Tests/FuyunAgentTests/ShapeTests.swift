@testable import FuyunAgent
import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import NIOCore
import NIOPosix
import Testing

@Suite("Shapes of payloads on the node")
struct ShapeTests {
    private static func shape(_ text: String) -> PayloadShape { .of(Array(text.utf8)) }

    @Test("the first calls are looked at, then fewer and fewer")
    func sampling() {
        var sampling = ShapeSampling()
        let chosen = (1...20_000 as ClosedRange<UInt64>).filter { sampling.chooses($0) }
        #expect(Array(chosen.prefix(12)) == [1, 2, 3, 4, 5, 6, 7, 8, 12, 18, 27, 40])
        #expect(chosen.suffix(2).reduce(0) { $1 - $0 } == 1_000)
        #expect(chosen.count < 45)
    }

    @Test("only what is new is told, and each payload once")
    func news() {
        var table = ShapeTable()
        func seen(_ text: String, of function: String = "f") -> Bool { table.add(Self.shape(text), of: function) }
        func told() -> [(function: String, shape: PayloadShape)] { table.news(most: 10) }
        #expect(seen(#"{"width":640}"#))
        #expect(!seen(#"{"width":650}"#))
        #expect(seen(#"{"height":3}"#, of: "g"))
        let first = told()
        #expect(first.map(\.function) == ["f", "g"])
        #expect(first[0].shape.payloads == 2)
        #expect(told().isEmpty)
        // Nothing new: it waits until there is.
        #expect(!seen(#"{"width":700}"#))
        #expect(told().isEmpty)
        #expect(seen(#"{"width":7000}"#))
        let second = told()
        #expect(second.map(\.shape.payloads) == [2])
        // What could not be told is told later, with what came in between.
        table.giveBack(second)
        #expect(!seen(#"{"width":640}"#))
        #expect(told().map(\.shape.payloads) == [3])
    }

    @Test("functions and leaves are bounded; the one that was silent for longest goes")
    func bounds() {
        var table = ShapeTable()
        for index in 0..<1_200 {
            _ = table.add(Self.shape(#"{"width":640}"#), of: "f\(index)")
            _ = table.add(Self.shape(#"{"width":640}"#), of: "f0")
        }
        #expect(table.count == ShapeTable.mostFunctions)
        let names = Set(table.news(most: 2_000).map(\.function))
        #expect(names.contains("f0"))
        #expect(names.contains("f1199"))
        #expect(!names.contains("f1"))
        var wide = ShapeTable()
        let members = "abcdefghijklmnopqrst".map { "\"\($0)\":1" }.joined(separator: ",")
        for index in 0..<1_000 { _ = wide.add(Self.shape("{\(members)}"), of: "f\(index)") }
        #expect(wide.count == ShapeTable.mostLeaves / 21)
    }

    @Test("are told to the coordinator soon after they are seen")
    func told() async throws {
        try await SyncTests.with { rig in
            let shapes = try #require(rig.sync.shapes)
            shapes.take(Array(#"{"width":640,"token":"s3cret"}"#.utf8), length: 30, of: "guest/f")
            try await SyncTests.wait("told") { !rig.coordinator.shapes.isEmpty }
            let told = try #require(rig.coordinator.shapes.first)
            #expect(told.function == "guest/f")
            #expect(told.shape.leaves.map(\.pointer) == ["", "/token", "/width"])
            #expect(rig.metric("fuyun_shapes_payloads_total") == "1")
            try await SyncTests.wait("counted") { rig.metric("fuyun_shapes_sent_total") == "1" }
        }
    }

    @Test("wait for a coordinator that is away")
    func away() async throws {
        try await SyncTests.with { rig in
            rig.coordinator.fail(.refusal(503, "overloaded"))
            let shapes = try #require(rig.sync.shapes)
            shapes.take(Array(#"{"width":640}"#.utf8), length: 13, of: "guest/f")
            try await SyncTests.wait("failed") { rig.metric("fuyun_shapes_failures_total") == "1" }
            rig.coordinator.fail(nil)
            try await SyncTests.wait("told") { !rig.coordinator.shapes.isEmpty }
            #expect(rig.coordinator.shapes.map(\.shape.payloads) == [1])
        }
    }

    @Test("more than the thread can take is dropped and counted")
    func dropped() async throws {
        try await SyncTests.with { rig in
            let shapes = try #require(rig.sync.shapes)
            let large = Array(("[" + Array(repeating: "123456", count: 9_000).joined(separator: ",") + "]").utf8)
            for _ in 0..<2_000 { shapes.take(large, length: UInt64(large.count), of: "guest/f") }
            #expect(shapes.drain(within: .seconds(60)))
            let (seen, dropped) = (rig.metric("fuyun_shapes_payloads_total"), rig.metric("fuyun_shapes_dropped_total"))
            #expect((Int(seen ?? "") ?? 0) + (Int(dropped ?? "") ?? 0) == 2_000)
        }
    }

    @Test("of calls reach the coordinator, without a value")
    func calls() async throws {
        let server = try await StubServer.start(on: MultiThreadedEventLoopGroup.singleton) { request in
            guard request.method == "POST" else { return [.sleep(.seconds(5)), .close] }
            let body = #"{"stored":1,"duplicates":0,"sampling":{"default":1,"functions":{}}}"#
            return [.text("HTTP/1.1 200 Said\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")]
        }
        let settings = ["coordinator.url=http://127.0.0.1:\(server.port)", "coordinator.node=node-1"]
        try await Fixture.with(settings: settings) { fixture in
            let connection = try fixture.connect()
            let payload = ByteBuffer(string: #"{"n":61234567,"caller":"someone@example.org"}"#)
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: payload)
            _ = try await connection.end(begun.id, EndRequest(outcome: .success))
            var body: ByteBuffer?
            try await fixture.wait("shape sent") {
                body = server.requests.first { $0.target == "/v1/nodes/node-1/shapes" }?.body
                return body != nil
            }
            let text = String(buffer: try #require(body))
            #expect(!text.contains("someone") && !text.contains("61234567"))
            let told = try ShapesBody(parsing: try #require(body)).functions
            #expect(told.map(\.function) == ["guest/f"])
            #expect(told[0].shape.leaves.map(\.pointer) == ["", "/caller", "/n"])
        }
    }

    @Test("are looked at only with a coordinator, and when the operator lets it")
    func off() async throws {
        let settings = ["coordinator.url=http://127.0.0.1:9", "coordinator.node=n", "shapes.enabled=false"]
        for settings in [settings, []] {
            try await Fixture.with(settings: settings) { fixture in
                let connection = try fixture.connect()
                let begun = try await connection.begin(
                    BeginRequest(function: "guest/f"),
                    payload: ByteBuffer(string: "{}")
                )
                _ = try await connection.end(begun.id, EndRequest(outcome: .success))
                let page = try await fixture.wait(for: "/metrics") {
                    $0.contains(#"invocations_total{function="guest/f"} 1"#)
                }
                #expect(!page.contains("fuyun_shapes_"))
            }
        }
    }
}
