import FuyunAgent
import FuyunPolicy
import Logging
import MemoryUnits
import Settings
import SystemPackage
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    private func load(
        _ file: String? = nil,
        environment: [String: String] = [:],
        set: [String] = []
    ) throws(ConfigurationErrors) -> AgentConfiguration {
        try AgentConfiguration.load(
            ConfigurationSources(
                file: file.map { (path: "agent.json", contents: Array($0.utf8)) },
                environment: environment,
                assignments: set
            )
        )
    }

    @Test("without anything the defaults hold")
    func defaults() throws {
        let configuration = try load()
        #expect(configuration.cgroups.mount == "/sys/fs/cgroup")
        #expect(configuration.paths.policies == "/etc/fuyun/policies")
        #expect(configuration.defaults.preset == nil)
        #expect(configuration.defaults.tier == .mebibytes(1))
        #expect(configuration.defaults.mode == .enforce)
        #expect(configuration.logLevel == .info)
        #expect(configuration.functions.isEmpty)
    }

    @Test("the command line wins over the environment, that over the file, that over the defaults")
    func layers() throws {
        let file = #"{"paths":{"state":"/file","policies":"/file","runtime":"/file"}}"#
        let configuration = try load(
            file,
            environment: ["FUYUN_PATHS_STATE": "/env", "FUYUN_PATHS_POLICIES": "/env"],
            set: ["paths.state=/cli"]
        )
        #expect(configuration.paths.state == "/cli")
        #expect(configuration.paths.policies == "/env")
        #expect(configuration.paths.runtime == "/file")
    }

    @Test("every kind of value comes from every source")
    func kinds() throws {
        let file = """
            {"cgroup":{"roots":["a","b"]},"defaults":{"tier_bytes":4096,"canary_share":0.5,"mode":"canary"},
             "systemd":{"ceilings":false},"log":{"level":"debug"}}
            """
        for configuration in [
            try load(file),
            try load(environment: [
                "FUYUN_CGROUP_ROOTS": "a,b", "FUYUN_DEFAULTS_TIER_BYTES": "4096", "FUYUN_DEFAULTS_CANARY_SHARE": "0.5",
                "FUYUN_DEFAULTS_MODE": "canary", "FUYUN_SYSTEMD_CEILINGS": "false", "FUYUN_LOG_LEVEL": "debug",
            ]),
            try load(set: [
                "cgroup.roots=a,b", "defaults.tier_bytes=4096", "defaults.canary_share=0.5", "defaults.mode=canary",
                "systemd.ceilings=false", "log.level=debug",
            ]),
        ] {
            #expect(configuration.cgroups.roots == ["a", "b"])
            #expect(configuration.defaults.tier == .kibibytes(4))
            #expect(configuration.defaults.canaryShare == 0.5)
            #expect(configuration.defaults.mode == .canary)
            #expect(!configuration.systemdCeilings)
            #expect(configuration.logLevel == .debug)
        }
    }

    @Test("a function's own settings override the defaults, one by one")
    func functions() throws {
        let configuration = try load(
            #"{"defaults":{"minimum_bytes":1000},"functions":{"guest/x":{"preset_bytes":5000,"mode":"shadow"}}}"#
        )
        let grant = configuration.grant(for: "guest/x")
        #expect(grant.preset == Bytes(5000))
        #expect(grant.minimum == Bytes(1000))
        #expect(grant.mode == .shadow)
        #expect(configuration.grant(for: "guest/y") == configuration.defaults)
        let bounds = grant.bounds(under: Bytes(4000))
        #expect(bounds.preset == Bytes(4000))
        #expect(bounds.maximum == Bytes(4000))
    }

    @Test(
        "every mistake in the file is named with its place",
        arguments: [
            ("{", ["agent.json"]), ("[]", ["$"]), (#"{"path":{}}"#, ["$.path"]),
            (
                #"{"paths":{"state":1,"polices":"x"},"server":{"connections":0}}"#,
                ["$.paths.state", "$.paths.polices", "$.server.connections"]
            ),
            (#"{"defaults":{"mode":"full","canary_share":2}}"#, ["$.defaults.mode", "$.defaults.canary_share"]),
            (#"{"functions":{"f":{"tier":1}}}"#, ["$.functions.f.tier"]),
            (#"{"defaults":{"minimum_bytes":2,"maximum_bytes":1}}"#, ["defaults"]),
            (#"{"cgroup":{"containers":["a/*"]}}"#, ["cgroup.containers"]),
            (#"{"cgroup":{"roots":[1]}}"#, ["$.cgroup.roots[0]"]),
            (#"{"payload":{"kept_bytes":1.5}}"#, ["$.payload.kept_bytes"]),
        ]
    )
    func mistakes(file: String, places: [String]) {
        let error = #expect(throws: ConfigurationErrors.self) { try load(file) }
        for place in places {
            #expect(error?.description.contains(place) == true, "\(place): \(error?.description ?? "")")
        }
    }

    @Test(
        "every mistake in the environment and on the command line is named",
        arguments: [
            (["FUYUN_SERVER_CONNECTIONS": "many"], [], "FUYUN_SERVER_CONNECTIONS"),
            (["FUYUN_SERVER_CONNECTIONS": "1"], [], "FUYUN_SERVER_CONNECTIONS"),
            (["FUYUN_LOG_LEVEL": "loud"], [], "FUYUN_LOG_LEVEL"), ([:], ["log.level"], "KEY=VALUE"),
            ([:], ["log.levels=info"], "log.levels"), ([:], ["log.level=loud"], "one of trace"),
        ] as [([String: String], [String], String)]
    )
    func otherMistakes(environment: [String: String], set: [String], word: String) {
        let error = #expect(throws: ConfigurationErrors.self) { try load(environment: environment, set: set) }
        #expect(error?.description.contains(word) == true)
    }

    @Test("the table in docs/configuration.md is the table in the code")
    func documentation() throws {
        let path = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("docs/configuration.md")
        let text = try String(contentsOf: path)
        for line in AgentConfiguration.settings.markdown.split(separator: "\n") {
            #expect(text.contains(line), "docs/configuration.md lacks or differs in: \(line)")
        }
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.contains("`FUYUN_") }
        #expect(
            rows.count
                == AgentConfiguration.settings.markdown.split(separator: "\n").filter { $0.contains("`FUYUN_") }.count
        )
    }

    @Test("a check names every bad policy with its file")
    func check() async throws {
        try await Fixture.with(policies: ["good.json": Fixture.policy(), "bad.json": "{"]) { fixture in
            let check = ConfigurationCheck(fixture.configuration)
            #expect(check.problems.count == 1)
            #expect(check.problems[0].contains("policies/bad.json"))
            #expect(check.summary.contains("1 policy documents good, 1 bad"))
        }
    }

    @Test("a reload takes what is good, keeps the old where it is bad, and counts both")
    func reload() async throws {
        try await Fixture.with { fixture in
            var fresh = fixture.configuration
            fresh.defaults.mode = .shadow
            let good = fresh
            await fixture.agent.reload { () throws(ConfigurationErrors) in good }
            #expect(try await fixture.page("/v1/functions").contains(#""mode_cap":"shadow""#))
            await fixture.agent.reload { () throws(ConfigurationErrors) in
                throw ConfigurationErrors(diagnostics: [ConfigurationDiagnostic(place: "x", message: "y")])
            }
            #expect(try await fixture.page("/v1/functions").contains(#""mode_cap":"shadow""#))
            let metrics = try await fixture.page("/metrics")
            #expect(metrics.contains("fuyun_configuration_reloads_total 1"))
            #expect(metrics.contains("fuyun_configuration_reloads_refused_total 1"))
        }
    }
}
