import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import Glibc
import MemoryUnits
import NIOCore
import SystemPackage
import Testing

@Suite("The policy directory")
struct PolicyDirectoryTests {
    private static let payload = ByteBuffer(string: #"{"n":0}"#)

    /// The version that decides now; nil without a policy.
    private func version(_ fixture: Fixture, _ function: String = "guest/f") async throws -> Int? {
        let connection = try fixture.connect("platform")
        let begun = try await connection.begin(
            BeginRequest(function: function, container: .path("/" + Fixture.first)),
            payload: Self.payload
        )
        _ = try await connection.end(begun.id)
        connection.close()
        return begun.decision?.policyVersion
    }

    @Test("an atomic replace is picked up, a removal too")
    func replace() async throws {
        try await Fixture.with { fixture in
            #expect(try await version(fixture) == 1)
            try fixture.replacePolicy("f.json", Fixture.policy(version: 2))
            _ = try await fixture.wait(for: "/v1/functions") { $0.contains(#""active_version":2"#) }
            #expect(try await version(fixture) == 2)
            unlink(fixture.home.appending("policies").appending("f.json").string)
            _ = try await fixture.wait(for: "/v1/status") { $0.contains(#""documents":0"#) }
            #expect(try await version(fixture) == nil)
        }
    }

    @Test(
        "a bad document is refused with its findings, and the last good version of that file stays",
        arguments: [
            "{", "", Fixture.policy().replacing("\"linear\"", with: "\"magic\""),
            Fixture.policy().replacing("\"schema\"", with: "\"unknown\""), String(repeating: "[", count: 100_000),
        ]
    )
    func badDocument(text: String) async throws {
        try await Fixture.with("bad document") { fixture in
            try fixture.replacePolicy("f.json", text)
            let status = try await fixture.wait(for: "/v1/status") { $0.contains(#""file":"f.json""#) }
            #expect(status.contains(#""kept_version":1"#))
            #expect(try await version(fixture) == 1)
            let metrics = try await fixture.page("/metrics")
            #expect(metrics.contains("fuyun_policy_documents_refused_total 1"))
            #expect(metrics.contains("fuyun_policy_documents_bad 1"))
            try fixture.replacePolicy("f.json", Fixture.policy(version: 3))
            _ = try await fixture.wait(for: "/v1/status") { !$0.contains(#""file":"f.json""#) }
            #expect(try await version(fixture) == 3)
        }
    }

    @Test("documents beyond the bounds are told of and not read")
    func bounds() async throws {
        let policies = [
            "a.json": Fixture.policy("guest/a"), "b.json": Fixture.policy("guest/b"),
            "c.json": Fixture.policy("guest/c"),
            "big.txt": "not looked at", ".hidden.json": "{",
        ]
        try await Fixture.with(settings: ["policies.files=2"], policies: policies) { fixture in
            let status = try await fixture.page("/v1/status")
            #expect(status.contains(#""documents":2"#))
            #expect(status.contains("1 documents more than the 2"))
        }
        let large = Fixture.policy() + String(repeating: " ", count: 4096)
        try await Fixture.with(settings: ["policies.file_bytes=2048"], policies: ["f.json": large]) { fixture in
            let status = try await fixture.page("/v1/status")
            #expect(status.contains("at most 2048 are read"))
            #expect(try await version(fixture) == nil)
        }
    }

    @Test("the operator's cap and share bind a policy")
    func operatorsCap() async throws {
        let functions = #"{"guest/f":{"mode":"shadow"},"guest/g":{"maximum_bytes":33554432}}"#
        let policies = ["f.json": Fixture.policy(), "g.json": Fixture.policy("guest/g")]
        try await Fixture.with(functions: functions, policies: policies) { fixture in
            let one = try fixture.connect("platform")
            let f = try await one.begin(
                BeginRequest(function: "guest/f", container: .path("/" + Fixture.first)),
                payload: Self.payload
            )
            #expect(f.mode == .shadow)
            #expect(!f.applied)
            let g = try await one.begin(
                BeginRequest(function: "guest/g", container: .path("/" + Fixture.second)),
                payload: Self.payload
            )
            #expect(g.limit == .mebibytes(32))
            #expect(g.decision?.adjustments == [.cutToMaximum])
            for id in [f.id, g.id] { _ = try await one.end(id) }
        }
    }

    @Test("a thousand documents and a thousand functions fit, and one change is picked up")
    func many() async throws {
        var policies: [String: String] = [:]
        for index in 0..<200 { policies["p\(index).json"] = Fixture.policy("guest/p\(index)") }
        try await Fixture.with(policies: policies) { fixture in
            #expect(try await fixture.page("/v1/status").contains(#""documents":200"#))
            try fixture.replacePolicy("p7.json", Fixture.policy("guest/p7", version: 9))
            _ = try await fixture.wait(for: "/v1/functions") { $0.contains(#""active_version":9"#) }
        }
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
