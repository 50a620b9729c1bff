import FuyunDrafter
import FuyunPolicy
import Glibc
import Testing

@testable import fuyun

struct DraftCommandTests {
    static let source = """
        def main(args):
            return {"frames": bytearray(args["width"] * args["height"] * 3)}
        """

    static func draft(_ state: String, summary: String = "", versions: String = "[]") -> String {
        #"{"id":7,"function":"guest/f","state":"\#(state)","cause":"operator","dry_run":false,"created_ms":1769000000000,"#
            + #""ended_ms":\#(state == "open" ? "null" : "1769000012000"),"summary":"\#(summary)","versions":\#(versions),"#
            + #""model":\#(state == "done" ? "\"some-model\"" : "null"),"prompt_digest":null,"calls":2,"#
            + #""prompt_tokens":4100,"completion_tokens":900,"cost":0.0123,"draft":null}"#
    }

    static let item =
        #"{"version":4,"status":"shadow","supersedes":null,"author":"drafter","reason":"","created_ms":1,"status_since_ms":1}"#

    private func ask(
        _ arguments: [String],
        _ pages: [String: String],
        statuses: [String: Int] = [:]
    ) async throws -> (run: Recording, requests: [String], url: String) {
        let coordinator = try await StubCoordinator(pages, statuses: statuses)
        let run = try await fuyun(arguments + ["--coordinator", coordinator.url])
        try await coordinator.stop()
        return (run, coordinator.requests, coordinator.url)
    }

    @Test func asking() async throws {
        let directory = try TemporaryDirectory(["video.py": Self.source, "in.json": #"{"width":640,"who":"s3cret"}"#])
        let (run, requests, url) = try await ask(
            [
                "draft", "guest/f", "--source", directory.file("video.py"), "--payload", directory.file("in.json"),
                "--runtime", "python:3.12",
            ],
            [
                "GET /v1/functions/guest%2Ff": #"{"function":"guest/f","newest_version":3}"#,
                "PUT /v1/functions/guest%2Ff": #"{"function":"guest/f","newest_version":3}"#,
                "POST /v1/functions/guest%2Ff/drafts": Self.draft("open"),
                "GET /v1/functions/guest%2Ff/drafts/7?wait=15": Self.draft(
                    "done",
                    summary: "2 of 3 proposals are policies.",
                    versions: "[4,3]"
                ),
                "GET /v1/functions/guest%2Ff/policies?limit=100": #"{"policies":[\#(Self.item)],"next":null}"#,
            ]
        )
        #expect(run.errors == "")
        #expect(run.status == 0)
        #expect(requests.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }.count == 5)
        #expect(!requests.joined().contains("s3cret"))
        #expect(
            run.output == """
                guest/f  what the coordinator at \(url) gets:
                  source   1 file, 84 B: video.py
                  secrets  none found
                  payload  the shape of 1 example: names, types and powers of two of 3 places

                draft 7 is being made
                guest/f  draft 7: done
                2 of 3 proposals are policies.
                some-model, 2 questions, 4100 + 900 tokens, cost 0.0123, 12 s

                Version 4 is in shadow: calls are measured, nothing is limited. After some calls the tuner fits its numbers \
                and moves it on by itself; fuyun policies list guest/f shows how far it is, fuyun tune guest/f --dry-run what \
                is missing.

                """
        )
    }

    @Test func dryRunsRegisterNothing() async throws {
        let directory = try TemporaryDirectory(["video.py": Self.source])
        let target = "POST /v1/functions/guest%2Ff/drafts?dry_run=true"
        let (run, requests, _) = try await ask(
            ["draft", "guest/f", "--source", directory.file("video.py"), "--dry-run", "--json"],
            [target: Self.draft("failed", summary: "there is nothing to draft from")]
        )
        #expect(run.status == 1)
        #expect(requests.count == 1 && requests[0].hasPrefix(target))
        #expect(run.output.hasPrefix(#"{"id":7,"function":"guest/f","state":"failed""#))
    }

    @Test func aFunctionThatNobodyKnowsIsRegistered() async throws {
        let directory = try TemporaryDirectory(["video.py": Self.source])
        let (run, requests, _) = try await ask(
            ["draft", "ask", "guest/f", "--source", directory.file("video.py"), "--no-wait"],
            [
                "PUT /v1/functions/guest%2Ff": #"{"function":"guest/f","newest_version":0}"#,
                "POST /v1/functions/guest%2Ff/drafts": Self.draft("open"),
            ]
        )
        #expect(run.status == 0)
        #expect(requests.map { $0.prefix(4) } == ["GET ", "PUT ", "POST"])
        #expect(run.output.hasSuffix("It is still being made: fuyun draft show guest/f 7\n"))
    }

    @Test func withoutACoordinator() async throws {
        unsetenv("FUYUN_COORDINATOR")
        let run = try await fuyun(["draft", "guest/f", "--source", "video.py"])
        #expect(run.status == 64)
        #expect(run.errors.contains("drafting needs a coordinator"))
        #expect(run.errors.contains("fuyun draft prompt"))
    }

    @Test func nothingToRead() async throws {
        let directory = try TemporaryDirectory(["in.json": "no json", "video.py": Self.source])
        let missing = try await fuyun(["draft", "prompt", "--source", directory.file("none.py")])
        #expect(missing.status == 1)
        #expect(missing.errors.contains("none.py"))
        let payload = try await fuyun([
            "draft", "prompt", "--source", directory.file("video.py"), "--payload", directory.file("in.json"),
        ])
        #expect(payload.status == 1)
        #expect(payload.errors.contains("is no JSON"))
    }

    @Test func listing() async throws {
        let (run, _, _) = try await ask(
            ["draft", "list", "guest/f"],
            [
                "GET /v1/functions/guest%2Ff/drafts":
                    #"{"drafts":[\#(Self.draft("done", summary: "1 of 1", versions: "[4]"))],"next":null}"#
            ]
        )
        let lines = run.output.split(separator: "\n").map(String.init)
        let headings = lines.first?.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        #expect(headings == "DRAFT STATE AGE ASKED BY MODEL TOKENS VERSIONS SUMMARY")
        #expect(lines.last?.contains("some-model    5000  4         1 of 1") == true)
        let (none, _, _) = try await ask(
            ["draft", "list", "guest/f"],
            ["GET /v1/functions/guest%2Ff/drafts": #"{"drafts":[],"next":null}"#]
        )
        #expect(none.output == "guest/f has no drafts; fuyun draft guest/f --source PATH makes one\n")
    }

    @Test func showingTheNewest() async throws {
        let (run, requests, _) = try await ask(
            ["draft", "show", "guest/f"],
            [
                "GET /v1/functions/guest%2Ff/drafts?limit=1": #"{"drafts":[\#(Self.draft("done"))],"next":null}"#,
                "GET /v1/functions/guest%2Ff/drafts/7": Self.draft("done", summary: "Nothing could be used."),
            ]
        )
        #expect(run.status == 0)
        #expect(requests.count == 2)
        #expect(run.output.contains("Nothing of it became a version."))
    }

    @Test func candidatesWithFormulasAndDiagnostics() async throws {
        let good = try #require(PolicyCompiler.compile(Array(Policies.watermark.utf8)).document)
        let draft = Draft(
            outcome: .drafted,
            summary: "1 of 2 proposals are policies.",
            candidates: [
                DraftCandidate(document: good, rationale: "Frames are kept.", diagnostics: ["logics[0]: a warning"]),
                DraftCandidate(
                    document: nil,
                    rationale: "Guessed.",
                    diagnostics: ["logics[1].terms.x: unknown variable y"]
                ),
            ]
        )
        let recorder = Recorder()
        DraftView.show(draft, of: "guest/watermark", on: recorder.console())
        let formula = Recorder()
        if let shown = Formula(good.encoded()) { formula.console().table(Formula.table(shown, replacing: nil)) }
        #expect(
            recorder.output == """
                guest/watermark  drafted
                1 of 2 proposals are policies.

                1
                Frames are kept.
                linear
                \(formula.output)! logics[0]: a warning

                2  refused
                Guessed.
                ! logics[1].terms.x: unknown variable y

                """
        )
    }

    // MARK: By hand

    @Test func prompting() async throws {
        let directory = try TemporaryDirectory(["video.py": Self.source])
        let run = try await fuyun(["draft", "prompt", "--source", directory.file("video.py"), "--maximum", "1g"])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("----- system -----\n"))
        #expect(run.output.contains("\n----- user -----\n"))
        #expect(run.output.contains("Function: guest/video\n"))
        #expect(run.output.contains("bytearray(args"))
        let json = try await fuyun(["draft", "prompt", "guest/v", "--source", directory.file("video.py"), "--json"])
        let root = try JSONDocument.parse(Array(json.output.utf8)).root
        #expect(root["messages"]?.elements.map { $0["role"]?.text } == ["system", "user"])
        #expect(root["response_format"]?["json_schema"]?["name"]?.text == "fuyun_draft")
    }

    @Test func anAnswerThatIsNone() async throws {
        let directory = try TemporaryDirectory(["video.py": Self.source, "reply.txt": "I cannot help with that."])
        let run = try await fuyun([
            "draft", "accept", "--source", directory.file("video.py"), "--reply", directory.file("reply.txt"),
        ])
        #expect(run.status == 1)
        #expect(run.output.hasPrefix("guest/video  not usable\n"))
    }

    @Test(
        arguments: [
            (#"{"model":"m","date":"2026-11-23","prompt_digest":"sha256:1","reply":"{}"}"#, "{}", "m"),
            (#"{"choices":[{"message":{"role":"assistant","content":"hi"}}],"model":"m"}"#, "hi", "m"),
            (#"{"inputs":{}}"#, #"{"inputs":{}}"#, nil), ("prose", "prose", nil),
        ]
    )
    func answersAndRecordings(file: String, text: String, model: String?) {
        let reply = RecordedReply(Array(file.utf8))
        #expect(reply.text == text)
        #expect(reply.model == model)
    }
}
