import Testing

@testable import fuyun

/// Four calls of one function, each of which needs more than the one before.
private let replayTrace = """
    function,size,peak_bytes
    a,1,104857600
    a,2,209715200
    a,3,314572800
    a,4,419430400

    """

struct ReplayCommandTests {
    @Test func aTraceIsReplayed() async throws {
        let directory = try TemporaryDirectory(["t.csv": replayTrace])
        let run = try await fuyun([
            "replay", "--trace", directory.file("t.csv"), "--group", "function", "--strategies",
            "preset,oracle,max-seen",
        ])
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
        #expect(run.output.contains("4 calls, 1 group"))
        let oracle = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("oracle") })
        #expect(oracle.contains(" 0.00 ") && oracle.contains(" 0.000 "))
    }

    @Test func oneSeedGivesTheSameAnswer() async throws {
        let directory = try TemporaryDirectory(["t.csv": replayTrace])
        let words = [
            "replay", "--trace", directory.file("t.csv"), "--order", "shuffled", "--seed", "7", "--runs", "3", "--json",
            "--tier", "16MiB", "--strategies", "max-seen,fuyun",
        ]
        let (first, second) = (try await fuyun(words), try await fuyun(words))
        #expect(first.status == 0)
        #expect(first.output == second.output)
        #expect(first.output.hasPrefix("{"))
    }

    @Test func aReportIsWritten() async throws {
        let directory = try TemporaryDirectory(["t.csv": replayTrace])
        let run = try await fuyun([
            "replay", "--trace", directory.file("t.csv"), "--strategies", "max-seen", "--report",
            directory.file("made/report"),
        ])
        #expect(run.status == 0)
        let again = try await fuyun(["replay", "--trace", directory.file("made/report/table.csv")])
        #expect(again.status != 0)
        #expect(again.errors.contains("table.csv"))
    }

    /// A word of what is said, for each thing that can be wrong; `T` stands for the trace.
    @Test(arguments: [
        (replayTrace, ["--trace", "absent.csv"], "absent.csv"),
        ("", ["--trace", "T"], "t.csv"),
        ("size,peak_bytes\n", ["--trace", "T"], "t.csv"),
        (replayTrace, ["--trace", "T", "--need", "rss"], "rss"),
        (replayTrace, ["--trace", "T", "--group", "functoin"], "functoin"),
        ("size,peak_bytes\n1,5\nmany,5\n", ["--trace", "T"], "t.csv:3"),
        ("size,peak_bytes\n1,0\n", ["--trace", "T"], "t.csv:2"),
        ("size,peak_bytes\n1,-5\n", ["--trace", "T"], "t.csv:2"),
        ("size,peak_bytes\n1\n", ["--trace", "T"], "t.csv:2"),
        (replayTrace, ["--trace", "T", "--strategies", "vpaa"], "vpaa"),
        (replayTrace, ["--trace", "T", "--strategies", "vpa:2"], "nothing after a colon"),
        (replayTrace, ["--trace", "T", "--order", "random"], "given or shuffled"),
        (replayTrace, ["--trace", "T", "--policy", "absent.json"], "absent.json"),
        (replayTrace, ["--trace", "T", "--png"], "--report"),
        (replayTrace, ["--trace", "T", "--report", "/dev/null/report"], "/dev/null/report"),
        (replayTrace, ["experiment", "overveiw"], "overveiw"),
        (replayTrace, ["experiment", "overview", "--data", "/absent"], "/absent"),
        (replayTrace, [], "--trace"),
    ])
    func whatIsWrongIsNamed(_ trace: String, _ words: [String], _ word: String) async throws {
        let directory = try TemporaryDirectory(["t.csv": trace])
        let run = try await fuyun(["replay"] + words.map { $0 == "T" ? directory.file("t.csv") : $0 })
        #expect(run.status != 0)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(word), "\(run.errors)")
    }
}
