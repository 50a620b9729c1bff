import Cgroup
import FuyunAgent
import FuyunClient
import FuyunProtocol
import FuyunTestSupport
import Glibc
import MemoryUnits
import NIOCore
import Testing

@Suite("Calls in flight that need more are raised, not killed")
struct RescueTests {
    private static let payload = ByteBuffer(string: #"{"n":60000000}"#)
    private static let limit: UInt64 = 100_663_296

    /// Lets the function use so much, as the kernel shows it when the tripwire is touched.
    private static func use(_ bytes: Bytes, _ fixture: Fixture) throws {
        try fixture.tree.setStat(["anon": bytes, "file": .zero, "kernel": .zero], of: Fixture.first)
        try fixture.tree.bump("high", of: Fixture.first)
    }

    @Test("the tripwire lies below the limit while a call runs, and is gone afterwards")
    func armed() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "\(Self.limit - (16 << 20))")
            #expect(try fixture.hierarchy.directory(at: Fixture.first).attribute("user.fuyun.high") == "max")
            _ = try await connection.end(begun.id)
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "max")
        }
    }

    @Test("a touched tripwire raises the limit, then the tripwire, and again")
    func raised() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            try Self.use(Bytes(Self.limit - (12 << 20)), fixture)
            try await fixture.wait("the first raise") { try fixture.limit() != "\(Self.limit)" }
            let first = try #require(UInt64(try fixture.limit()))
            // By 12 % at least (`RescueSettings.growth`).
            #expect(first >= Self.limit * 28 / 25)
            try await fixture.wait("the tripwire above use") {
                UInt64(try fixture.tree.value("memory.high", of: Fixture.first)) ?? 0 > Self.limit - (16 << 20)
            }
            try Self.use(Bytes(first - (1 << 20)), fixture)
            try await fixture.wait("the second raise") { UInt64(try fixture.limit()) ?? 0 > first }
            _ = try await connection.end(begun.id)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "max")
            let page = try await fixture.page("/metrics")
            #expect(page.contains(#"fuyun_rescue_raises_total{reason="near_limit"} "#))
            #expect(!page.contains(#"fuyun_rescue_raises_total{reason="near_limit"} 0"#))
        }
    }

    @Test("without room on the node a call waits, and is left to its own limit after a while")
    func noRoom() async throws {
        let settings = ["rescue.reserve_bytes=\(1 << 49)", "rescue.patience_ms=200"]
        try await Fixture.with(settings: settings) { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            try Self.use(Bytes(Self.limit - (12 << 20)), fixture)
            _ = try await fixture.wait(for: "/metrics") { $0.contains("fuyun_rescue_given_up_total 1") }
            #expect(try fixture.limit() == "\(Self.limit)")
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "max")
            _ = try await connection.end(begun.id)
        }
    }

    @Test("switched off, memory.high is left alone")
    func switchedOff() async throws {
        try await Fixture.with(settings: ["rescue.enabled=false"]) { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect(try fixture.limit() == "\(Self.limit)")
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "max")
            _ = try await connection.end(begun.id)
        }
    }

    @Test("a container whose memory.high somebody else uses is limited, but has no tripwire")
    func foreign() async throws {
        try await Fixture.with { fixture in
            try fixture.tree.write("400000000\n", to: "memory.high", of: Fixture.first)
            // The notice has come when another change of the same container has been looked at.
            try fixture.tree.write("734003200\n", to: "memory.max", of: Fixture.first)
            try await fixture.wait("the notice") {
                try fixture.hierarchy.directory(at: Fixture.first).attribute("user.fuyun.ceiling") == "734003200"
            }
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect(try fixture.limit() == "\(Self.limit)")
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "400000000")
            _ = try await connection.end(begun.id)
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "400000000")
        }
    }

    @Test("a tripwire that a killed agent left is taken away at first sight, and by release")
    func leftover() async throws {
        try await Fixture.with { fixture in
            let id = String(repeating: "0f", count: 32)
            let path = "system.slice/docker-\(id).scope"
            try fixture.tree.add("unwatched/scope", ["memory.max": "100663296\n", "memory.high": "83886080\n"])
            let left = try fixture.hierarchy.directory(at: "unwatched/scope")
            _ = try left.setAttribute("user.fuyun.ceiling", "536870912")
            _ = try left.setAttribute("user.fuyun.high", "max")
            try fixture.move("unwatched/scope", to: path)
            try await fixture.wait("both are lifted") {
                try fixture.tree.value("memory.high", of: path) == "max" && fixture.limit(of: path) == "536870912"
            }
        }
        let tree = try FakeCgroupTree {
            ["a/b": ["memory.max": "100663296\n", "memory.high": "83886080\n"]]
        }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let directory = try hierarchy.directory(at: "a/b")
        _ = try directory.setAttribute("user.fuyun.ceiling", "max")
        _ = try directory.setAttribute("user.fuyun.high", "max")
        #expect(CeilingRelease.run(in: hierarchy).released == 1)
        #expect(try tree.value("memory.high", of: "a/b") == "max")
        #expect(try tree.value("memory.max", of: "a/b") == "max")
        #expect(try directory.attribute("user.fuyun.high") == nil)
    }

    @Test("after too many fights a container is only observed")
    func fights() async throws {
        try await Fixture.with(settings: ["limiter.fights=2"]) { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            try fixture.tree.write("\(Fixture.ceiling.rawValue)\n", to: "memory.max", of: Fixture.first)
            try await fixture.wait("ours again") { try fixture.limit() == "\(Self.limit)" }
            try fixture.tree.write("\(Fixture.ceiling.rawValue)\n", to: "memory.max", of: Fixture.first)
            _ = try await fixture.wait(for: "/metrics") { $0.contains("fuyun_limiter_observe_only_total 1") }
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            #expect(try fixture.tree.value("memory.high", of: Fixture.first) == "max")
            _ = try await connection.end(begun.id)
            let next = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect(!next.applied)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            _ = try await connection.end(next.id)
        }
    }
}
