import Testing

@testable import fuyun

struct AgentCommandTests {
    static let containers = """
        {"containers":[
        {"id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","runtime":"libpod","pod":null,\
        "cgroup":"/machine.slice/libpod-0123.scope","function":"guest/watermark","ceiling_bytes":536870912,\
        "limit_bytes":103809024,"effective_limit_bytes":103809024,"current_bytes":88080384,"resident_bytes":52428800,\
        "in_flight":1,"invocations":41,"overwrites":0,"frozen":false},
        {"id":"faas-1","runtime":"plain","pod":null,"cgroup":"/faas.slice/faas-1","function":null,"ceiling_bytes":null,\
        "limit_bytes":null,"effective_limit_bytes":268435456,"current_bytes":null,"resident_bytes":null,"in_flight":0,\
        "invocations":0,"overwrites":3,"frozen":true}]}
        """
    static let functions = """
        {"functions":[{"function":"guest/watermark","invocations":41,"out_of_memory":2,"last_limit_bytes":103809024,\
        "last_peak_bytes":96468992,"active_version":3,"candidate_version":4,"candidate_status":"canary","mode_cap":"enforce"},
        {"function":"guest/new","invocations":0,"out_of_memory":0,"last_limit_bytes":null,"last_peak_bytes":null,\
        "active_version":null,"candidate_version":null,"candidate_status":null,"mode_cap":"shadow"}]}
        """
    static let status = """
        {"version":"0.1.0","epoch":"6650f1a2","uptime_seconds":93784,"ready":true,"kernel":{"cgroup_mount":"/sys/fs/cgroup",\
        "peer_methods":["pidfd"],"memory_peak":true,"memory_peak_reset":false},"counts":{"containers":2,"functions":2,\
        "in_flight":1,"connections":3,"history":40,"watches":12,"settle_queue":0},"policies":{"directory":"/etc/fuyun/policies",\
        "revision":5,"documents":2,"functions":1,"problems":[{"file":"bad.json","messages":["1:2: error: $: x [y]"],\
        "kept_version":3}]},"sockets":{\
        "function":"passed by the service manager","platform":"/run/fuyun/platform.sock",\
        "admin":"passed by the service manager"}}
        """
    static let call = """
        {"state":"ended","cgroup":"/machine.slice/libpod-0123.scope","begin":{"id":"6650f1a2-1f","function":"guest/watermark",\
        "limit_bytes":103809024,"applied":true,"held":false,"mode":"enforce","decision":{"reason":"policy","policy_version":3,\
        "predicted_bytes":95840000,"bound_bytes":98756800,"headroom":0.05,"limit_bytes":103809024,"adjustments":["snapped_up"],\
        "features":{"width":1280,"op":"gif","size":null}}},"observation":{"outcome":"crashed","duration_ms":812.25,\
        "exit_status":137,"http_status":null,"thrashing":false,"peak_bytes":103809024,"peak_method":"window","peak_exact":true,\
        "resident_highest_bytes":101711872,"resident_start_bytes":20971520,"resident_end_bytes":4096,\
        "need":{"lower_bytes":103809024,"upper_bytes":null,"censored":true},"ceiling_bytes":536870912,\
        "events":{"low":0,"high":0,"max":31,"oom":1,"oom_kill":1,"oom_group_kill":0},"warm_index":4,"concurrency":1,\
        "overwrites":1,"reasserts":1,"rescues":0,"oom":{"class":"own_limit","own_limit_exceeded":true,\
        "evidence":["memory.events.local oom +1"]}}}
        """

    private func ask(
        _ arguments: [String],
        width: Int? = nil,
        status: Int = 200,
        pages: [String: String]? = nil
    ) async throws -> Recording {
        let agent = try await StubAgent(
            pages ?? [
                "/v1/containers": Self.containers, "/v1/functions": Self.functions, "/v1/status": Self.status,
                "/v1/invocations/6650f1a2-1f/explain": Self.call,
            ],
            status: status
        )
        let run = try await fuyun(arguments + ["--socket", agent.path], width: width)
        try await agent.stop()
        return run
    }

    @Test func containersOfEachKind() async throws {
        let run = try await ask(["containers"])
        #expect(run.status == 0)
        #expect(
            run.output == """
                CONTAINER     RUNTIME  FUNCTION         CALLS  NOW   LIMIT    USED  RESIDENT  CEILING  NOTES                                            CGROUP
                0123456789ab  libpod   guest/watermark     41    1  99 MiB  84 MiB    50 MiB  512 MiB                                                   /machine.slice/libpod-0123.scope
                faas-1        plain    -                    0    0    none       -         -     none  overwritten 3×, frozen, ancestor allows 256 MiB  /faas.slice/faas-1

                """
        )
    }

    @Test(arguments: [80, 100, 140])
    func containersFitTheTerminal(width: Int) async throws {
        let run = try await ask(["containers"], width: width)
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= width })
        #expect(run.output.contains("99 MiB"))
        #expect(run.output.contains("0123456789ab"))
        #expect(run.output.contains("overwritten"))
    }

    @Test func functionsWithTheirVersions() async throws {
        let run = try await ask(["functions"])
        let lines = run.output.split(separator: "\n", maxSplits: 1)
        #expect(lines.first?.hasPrefix("functions of the agent at /tmp/") == true)
        #expect(
            lines.last.map(String.init) == """
                FUNCTION         ACTIVE  CANDIDATE   CAP      CALLS  OUT OF MEMORY  LAST LIMIT  LAST PEAK
                guest/watermark       3  4 (canary)  enforce     41              2      99 MiB     92 MiB
                guest/new             -  -           shadow       0              0           -          -

                """
        )
    }

    @Test func statusOfAnAgentThatRefusedAPolicy() async throws {
        let run = try await ask(["status"])
        #expect(run.status == 1)
        #expect(
            run.output == """
                agent       ready, version 0.1.0, up 1 d 2 h
                calls       1 in flight
                containers  2
                functions   2 seen
                policies    documents: 2, functions: 1, 1 problem in /etc/fuyun/policies
                kernel      cgroup v2 at /sys/fs/cgroup, without memory_peak_reset
                sockets     function, admin: passed by the service manager; platform: /run/fuyun/platform.sock
                queues      3 connections, 0 containers to settle, 12 watches

                bad.json was refused, version 3 stays in use
                  1:2: error: $: x [y]

                """
        )
    }

    @Test func whyACallGotItsLimit() async throws {
        let run = try await ask(["explain", "6650f1a2-1f"])
        #expect(run.status == 0)
        #expect(
            run.output == """
                guest/watermark  call 6650f1a2-1f, ended
                /machine.slice/libpod-0123.scope

                reason       policy  policy version 3, mode enforce
                predicted  91.3 MiB
                bound      94.1 MiB  calibrated
                decided      99 MiB  headroom 5 %, snapped up
                limit        99 MiB

                FEATURE    VALUE
                width       1280
                op           gif
                size     missing

                outcome        crashed  exit status 137
                duration      812.3 ms
                peak            99 MiB  by window
                resident        97 MiB  20 MiB at the start, 4 KiB at the end
                need            99 MiB  at least; how much more is not known
                ceiling        512 MiB
                events               3  max +31, oom +1, oom_kill +1
                calls before         4  1 overwrites, 1 reasserts

                out of memory: own limit
                  memory.events.local oom +1

                """
        )
    }

    @Test(arguments: [(["containers"], containers), (["functions"], functions), (["explain", "6650f1a2-1f"], call)])
    func jsonIsTheAgentsOwnAnswer(arguments: [String], answer: String) async throws {
        let run = try await ask(arguments + ["--json"])
        #expect(run.output == answer + "\n")
    }

    @Test func anUnknownCallIsAProblem() async throws {
        let run = try await ask(["explain", "6650f1a2-ff"])
        #expect(run.status == 1)
        #expect(run.errors == "fuyun: no such call\n")
    }

    @Test func anAgentThatCannotServeIsAway() async throws {
        let run = try await ask(
            ["status"],
            status: 503,
            pages: ["/v1/status": #"{"error":{"code":"unavailable","message":"stopping"}}"#]
        )
        #expect(run.status == 2)
        #expect(run.errors == "fuyun: stopping\n")
    }

    @Test(arguments: ["", "[]", "{\"containers\": 3}", "{\"containers\": [}", "not JSON"])
    func answersThatAreNotUnderstood(answer: String) async throws {
        let run = try await ask(["containers"], pages: ["/v1/containers": answer])
        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("fuyun: the agent's answer is not understood: "))
    }

    @Test(arguments: [["containers"], ["functions"]])
    func emptyListsSaySo(arguments: [String]) async throws {
        let run = try await ask(
            arguments,
            pages: ["/v1/containers": #"{"containers":[]}"#, "/v1/functions": #"{"functions":[]}"#]
        )
        #expect(run.status == 0)
        #expect(run.output.contains("no \(arguments[0]): "))
    }

    @Test func missingKeysAreShownAsUnknown() async throws {
        let run = try await ask(["containers"], pages: ["/v1/containers": #"{"new":{},"containers":[{"later":[1]}]}"#])
        #expect(run.status == 0)
        #expect(run.output.contains("-"))
        let status = try await ask(["status"], pages: ["/v1/status": "{}"])
        #expect(status.output.contains("version ?"))
    }

    @Test func manyContainers() async throws {
        let one = #"{"id":"x","runtime":"plain","cgroup":"/faas.slice/x","function":"guest/a-function-of-some-length"}"#
        let list = Array(repeating: one, count: 20_000).joined(separator: ",")
        let run = try await ask(["containers"], width: 80, pages: ["/v1/containers": "{\"containers\":[\(list)]}"])
        #expect(run.status == 0)
        #expect(run.output.split(separator: "\n").count >= 20_001)
    }

    @Test func noAgent() async throws {
        let directory = try TemporaryDirectory()
        let run = try await fuyun(["status", "--socket", directory.file("admin.sock")])
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        for words in [
            "No such file or directory", "systemctl status fuyun-agent", "journalctl -u fuyun-agent -e", "fuyun doctor",
        ] {
            #expect(run.errors.contains(words))
        }
    }

    @Test func aPathThatIsTooLong() async throws {
        let run = try await fuyun(["status", "--socket", "/" + String(repeating: "x", count: 200)])
        #expect(run.status == 1)
        #expect(run.errors.contains("107"))
    }

    @Test func terminalsAreNotSteeredByNames() async throws {
        let run = try await ask(
            ["containers"],
            pages: ["/v1/containers": #"{"containers":[{"id":"x","cgroup":"/a\u001b[2Jb"}]}"#]
        )
        #expect(!run.output.contains("\u{1B}"))
    }
}
