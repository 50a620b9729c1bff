import Cgroup
import FuyunAgent
import FuyunClient
import FuyunProtocol
import FuyunTestSupport
import Glibc
import MemoryUnits
import NIOCore
import Testing

@Suite("Containers come, go and are written to by others")
struct TreeTests {
    private static let payload = ByteBuffer(string: #"{"n":60000000}"#)

    @Test("what runs is admitted, its ceiling stored; services are left alone")
    func discovery() async throws {
        try await Fixture.with { fixture in
            let page = try await fixture.page("/v1/containers")
            #expect(page.contains(Fixture.first))
            #expect(page.contains(Fixture.second))
            #expect(!page.contains("sshd"))
            for path in [Fixture.first, Fixture.second] {
                let stored = try fixture.hierarchy.directory(at: path).attribute("user.fuyun.ceiling")
                #expect(stored == "\(Fixture.ceiling.rawValue)")
            }
        }
    }

    @Test("births and deaths are seen, also below a slice that is born later")
    func birthAndDeath() async throws {
        try await Fixture.with { fixture in
            let id = String(repeating: "0e", count: 32)
            let pod = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice"
            let path = "\(pod)/cri-containerd-\(id).scope"
            // A cgroup is born with its files; one of the fake tree is therefore made elsewhere and moved.
            try fixture.tree.add("unwatched/\(path)", ["memory.max": "268435456\n"])
            try fixture.move("unwatched/kubepods.slice", to: "kubepods.slice")
            _ = try await fixture.wait(for: "/v1/containers") { $0.contains(id) }
            fixture.tree.remove(pod)
            _ = try await fixture.wait(for: "/v1/containers") { !$0.contains(id) }
        }
    }

    @Test("processes that move one level down after the scope was seen are followed")
    func lateLeaf() async throws {
        try await Fixture.with { fixture in
            let scope = "machine.slice/libpod-\(String(repeating: "77", count: 32)).scope"
            try fixture.tree.add("unwatched/scope/container", ["memory.max": "268435456\n"])
            try fixture.move("unwatched/scope/container", to: "unwatched/leaf")
            try fixture.move("unwatched/scope", to: scope)
            _ = try await fixture.wait(for: "/v1/containers") { $0.contains("/\(scope)\"") }
            try fixture.move("unwatched/leaf", to: scope + "/container")
            _ = try await fixture.wait(for: "/v1/containers") { $0.contains("/\(scope)/container\"") }
        }
    }

    @Test("a limit that someone else writes during a call is written again")
    func overwrittenInFlight() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            try fixture.tree.write("\(Fixture.ceiling.rawValue)\n", to: "memory.max", of: Fixture.first)
            try await fixture.wait("the limit is back") { try fixture.limit() == "100663296" }
            let page = try await fixture.page("/metrics")
            #expect(page.contains("fuyun_limiter_overwrites_total 1"))
            #expect(page.contains("fuyun_limiter_reassertions_total 1"))
            _ = try await connection.end(begun.id)
        }
    }

    @Test("a limit that the platform writes between calls is the new ceiling")
    func newCeiling() async throws {
        try await Fixture.with { fixture in
            try fixture.tree.write("734003200\n", to: "memory.max", of: Fixture.first)
            try await fixture.wait("the ceiling is adopted") {
                try fixture.hierarchy.directory(at: Fixture.first).attribute("user.fuyun.ceiling") == "734003200"
            }
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            _ = try await connection.end(begun.id)
            #expect(try fixture.limit() == "734003200")
        }
    }

    @Test("a call never gets more than its ancestors allow")
    func ancestors() async throws {
        try await Fixture.with { fixture in
            try fixture.tree.write("80000000\n", to: "memory.max", of: "machine.slice")
            let connection = try fixture.connect()
            let begun = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect((begun.limit ?? .max) <= Bytes(80_000_000))
            _ = try await connection.end(begun.id)
        }
    }

    @Test("a stop raises every limit and takes the attribute away")
    func stop() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            _ = try await connection.begin(BeginRequest(function: "guest/f"), payload: Self.payload)
            #expect(try fixture.limit() == "100663296")
            await fixture.agent.stop()
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            #expect(try fixture.hierarchy.directory(at: Fixture.first).attribute("user.fuyun.ceiling") == nil)
        }
    }

    @Test("release gives back what a killed agent left, and only that")
    func release() throws {
        let tree = try FakeCgroupTree {
            ["a.slice/b.scope": ["memory.max": "1048576\n"], "c.slice": ["memory.max": "2097152\n"]]
        }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        _ = try hierarchy.directory(at: "a.slice/b.scope").setAttribute("user.fuyun.ceiling", "max")
        let outcome = CeilingRelease.run(in: hierarchy)
        #expect(outcome.released == 1)
        #expect(outcome.problems == [])
        #expect(try tree.value("memory.max", of: "a.slice/b.scope") == "max")
        #expect(try tree.value("memory.max", of: "c.slice") == "2097152")
        #expect(try hierarchy.directory(at: "a.slice/b.scope").attribute("user.fuyun.ceiling") == nil)
    }

    @Test(
        "an attribute in a directory that its user owns is the user's word, and not believed",
        .enabled(if: geteuid() == 0)
    )
    func foreignAttribute() throws {
        let tree = try FakeCgroupTree { ["user.slice/a.service": ["memory.max": "1048576\n"]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        _ = try hierarchy.directory(at: "user.slice/a.service").setAttribute("user.fuyun.ceiling", "max")
        #expect(chown("\(tree.mount)/user.slice/a.service", 65_534, 65_534) == 0)
        #expect(CeilingRelease.run(in: hierarchy).released == 0)
        #expect(try tree.value("memory.max", of: "user.slice/a.service") == "1048576")
    }

    @Test("a limit that a killed agent left is raised at the start of the next")
    func leftover() async throws {
        try await Fixture.with { fixture in
            let path = "machine.slice/libpod-\(String(repeating: "99", count: 32)).scope"
            try fixture.tree.add("unwatched/x", ["memory.max": "4194304\n"])
            _ = try fixture.hierarchy.directory(at: "unwatched/x").setAttribute("user.fuyun.ceiling", "268435456")
            try fixture.move("unwatched/x", to: path)
            try await fixture.wait("the leftover is raised") { try fixture.limit(of: path) == "268435456" }
        }
    }
}
