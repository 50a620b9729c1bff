import Glibc
import SystemPackage
import Testing

@testable import fuyun

struct PolicyCheckTests {
    @Test func everyFindingHasItsPlace() async throws {
        let directory = try TemporaryDirectory(["good.json": Policies.watermark, "bad.json": Policies.bad])
        let run = try await fuyun(["policy", "check", directory.file("good.json"), directory.file("bad.json")])
        #expect(run.status == 1)
        #expect(run.errors.isEmpty)
        #expect(
            run.output.replacing(directory.path.string + "/", with: "") == """
                good.json: ok: guest/watermark version 3 (active)
                bad.json:2:39: error: $.metadata.version: found 0, expected 1 to 2147483647 [out_of_range]
                bad.json:2:53: error: $.metadata.status: found "actve", expected one of "draft", "shadow", "canary", "active", \
                "retired"; did you mean "active"? [bad_value]
                bad.json:5:31: error: $.safety.colour: the key "colour" is unknown here, expected one of "headroom", "bounds", \
                "tier_bytes", "calibration", "rescue", "canary_share" [unknown_key]
                2 documents, 1 bad, 3 errors, 0 warnings

                """
        )
    }

    @Test func goodDocumentsAreGood() async throws {
        let directory = try TemporaryDirectory(["p.json": Policies.watermark])
        let run = try await fuyun(["policy", "check", directory.file("p.json")])
        #expect(run.status == 0)
        #expect(run.output.hasSuffix("1 document, 0 errors, 0 warnings\n"))
    }

    @Test func strictMakesErrorsOfWarnings() async throws {
        let directory = try TemporaryDirectory(["w.json": Policies.warned])
        let lenient = try await fuyun(["policy", "check", directory.file("w.json")])
        #expect(lenient.status == 0)
        #expect(lenient.output.contains("warning: $.inputs.variables[0]: nothing uses the variable \"n\""))
        let strict = try await fuyun(["policy", "check", "--strict", directory.file("w.json")])
        #expect(strict.status == 1)
        #expect(strict.output.contains("error: $.inputs.variables[0]: nothing uses the variable \"n\""))
    }

    @Test func directoriesStandForTheirDocuments() async throws {
        let directory = try TemporaryDirectory([
            "b.json": Policies.warned, "a.json": Policies.watermark, ".hidden.json": "{", "notes.txt": "{",
            "inner/c.json": "{",
        ])
        let run = try await fuyun(["policy", "check", directory.path.string])
        #expect(run.status == 0)
        let names = run.output.split(separator: "\n").filter { $0.contains(": ok: ") }.map {
            $0.split(separator: ":")[0].suffix(6)
        }
        #expect(names == ["a.json", "b.json"])
    }

    @Test func sameVersionTwiceIsAnError() async throws {
        let directory = try TemporaryDirectory(["a.json": Policies.watermark, "b.json": Policies.watermark])
        let run = try await fuyun(["policy", "check", directory.path.string])
        #expect(run.status == 1)
        #expect(
            run.output.contains(
                "b.json:3:48: error: $.metadata.version: version 3 of \"guest/watermark\" is already in"
            )
        )
    }

    @Test func standardInputIsRead() async throws {
        let run = try await fuyun(["policy", "check", "-"], input: "{\"schema\": 1,}")
        #expect(run.status == 1)
        #expect(run.output.hasPrefix("<stdin>:1:"))
    }

    @Test(arguments: [
        ("absent.json", "absent.json: error: $: cannot be read: No such file or directory [unreadable]"),
        ("large.json", "large.json: error: $: is larger than 1 MiB, the most that is read [unreadable]"),
        ("pipe", "pipe:1:1: error: $: "),
        ("empty", "empty: warning: $: holds no policy document (*.json) [no_documents]"),
    ])
    func whatCannotBeReadIsSaid(name: String, expected: String) async throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: " ", count: (1 << 20) + 1), to: "large.json")
        directory.makeDirectory("empty")
        mkfifo(directory.file("pipe"), 0o600)
        let run = try await fuyun(["policy", "check", directory.file(name)])
        #expect(run.status == (name == "empty" ? 0 : 1))
        #expect(run.output.replacing(directory.path.string + "/", with: "").hasPrefix(expected))
    }

    @Test func jsonForPrograms() async throws {
        let directory = try TemporaryDirectory(["w.json": Policies.warned])
        let run = try await fuyun(["policy", "check", "--json", directory.file("w.json")])
        #expect(run.status == 0)
        #expect(
            run.output.replacing(directory.path.string + "/", with: "") == """
                {
                  "ok": true,
                  "errors": 0,
                  "warnings": 2,
                  "files": [
                    {
                      "file": "w.json",
                      "ok": true,
                      "policy_id": "guest/w",
                      "version": 1,
                      "status": "draft",
                      "diagnostics": [
                        {
                          "severity": "warning",
                          "line": 3,
                          "column": 48,
                          "path": "$.inputs.variables[0]",
                          "code": "unused_variable",
                          "message": "nothing uses the variable \\"n\\"; it is read from each payload all the same"
                        },
                        {
                          "severity": "warning",
                          "line": 3,
                          "column": 48,
                          "path": "$.inputs.variables[0]",
                          "code": "no_range",
                          "message": "the variable \\"n\\" has no \\"range\\", so any number is believed and the formula \
                cannot be tried at its corners"
                        }
                      ]
                    }
                  ]
                }

                """
        )
    }
}
