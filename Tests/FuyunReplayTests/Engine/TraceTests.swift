import FuyunProtocol
import MemoryUnits
import Testing

@testable import FuyunReplay

@Suite struct TraceTests {
    @Test func columnsAreToldByTheirNames() throws {
        let text = """
            function,op,input_id,width,kind,rep,peak_anon_bytes,wall_ms,exit
            f,a,1,100,noise,1,1000,500,0
            f,b,2,200,"a ""b"", c",1,2000.5,1500,0\r
            f,a,3,1e3,noise,1,3000,10,0
            """
        try withFile(text) { path in
            var columns = TraceColumns()
            columns.group = ["function", "op"]
            columns.needFactor = 2
            let file = try TraceFile(path, columns)
            #expect(file.groups == ["f/a", "f/b"])
            #expect(file.rowCount == 3)
            #expect(file.needColumn == "peak_anon_bytes")
            #expect(file.layout.columns == [.init("width"), .init("kind", .category(["noise", "a \"b\", c"]))])
            let trace = try file.load()
            #expect(trace.rows[1].features == FeatureRow([200, 1]))
            #expect(trace.rows[1].need == Bytes(4001))
            #expect(trace.rows[1].seconds == 1.5)
            #expect(trace.rows[2].features == FeatureRow([1000, 0]))
            #expect(trace.rows.map(\.group) == [0, 1, 0])
        }
    }

    @Test func onlySomeCallsCount() throws {
        try withFile("\u{FEFF}x,rep,need\n1,1,10\n2,2,20\n3,1,30\n\n") { path in
            var columns = TraceColumns()
            columns.keeps = ("rep", "1")
            let trace = try TraceFile(path, columns).load()
            #expect(trace.rows.map(\.need) == [Bytes(10), Bytes(30)])
        }
    }

    /// A trace, and where and how the message says what is wrong.
    static let bad: [(String, String)] = [
        ("", ":1: the file is empty"),
        ("x,need\n", ":2: there is no call"),
        ("x,y2\n1,2\n", ":1: no column is called need_bytes"),
        ("x,need\n1,abc\n", ":2:2: column need: the need must be a number of bytes, not \"abc\""),
        ("x,need\n1,0\n", ":2:2: column need: the need must be more than 0"),
        ("x,need\n1,5\n2,-3\n", ":3:2: column need: the need must be more than 0"),
        ("x,need\n1,5\n2,nan\n", ":3:2: column need: the need must be a number"),
        ("x,need\n1,5\nword,5\n", ":3:1: column x: \"word\" is not a number"),
        ("x,need\n1,5\n,5\n", ":3:1: column x: \"\" is not a number"),
        ("x,need\n1,5\n2\n", ":3: 1 field was found, and the header names 2"),
        ("x,need\n1,5,6\n", ":2: 3 fields were found"),
        ("x,x,need\n1,1,5\n", ":1:2: the name \"x\" was there before"),
        ("x,,need\n1,1,5\n", ":1:2: the column has no name"),
        ("x,need\n\"1,5\n", ":2:1: the field's quote is never closed"),
        ("x,need\n\"1\"2,5\n", ":2:1: there is text after the closing quote"),
        ("x,need\n1\"2,5\n", ":2:1: a quote inside a field"),
        ("x,need\n1,5\r2,6\n", ":2:2: a carriage return stands alone"),
        ("x,wall_s,need\n1,-1,5\n", ":2:2: column wall_s: a time of 0 or more"),
    ]

    @Test(arguments: bad) func badTracesSayWhere(_ text: String, _ problem: String) throws {
        try withFile(text) { path in
            let error = #expect(throws: TraceError.self) { try TraceFile(path).load() }
            let description = error?.description ?? ""
            #expect(description.hasPrefix(path + problem), "\(description)")
        }
    }

    @Test func columnsThatAreNotThere() throws {
        try withFile("x,need\n1,5\n") { path in
            var columns = TraceColumns()
            columns.group = ["function"]
            let error = #expect(throws: TraceError.self) { try TraceFile(path, columns) }
            #expect(error?.problem == "there is no column \"function\" for groups; there are x, need")
        }
        #expect(throws: TraceError.self) { try TraceFile("/nonexistent/trace.csv") }
        #expect(throws: TraceError.self) { try TraceFile("/tmp") }
    }

    @Test func anIdIsNoCategory() throws {
        let lines = (0..<1_100).map { "name\($0),5" }.joined(separator: "\n")
        try withFile("word,need\n" + lines) { path in
            let error = #expect(throws: TraceError.self) { try TraceFile(path) }
            #expect(error?.line == 1_002)
            #expect(error?.problem.contains("--skip word") == true)
        }
    }

    /// However long the file is, the calls come chunk by chunk.
    @Test func callsAreStreamed() throws {
        let text = "x,need\n" + (1...20_000).map { "\($0),\($0)" }.joined(separator: "\n")
        try withFile(text) { path in
            let file = try TraceFile(path)
            var rows = try file.rows()
            var (count, sum) = (0, 0.0)
            while case let chunk = try rows.next(777), !chunk.isEmpty {
                #expect(chunk.count <= 777)
                count += chunk.count
                sum += chunk.reduce(0) { $0 + $1.features[0] }
            }
            #expect(count == 20_000)
            #expect(sum == 200_010_000)
        }
    }

    // MARK: - Observations

    private func observation(_ function: String, _ began: Int, _ more: String, width: Int = 7) -> String {
        """
        {"schema":"fuyun.observation/v1","id":"6650f1a2-\(began)","function":"\(function)","began_ms":\(began),"duration_ms":250,\
        "features":{"width":\(width),"op":"gif"},"ceiling_bytes":1073741824,\(more)}
        """
    }

    @Test func observationsAreATrace() throws {
        let seen = #""limit_bytes":1000000,"need":{"lower_bytes":400,"upper_bytes":500},"outcome":"success""#
        let killed =
            #""need":{"lower_bytes":400,"upper_bytes":null},"outcome":"crashed","oom":{"class":"own_limit","#
            + #""own_limit_exceeded":true}"#
        let full = #""limit_bytes":1000,"need":{"lower_bytes":400,"upper_bytes":1000},"outcome":"success""#
        // Newest first, as a coordinator exports.
        let lines = [
            observation("b", 9, full), observation("a", 5, seen, width: 9), observation("a", 4, killed), "",
            observation("a", 3, seen),
        ]
        try withFile(lines.joined(separator: "\n")) { path in
            #expect(try ObservationTrace.looksLike(path))
            let observed = try ObservationTrace(path)
            #expect(observed.traces.map(\.groups) == [["a"], ["b"]])
            #expect(observed.traces[0].rows.map { $0.features[0] } == [7, 9])
            #expect(observed.traces[0].rows[0].need == Bytes(500))
            #expect(observed.traces[0].rows[0].seconds == 0.25)
            #expect(observed.traces[0].rows[0].preset == .gibibytes(1))
            // Cache up to the limit: the lower end is what is known.
            #expect(observed.traces[1].rows[0].need == Bytes(400))
            #expect(observed.leftOut == ["that ran out of their limit": 1])
        }
    }

    @Test(arguments: [("{}\n", ":1: not an observation"), ("\n{\"schema\":1}", ":2: not an observation")])
    func badObservations(_ text: String, _ problem: String) throws {
        try withFile(text) { path in
            let error = #expect(throws: TraceError.self) { try ObservationTrace(path) }
            #expect(error?.description.hasPrefix(path + problem) == true, "\(String(describing: error))")
        }
    }
}
