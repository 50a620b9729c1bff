import Testing

@testable import fuyun

struct ReplayCommandTests {
    private static let trace = """
        function,size,peak_bytes
        a,1,104857600
        a,2,209715200
        a,3,314572800
        a,4,419430400

        """

    @Test func aTraceIsReplayed() async throws {
        let directory = try TemporaryDirectory(["t.csv": Self.trace])
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
        let directory = try TemporaryDirectory(["t.csv": Self.trace])
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
        let directory = try TemporaryDirectory(["t.csv": Self.trace])
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
        (Self.trace, ["--trace", "absent.csv"], "absent.csv"),
        ("", ["--trace", "T"], "t.csv"),
        ("size,peak_bytes\n", ["--trace", "T"], "t.csv"),
        (Self.trace, ["--trace", "T", "--need", "rss"], "rss"),
        (Self.trace, ["--trace", "T", "--group", "functoin"], "functoin"),
        ("size,peak_bytes\n1,5\nmany,5\n", ["--trace", "T"], "t.csv:3"),
        ("size,peak_bytes\n1,0\n", ["--trace", "T"], "t.csv:2"),
        ("size,peak_bytes\n1,-5\n", ["--trace", "T"], "t.csv:2"),
        ("size,peak_bytes\n1\n", ["--trace", "T"], "t.csv:2"),
        (Self.trace, ["--trace", "T", "--strategies", "vpaa"], "vpaa"),
        (Self.trace, ["--trace", "T", "--strategies", "vpa:2"], "nothing after a colon"),
        (Self.trace, ["--trace", "T", "--order", "random"], "given or shuffled"),
        (Self.trace, ["--trace", "T", "--policy", "absent.json"], "absent.json"),
        (Self.trace, ["--trace", "T", "--png"], "--report"),
        (Self.trace, ["--trace", "T", "--report", "/dev/null/report"], "/dev/null/report"),
        (Self.trace, ["experiment", "overveiw"], "overveiw"),
        (Self.trace, ["experiment", "overview", "--data", "/absent"], "/absent"),
        (Self.trace, [], "--trace"),
    ])
    func whatIsWrongIsNamed(_ trace: String, _ words: [String], _ word: String) async throws {
        let directory = try TemporaryDirectory(["t.csv": trace])
        let run = try await fuyun(["replay"] + words.map { $0 == "T" ? directory.file("t.csv") : $0 })
        #expect(run.status != 0)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(word), "\(run.errors)")
    }
}
