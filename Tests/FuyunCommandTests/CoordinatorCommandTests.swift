import Glibc
import Testing

@testable import fuyun

struct CoordinatorCommandTests {
    /// So many minutes ago, as milliseconds since 1970, half a minute to spare.
    static func ago(minutes: Int) -> Int64 { Moments.now - Int64(minutes) * 60_000 - 30_000 }

    static var function: String {
        #"{"function":"guest/watermark","runtime":null,"source_digest":null,"preset_bytes":536870912,"#
            + #""minimum_bytes":null,"maximum_bytes":1073741824,"tier_bytes":null,"pinned_version":3,"never_lower":true,"#
            + #""excluded":false,"active_version":3,"candidate_version":4,"candidate_status":"canary","newest_version":4,"#
            + #""observations":41,"created_ms":1,"updated_ms":2,"last_observed_ms":\#(ago(minutes: 5))}"#
    }

    static let plain = #"{"function":"guest/new","newest_version":0}"#

    static var functions: [String: String] {
        [
            "GET /v1/functions": #"{"functions":[\#(function)],"next":"guest/watermark"}"#,
            "GET /v1/functions?after=guest%2Fwatermark": #"{"functions":[\#(plain)],"next":null}"#,
        ]
    }

    static var item: String {
        #"{"version":4,"status":"canary","supersedes":3,"author":"tuner","reason":"fitted to 41 calls","#
            + #""created_ms":1769000000000,"status_since_ms":\#(ago(minutes: 3)),"#
            + #""figures":{"calls":12,"misses":1,"waste":0.0834}"#
    }

    static func policy(_ version: Int, base: Int, frames: Double, headroom: Double) -> String {
        let document = Policies.watermark.replacing("\"version\": 3", with: "\"version\": \(version)")
            .replacing("\"base\": 42000000", with: "\"base\": \(base)")
            .replacing("\"frames\": 1.5", with: "\"frames\": \(frames)")
            .replacing("\"headroom\": 0.05", with: "\"headroom\": \(headroom)")
        return item.replacing("\"version\":4", with: "\"version\":\(version)")
            .replacing("{\"version\"", with: "{\"function\":\"guest/watermark\",\"version\"")
            + #","document":\#(document),"notes":null}"#
    }

    private func ask(
        _ arguments: [String],
        _ pages: [String: String],
        statuses: [String: Int] = [:],
        width: Int? = nil,
        input: String? = nil
    ) async throws -> (run: Recording, requests: [String], url: String) {
        let coordinator = try await StubCoordinator(pages, statuses: statuses)
        let run = try await fuyun(arguments + ["--coordinator", coordinator.url], width: width, input: input)
        try await coordinator.stop()
        return (run, coordinator.requests, coordinator.url)
    }

    @Test func functionsPageByPage() async throws {
        let (run, requests, url) = try await ask(["functions"], Self.functions)
        #expect(run.status == 0)
        #expect(requests == ["GET /v1/functions", "GET /v1/functions?after=guest%2Fwatermark"])
        #expect(
            run.output == """
                functions of the coordinator at \(url)
                FUNCTION         ACTIVE  CANDIDATE   NEWEST  KEPT  LAST CALL   PRESET  RANGE     SWITCHES
                guest/watermark       3  4 (canary)       4    41      5 min  512 MiB  to 1 GiB  pinned to 3, never lower
                guest/new             -  -                -     0          -        -  -

                """
        )
    }

    @Test(arguments: [80, 100, 120])
    func functionsFitTheTerminal(width: Int) async throws {
        let (run, _, _) = try await ask(["functions", "list"], Self.functions, width: width)
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= width })
        #expect(run.output.contains("pinned to"))
    }

    @Test func noFunctions() async throws {
        let (run, _, _) = try await ask(["functions"], ["GET /v1/functions": #"{"functions":[],"next":null}"#])
        #expect(run.output.contains("no functions: "))
    }

    @Test(
        arguments: [
            (["--pin", "3"], #"{"pinned_version":3}"#), (["--unpin"], #"{"pinned_version":null}"#),
            (["--never-lower", "on", "--exclude", "off"], #"{"never_lower":true,"excluded":false}"#),
        ]
    )
    func switchesOfAFunction(options: [String], body: String) async throws {
        let target = "PATCH /v1/functions/guest%2Fwatermark/switches"
        let (run, requests, _) = try await ask(
            ["functions", "set", "guest/watermark"] + options,
            [target: Self.function]
        )
        #expect(run.status == 0)
        #expect(requests == ["\(target) \(body)"])
        #expect(
            run.output
                == "guest/watermark  active version 3, candidate 4 (canary), pinned to 3, never lower\n"
        )
    }

    @Test func registering() async throws {
        let (run, requests, _) = try await ask(
            ["functions", "register", "guest/new", "--preset", "512m", "--maximum", "1g", "--runtime", "python:3.11"],
            ["PUT /v1/functions/guest%2Fnew": Self.plain]
        )
        #expect(run.status == 0)
        #expect(
            requests == [
                #"PUT /v1/functions/guest%2Fnew {"runtime":"python:3.11","source_digest":null,"preset_bytes":536870912,"#
                    + #""minimum_bytes":null,"maximum_bytes":1073741824,"tier_bytes":null}"#
            ]
        )
        #expect(run.output == "guest/new  no active version\n")
    }

    @Test func removing() async throws {
        let (run, requests, _) = try await ask(
            ["functions", "remove", "f", "--yes"],
            ["DELETE /v1/functions/f": ""],
            statuses: ["DELETE /v1/functions/f": 204]
        )
        #expect(run.status == 0)
        #expect(requests == ["DELETE /v1/functions/f"])
    }

    @Test func versions() async throws {
        let retired = Self.item.replacing("\"version\":4", with: "\"version\":3").replacing("canary", with: "retired")
            .replacing(#""misses":1,"waste":0.0834"#, with: #""misses":0,"waste":null"#)
        let (run, _, _) = try await ask(
            ["policies", "list", "guest/watermark"],
            ["GET /v1/functions/guest%2Fwatermark/policies": #"{"policies":[\#(Self.item)},\#(retired)}],"next":null}"#]
        )
        #expect(run.status == 0)
        #expect(
            run.output == """
                VERSION  STATUS   SINCE  CALLS  MISSES  WASTE  BY     AFTER  WHY
                      4  canary   3 min     12       1  8.3 %  tuner      3  fitted to 41 calls
                      3  retired  3 min     12       0      -  tuner      3  fitted to 41 calls

                """
        )
    }

    @Test func oneVersion() async throws {
        let pages = [
            "GET /v1/functions/guest%2Fwatermark": Self.function,
            "GET /v1/functions/guest%2Fwatermark/policies/3": Self.policy(
                3,
                base: 42_000_000,
                frames: 1.5,
                headroom: 0.05
            ),
        ]
        // The active one, since none is named.
        let (run, _, _) = try await ask(["policies", "show", "guest/watermark"], pages)
        #expect(run.status == 0)
        #expect(
            run.output
                == """
                guest/watermark  version 3, canary for 3 min
                fitted to 41 calls

                made by             tuner, 2026-01-21 12:53:20Z
                takes the place of  version 3
                calls kept          12, 1 miss, waste 8.3 %
                headroom            5 %
                calibration         {"offset_bytes":1000000,"scale":0.02}

                linear
                TERM    EXPRESSION                               VALUE
                base                                            40 MiB
                frames  width * height * 3 * min(seconds, 30)  1.5 × x
                size    size                                     2 × x

                """
        )
        let (document, _, _) = try await ask(["policies", "show", "guest/watermark", "3", "--document"], pages)
        let check = try await fuyun(["policy", "check", "-"], input: document.output)
        #expect(check.status == 0)
    }

    @Test func whatDiffers() async throws {
        let diff =
            #"{"from":3,"to":4,"changes":[{"path":"$.safety.headroom","from":0.05,"to":0.03},"#
            + #"{"path":"$.safety.bounds","from":null,"to":{"min":1}}]}"#
        let pages = [
            "GET /v1/functions/f": Self.function, "GET /v1/functions/f/policies/3/diff?to=4": diff,
        ]
        for arguments in [["policies", "diff", "f", "3", "4"], ["policies", "diff", "f", "4"]] {
            let (run, _, _) = try await ask(arguments, pages)
            #expect(run.status == 0)
            #expect(
                run.output == """
                    f  version 3 → 4
                    PATH               FROM  TO
                    $.safety.headroom  0.05  0.03
                    $.safety.bounds    -     {"min":1}

                    """
            )
        }
    }

    @Test func adding() async throws {
        let target = "POST /v1/functions/guest%2Fw/policies"
        let (run, requests, _) = try await ask(
            ["policies", "add", "guest/w", "-"],
            [target: Self.item.replacing("canary", with: "draft") + "}"],
            input: Policies.warned
        )
        #expect(run.status == 0)
        #expect(run.output == "guest/w  version 4 is added, draft\n")
        #expect(requests == ["\(target) \(Policies.warned)"])
    }

    @Test func addingWhatIsBad() async throws {
        let (local, requests, _) = try await ask(["policies", "add", "guest/f", "-"], [:], input: Policies.bad)
        #expect(local.status == 1)
        #expect(requests.isEmpty)
        #expect(local.errors.contains("<stdin>:2:"))
        #expect(local.errors.contains("did you mean \"active\""))
        let target = "POST /v1/functions/guest%2Fw/policies"
        let (remote, _, _) = try await ask(
            ["policies", "add", "guest/w", "-"],
            [
                target:
                    #"{"error":{"code":"bad_policy","message":"no","diagnostics":[{"path":"$.a","code":"c","message":"m"}]}}"#
            ],
            statuses: [target: 422],
            input: Policies.warned
        )
        #expect(remote.status == 1)
        #expect(remote.errors.contains("refuses with 422: no"))
        #expect(remote.errors.contains("$.a: m [c]"))
    }

    @Test func moving() async throws {
        let answer =
            #"{"function":"f","version":4,"status":"active","active_version":4,"candidate_version":null,"revision":9}"#
        let rows: [([String], String, String)] = [
            (
                ["activate", "f", "4", "--pin", "--reason", "tested"], "POST /v1/functions/f/policies/4/activate",
                #"{"reason":"tested","pin":true}"#
            ),
            (["retire", "f", "4"], "POST /v1/functions/f/policies/4/retire", "{}"),
            (["rollback", "f", "--reason", "bad"], "POST /v1/functions/f/rollback", #"{"reason":"bad"}"#),
        ]
        for (arguments, target, body) in rows {
            let (run, requests, _) = try await ask(["policies"] + arguments, [target: answer])
            #expect(run.status == 0)
            #expect(run.output == "f  version 4 is active\n")
            #expect(requests == ["\(target) \(body)"])
        }
    }

    static var report: String {
        let document = policy(5, base: 50_000_000, frames: 1.25, headroom: 0.03)
        let start = document.firstRange(of: "\"document\":")?.upperBound ?? document.startIndex
        let end = document.firstRange(of: ",\"notes\"")?.lowerBound ?? document.endIndex
        return #"{"function":"guest/watermark","samples":41,"decision":"publish","why":"the bound is 12 % lower","#
            + #""current":{"version":3,"mean_bound_bytes":200000000,"document":null},"#
            + #""proposal":{"version":null,"status":"canary","mean_bound_bytes":176000000,"document":\#(document[start..<end])},"#
            + #""candidates":[{"name":"skeleton","mean_bound_bytes":176000000,"loo_misses":1,"chosen":true,"why":"least"},"#
            + #"{"name":"constant","mean_bound_bytes":250000000,"loo_misses":0,"chosen":false,"why":"42 % more"}],"#
            + #""verification":{"replayed":41,"misses":0,"problems":[]}}"#
    }

    @Test func whatTheTunerWouldDo() async throws {
        let pages = [
            "POST /v1/functions/guest%2Fwatermark/tune?dry_run=true": Self.report,
            "GET /v1/functions/guest%2Fwatermark/policies/3": Self.policy(
                3,
                base: 42_000_000,
                frames: 1.5,
                headroom: 0.05
            ),
        ]
        let (run, requests, _) = try await ask(["tune", "guest/watermark", "--dry-run"], pages)
        #expect(run.status == 0)
        #expect(requests.count == 2)
        #expect(
            run.output == """
                guest/watermark  41 samples: publish
                the bound is 12 % lower

                now       190.7 MiB  mean bound of version 3
                proposed  167.8 MiB  mean bound, would start as canary, -12 %

                linear
                TERM    EXPRESSION                                 NOW  PROPOSED
                base                                            40 MiB  47.6 MiB
                frames  width * height * 3 * min(seconds, 30)  1.5 × x  1.25 × x
                size    size                                     2 × x     2 × x

                PATH               FROM  TO
                $.safety.headroom  0.05  0.03

                   TRIED     MEAN BOUND  LEFT OUT  WHY
                →  skeleton   167.8 MiB         1  least
                   constant   238.4 MiB         0  42 % more

                replay of the last 41 calls: enough for all

                dry run: nothing was changed

                """
        )
        for width in [80, 120] {
            let (narrow, _, _) = try await ask(["tune", "guest/watermark", "--dry-run"], pages, width: width)
            #expect(narrow.output.split(separator: "\n").allSatisfy { $0.count <= width })
        }
    }

    @Test func whenTheTunerHasTooLittle() async throws {
        let (run, _, _) = try await ask(
            ["tune", "f"],
            ["POST /v1/functions/f/tune": #"{"function":"f","samples":3,"decision":"not_enough","why":"6 are needed"}"#]
        )
        #expect(run.status == 0)
        #expect(run.output == "f  3 samples: not enough\n6 are needed\n")
    }

    static let status =
        #"{"version":"0.1.0","started_ms":1,"ready":true,"revision":7,"last_event":2,"#
        + #""switches":{"mode_cap":"enforce","tuning":true},"waiting_nodes":1,"tuner_queue":0}"#

    @Test func nodes() async throws {
        let (run, _, _) = try await ask(
            ["nodes"],
            [
                "GET /v1/status": Self.status,
                "GET /v1/nodes":
                    #"{"nodes":[{"node":"n1","agent_version":"0.1.0","revision":5,"observations":9,"created_ms":1,"#
                    + #""seen_ms":\#(Self.ago(minutes: 10))},{"node":"n2","created_ms":1,"seen_ms":\#(Self.ago(minutes: 300))}],"#
                    + #""next":null}"#,
            ]
        )
        #expect(run.status == 0)
        #expect(
            run.output == """
                NODE  VERSION  REVISION  BEHIND  OBSERVATIONS  HEARD OF
                n1    0.1.0           5       2             9    10 min
                n2    -               -       -             0       5 h

                """
        )
    }

    static let event =
        #"{"id":2,"time_ms":1769000000000,"kind":"policy.activated","function":"guest/f","version":3,"node":null,"#
        + #""message":"it did well"}"#

    @Test func events() async throws {
        let pages = [
            "GET /v1/status": Self.status, "GET /v1/events?after=1": #"{"events":[\#(Self.event)],"next":null}"#,
            "GET /v1/events?after=0": #"{"events":[],"next":null}"#,
        ]
        let (run, _, _) = try await ask(["events", "--last", "1"], pages)
        #expect(run.status == 0)
        #expect(
            run.output == """
                ID  TIME                  EVENT             ABOUT       MESSAGE
                 2  2026-01-21 12:53:20Z  policy.activated  v3 guest/f  it did well

                """
        )
        let (none, _, _) = try await ask(["events"], pages)
        #expect(none.output == "no events\n")
        let (json, _, _) = try await ask(["events", "--after", "1", "--json"], pages)
        #expect(json.output == #"{"events":[\#(Self.event)],"next":null}"# + "\n")
    }

    @Test func switches() async throws {
        let (run, requests, _) = try await ask(
            ["switch", "--mode-cap", "observe", "--tuning", "off"],
            ["PATCH /v1/switches": #"{"mode_cap":"observe","tuning":false}"#]
        )
        #expect(run.status == 0)
        #expect(requests == [#"PATCH /v1/switches {"mode_cap":"observe","tuning":false}"#])
        #expect(
            run.output == """
                mode cap  observe  no limit is set anywhere
                tuning    off      versions change only when you change them

                """
        )
        let (shown, _, _) = try await ask(
            ["switch", "--json"],
            ["GET /v1/switches": #"{"mode_cap":"enforce","tuning":true}"#]
        )
        #expect(shown.output == #"{"mode_cap":"enforce","tuning":true}"# + "\n")
    }

    @Test(arguments: [("watermark", "guest/watermark"), ("guest/watermrak", "guest/watermark"), ("new", "guest/new")])
    func aFunctionThatIsUnknown(name: String, near: String) async throws {
        let (run, _, url) = try await ask(["policies", "list", name], Self.functions)
        #expect(run.status == 1)
        #expect(
            run.errors
                == "fuyun: the coordinator at \(url) does not know the function \(name)\n  did you mean \(near)?\n"
        )
        let (far, _, _) = try await ask(["tune", "something-else"], Self.functions)
        #expect(far.errors.contains("fuyun functions lists those that it knows"))
    }

    @Test func aVersionThatIsUnknown() async throws {
        let (run, _, _) = try await ask(["policies", "show", "guest/new", "9"], Self.functions)
        #expect(run.status == 1)
        #expect(run.errors.contains("there is no such thing"))
    }

    @Test func nobodyThere() async throws {
        let coordinator = try await StubCoordinator([:])
        try await coordinator.stop()
        let run = try await fuyun(["nodes", "--coordinator", coordinator.url])
        #expect(run.status == 2)
        #expect(run.errors.contains(coordinator.url))
        #expect(run.errors.contains("Connection refused"))
        #expect(run.errors.contains("systemctl status fuyun-coordinator"))
    }

    @Test func refusals() async throws {
        let body = #"{"error":{"code":"x","message":"the coordinator's words"}}"#
        for (status, exit, words) in [
            (401, Int32(1), "name a token file"), (403, 1, "the coordinator's words"),
            (409, 1, "409: the coordinator's words"),
            (503, 2, "503: the coordinator's words"),
        ] {
            let (run, _, _) = try await ask(
                ["switch"],
                ["GET /v1/switches": body],
                statuses: ["GET /v1/switches": status]
            )
            #expect(run.status == exit)
            #expect(run.errors.contains(words))
        }
    }

    @Test func aTokenFileThatOthersCanRead() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("token", to: "token", mode: 0o644)
        chmod(directory.file("token"), 0o644)
        let (run, requests, _) = try await ask(["switch", "--token-file", directory.file("token")], [:])
        #expect(run.status == 1)
        #expect(requests.isEmpty)
        #expect(run.errors.contains("chmod 600 \(directory.file("token"))"))
    }

    @Test(
        arguments: [
            (["nodes"], "--coordinator URL"), (["functions", "set", "f"], "nothing to set"),
            (["functions", "set", "f", "--pin", "1", "--unpin"], "contradict"),
            (["functions", "set", "f", "--exclude", "maybe"], "exclude"),
            (["functions", "set", "a b", "--unpin"], "such as guest/video"),
            (["functions", "register", "f", "--minimum", "2g", "--maximum", "1g"], "must not be above"),
            (["functions", "remove", "f"], "--yes"),
            (["functions", "--socket", "x", "--coordinator", "y"], "give one of them"),
            (["policies", "show", "f", "0"], "numbered from 1"),
            (["policies", "show", "f", "--document", "--json"], "contradict"),
            (["policies", "activate", "f"], "<version>"), (["tune"], "<name>"),
            (["switch", "--mode-cap", "loud"], "mode-cap"), (["events", "--last", "-1"], "--last"),
        ] as [([String], String)]
    )
    func usage(arguments: [String], words: String) async throws {
        let run = try await fuyun(arguments)
        #expect(run.status == 64)
        #expect(run.errors.contains(words), "\(run.errors)")
    }

    @Test func anAddressThatIsNone() async throws {
        let run = try await fuyun(["nodes", "--coordinator", "fuyun.example.org"])
        #expect(run.status == 1)
        #expect(run.errors.contains("expected http:// or https://"))
    }
}
