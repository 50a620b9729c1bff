import FuyunPolicy
import Testing

@Suite struct ScanEndTests {
    @Test(arguments: ["", " ", "\n\t \r"])
    func tellsAnEmptyBody(_ body: String) throws {
        #expect(try scan(body, [("/a", .number)]).end == .empty)
        #expect(try scan(body, [("/a", .number)], isCut: true).end == .cut)
        #expect(
            try ScanPlan([("/a", .number)]).scan(UnsafeRawBufferPointer(start: nil, count: 0), isCut: false).end
                == .empty
        )
    }

    @Test(arguments: [
        "NaN", "nan", "Infinity", "-Infinity", "+1", "01", "-01", "1.", ".5", "-", "1e", "1e+", "1.e1", "0x10", "1_0",
        "12a",
        "tru", "truE", "nul", "nulls", "undefined", "'a'", "{a:1}", "]", "}", ",", "\"\u{1}\"", "\"a\nb\"", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\"", "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"abc", "[",
        "{",
        "{\"a\"", "{\"a\":", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{1:2}", "12 13", "{} x", "\"a\" \"b\"",
        "\u{feff}1",
    ])
    func refusesWhatIsNotJSON(_ body: String) throws {
        let result = try scan(body, [("", .length), ("/b", .number), ("/c/d", .length)])
        #expect(result.end == .malformed)
        #expect(result.offset <= body.utf8.count)
    }

    @Test(arguments: ["[1 2]", "[,1]", "[1,,2]", "[1,}", "[NaN,2]", "[1,nul,2]", "[01,2]"])
    func refusesArraysItWalks(_ body: String) throws {
        #expect(try scan(body, [("/1", .number), ("/9", .number)]).end == .malformed)
    }

    /// What is asked for is the last that is read, so nothing behind it would tell that the number is none.
    @Test(arguments: ["{\"a\":{\"b\":12", "{\"a\":{\"b\":12x}}", "{\"a\":{\"b\":12\"c\":1}}", "{\"a\":{\"b\":1.5.2}}"])
    func refusesANumberWithoutAnEnd(_ body: String) throws {
        let result = try scan(body, [("/a/b", .number)])
        #expect(result.end == .malformed)
        #expect(result.outcomes == [.absent])
    }

    @Test(
        arguments: [
            [0x80], [0xc0, 0x80], [0xc3], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff],
            [0xe2, 0x82], [0xf0, 0x9f, 0x98],
        ] as [[UInt8]]
    )
    func refusesStringsThatAreNotUTF8(_ bytes: [UInt8]) throws {
        let body = Array("\"long enough to take the fast way ".utf8) + bytes + Array("\"".utf8)
        #expect(scan(body, try ScanPlan([("", .length)]), 1).end == .malformed)
    }

    static let sample = """
        {"name":"clip \\"1\\"","skip":[{"width":1,"s":"]}\\\\"},[[],{}],-1.5e3,true,null],"width":1280,
         "\\u0068eight":720.25,"rate":"30000\\/1001","op":"wat\\u0065rmark","none":null,
         "frames":[{"width":640},{"width":1234},"héllo \\ud83d\\ude00"],"last":-0.5e-3,"flag":true}
        """
    static let entries: Entries = [
        ("/width", .number), ("/height", .number), ("/rate", .numericString), ("/op", .category(["gif", "watermark"])),
        ("/none", .number), ("/frames", .length), ("/frames/1/width", .number), ("/frames/2", .length),
        ("/last", .number), ("/flag", .number), ("/name", .length), ("/missing", .number), ("", .length),
        ("/op", .category(["gif"])), ("/width", .length), ("/skip/2", .number),
    ]

    @Test func readsTheSample() throws {
        let result = try scan(Self.sample, Self.entries)
        #expect(result.end == .complete)
        #expect(
            result.values == [1280, 720.25, 30000.0 / 1001, 1, 0, 3, 1234, 7, -0.0005, 0, 8, 0, 10, 0, 0, -1500]
        )
        #expect(
            result.outcomes == [
                .found, .found, .found, .found, .absent, .found, .found, .found, .found, .wrongType, .found, .absent,
                .found, .unknownCategory, .wrongType, .found,
            ]
        )
    }

    @Test func readsNothingWrongWhereverTheSampleIsCut() throws {
        let whole = try scan(Self.sample, Self.entries)
        let plan = try ScanPlan(Self.entries)
        let bytes = Array(Self.sample.utf8)
        for count in 0..<bytes.count {
            let cut = scan(Array(bytes.prefix(count)), plan, Self.entries.count, isCut: true)
            #expect(cut.end == .cut)
            for index in cut.outcomes.indices where cut.outcomes[index] != .absent {
                #expect(cut.outcomes[index] == whole.outcomes[index], "entry \(index), \(count) bytes")
                #expect(cut.values[index] == whole.values[index], "entry \(index), \(count) bytes")
            }
            let short = scan(Array(bytes.prefix(count)), plan, Self.entries.count)
            #expect(short.end == (count == 0 ? .empty : .malformed))
        }
    }

    @Test(arguments: [
        ("12", ScanEnd.cut), ("12 ", .complete), ("true", .cut), ("nul", .cut), ("-", .cut), ("1.", .cut),
    ])
    func trustsNoNumberThatTouchesTheCut(_ body: String, _ end: ScanEnd) throws {
        let result = try scan(body, [("", .number)], isCut: true)
        #expect(result.end == end)
        #expect(result.outcomes[0] == (end == .cut ? .absent : .found))
    }

    @Test(arguments: [1, 63, 64, 65, 999, 1000, 1001, 1002, 1100, 10_000, 1_000_000])
    func boundsNesting(_ depth: Int) throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"k\":", "}]")] {
            let levels = depth / (open.count == 6 ? 2 : 1)
            let nested = String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
            let isTooDeep = levels * (open.first == "[" && open.count > 1 ? 2 : 1) >= ScanPlan.maximumDepth
            let result = try scan("{\"skip\":\(nested),\"width\":7}", [("/width", .number)])
            #expect(result.end == (isTooDeep ? .tooDeep : .stoppedEarly))
            #expect(result.values[0] == (isTooDeep ? 0 : 7))
            // Without the closing brackets there is nothing else to find.
            let cut = try scan(
                "{\"skip\":\(String(repeating: open, count: levels))",
                [("/width", .number)],
                isCut: true
            )
            #expect(cut.end == (isTooDeep ? .tooDeep : .cut))
        }
    }

    @Test func stopsWhenItHasAll() throws {
        let result = try scan(#"{"a":{"b":1,"c":[1,2]},"d":no json here"#, [("/a/b", .number), ("/a/c", .length)])
        #expect(result.end == .stoppedEarly)
        #expect(result.values == [1, 2])
        #expect(try scan(#"{"a":1"#, []).end == .stoppedEarly)
    }

    /// Strings and brackets at every alignment to the 64 bytes that are looked at together.
    @Test func skipsAtEveryAlignment() throws {
        let hard = #"[{"a\\\"]":"\\"},"}]{[\"",[["x\\\\\""],{}],"\\\\\\\"]"]"#
        for shift in 0..<130 {
            for inner in [0, 1, 7, 33, 63, 64] {
                let filler = String(repeating: "x", count: inner)
                let body =
                    String(repeating: " ", count: shift)
                    + "{\"s\":\"\(filler)\\\\\",\"skip\":[\"\(filler)\\\"\",\(hard)],\"n\":\(hard),\"width\":42}"
                let result = try scan(body, [("/width", .number), ("/n", .length), ("/s", .length)])
                #expect(result.values == [42, 4, Double(inner + 1)])
            }
        }
    }

    /// Lengths are counted 64 bytes at a time as well.
    @Test func countsLongArrays() throws {
        for count in [1, 2, 63, 64, 65, 200, 5000] {
            for element in ["0", "[1,2]", "{\"a\":1,\"b\":2}", "\",\"", "[[],[1,[2,3]]]", " 12 "] {
                let array = "[\(Array(repeating: element, count: count).joined(separator: ","))]"
                let result = try scan(
                    "{\"a\":\(array),\"b\":1}",
                    [("/a", .length), ("/a/0", .length), ("/b", .number)]
                )
                #expect(result.values[0] == Double(count))
                #expect(result.values[2] == 1)
            }
        }
    }
}
