import FuyunPolicy
import Testing

typealias Entries = [(pointer: String, target: ScanTarget)]

struct Scanned {
    var end: ScanEnd
    var offset: Int
    var outcomes: [ScanOutcome]
    var values: [Double]
}

func scan(_ text: String, _ entries: Entries, isCut: Bool = false) throws -> Scanned {
    try scan(Array(text.utf8), ScanPlan(entries), entries.count, isCut: isCut)
}

func scan(_ bytes: [UInt8], _ plan: ScanPlan, _ count: Int, isCut: Bool = false) -> Scanned {
    let result = bytes.withUnsafeBytes { plan.scan($0, isCut: isCut) }
    return Scanned(
        end: result.end,
        offset: result.offset,
        outcomes: (0..<count).map(result.outcome),
        values: (0..<count).map(result.value)
    )
}

struct Reading: Sendable, CustomTestStringConvertible {
    var body: String
    var pointer: String
    var target: ScanTarget
    var outcome: ScanOutcome
    var value = 0.0
    var end: ScanEnd?
    var testDescription: String { "\(pointer) \(target) in \(body.prefix(60))" }

    init(
        _ body: String,
        _ pointer: String,
        _ target: ScanTarget,
        _ outcome: ScanOutcome,
        _ value: Double = 0,
        _ end: ScanEnd? = nil
    ) {
        self.body = body
        self.pointer = pointer
        self.target = target
        self.outcome = outcome
        self.value = value
        self.end = end
    }
}

@Suite struct ScanTests {
    @Test(arguments: [
        // Numbers and where they are.
        Reading("12", "", .number, .found, 12, .complete),
        Reading(" -0.5e1 ", "", .number, .found, -5, .complete),
        Reading(#"{"a":1}"#, "/a", .number, .found, 1, .stoppedEarly),
        Reading(#"{"b":2,"a":1}"#, "/a", .number, .found, 1),
        Reading(#"{"b":{"a":7},"a":1}"#, "/a", .number, .found, 1),
        Reading(#"{"b":[1,{"a":7}],"a":{"b":3}}"#, "/a/b", .number, .found, 3),
        Reading(#"{ "frames" : [ { "width" : 64 } , { "width" : 12 } ] }"#, "/frames/1/width", .number, .found, 12),
        Reading(#"{"frames":{"0":5}}"#, "/frames/0", .number, .found, 5),
        Reading("[[1,2],[3,4]]", "/1/0", .number, .found, 3),
        Reading("[1,2]", "/2", .number, .absent, 0, .complete),
        Reading("[1,2]", "/01", .number, .absent, 0, .complete),
        Reading(#"{"":{"":4}}"#, "//", .number, .found, 4),
        Reading(#"{"a/b":1,"m~n":2}"#, "/a~1b", .number, .found, 1),
        Reading(#"{"a/b":1,"m~n":2}"#, "/m~0n", .number, .found, 2),
        Reading(#"{"~1":3}"#, "/~01", .number, .found, 3),
        Reading(#"{"\u0061\/\"":3}"#, "/a~1\"", .number, .found, 3),
        Reading(#"{"h\u00e9":1,"h\ud83d\ude00":2}"#, "/h😀", .number, .found, 2),
        Reading(#"{"hé":1}"#, "/hé", .number, .found, 1),
        // The first of two equal keys counts.
        Reading(#"{"a":1,"a":2}"#, "/a", .number, .found, 1),
        Reading(#"{"a":{},"a":{"b":2}}"#, "/a/b", .number, .absent),
        // Other kinds of values.
        Reading(#"{"a":null}"#, "/a", .number, .absent),
        Reading(#"{"a":true}"#, "/a", .number, .wrongType),
        Reading(#"{"a":"1"}"#, "/a", .number, .wrongType),
        Reading(#"{"a":[1]}"#, "/a", .number, .wrongType),
        Reading(#"{"a":{"b":1}}"#, "/a", .number, .wrongType),
        Reading(#"{"a":1}"#, "/a/b", .number, .absent, 0, .stoppedEarly),
        Reading(#"{"a":"x"}"#, "/a/b", .number, .absent, 0, .stoppedEarly),
        Reading("1e400", "", .number, .wrongType, 0, .complete),
        Reading("-1e400", "", .number, .wrongType),
        // Numbers inside strings.
        Reading(#""1280""#, "", .numericString, .found, 1280),
        Reading(#"" 29.97 ""#, "", .numericString, .found, 29.97),
        Reading(#""30000/1001""#, "", .numericString, .found, 30000.0 / 1001),
        Reading(#""30000\/1001""#, "", .numericString, .found, 30000.0 / 1001),
        Reading(#""\u0031\u0032""#, "", .numericString, .found, 12),
        Reading("24", "", .numericString, .found, 24),
        Reading(#""""#, "", .numericString, .wrongType),
        Reading(#"" ""#, "", .numericString, .wrongType),
        Reading(#""1/0""#, "", .numericString, .wrongType),
        Reading(#""1/""#, "", .numericString, .wrongType),
        Reading(#""1/2/3""#, "", .numericString, .wrongType),
        Reading(#""12px""#, "", .numericString, .wrongType),
        Reading(#""nan""#, "", .numericString, .wrongType),
        Reading(#""1e400""#, "", .numericString, .wrongType),
        Reading(#""1e308/1e-308""#, "", .numericString, .wrongType),
        Reading("\"\(String(repeating: "1", count: 64))\"", "", .numericString, .found, 1.1111111111111112e63),
        Reading("\"\(String(repeating: "1", count: 65))\"", "", .numericString, .wrongType),
        Reading("\"\(String(repeating: " ", count: 70))12\"", "", .numericString, .found, 12),
        Reading("true", "", .numericString, .wrongType),
        // Lengths.
        Reading("[]", "", .length, .found, 0, .complete),
        Reading(" [ ] ", "", .length, .found, 0, .complete),
        Reading("[0]", "", .length, .found, 1, .complete),
        Reading("[1,[2,3],{\"a\":4,\"b\":5}]", "", .length, .found, 3, .complete),
        Reading("{}", "", .length, .found, 0, .complete),
        Reading(#"{"a":",","b":"]","a":[1,2]}"#, "", .length, .found, 3, .complete),
        Reading(#""""#, "", .length, .found, 0),
        Reading(#""héé""#, "", .length, .found, 3),
        Reading(#""\uD83D\uDE00""#, "", .length, .found, 1),
        Reading(#""😀\n\u00e9\"""#, "", .length, .found, 4),
        Reading(#""e\u0301""#, "", .length, .found, 2),
        Reading("12", "", .length, .wrongType),
        Reading("null", "", .length, .absent, 0, .complete),
        // Categories.
        Reading(#""gif""#, "", .category(["gif", "mp4"]), .found, 0),
        Reading(#""mp4""#, "", .category(["gif", "mp4"]), .found, 1),
        Reading(#""\u006d\u00704""#, "", .category(["gif", "mp4"]), .found, 1),
        Reading(#""webm""#, "", .category(["gif", "mp4"]), .unknownCategory),
        Reading(#""gi""#, "", .category(["gif", "mp4"]), .unknownCategory),
        Reading(#""giff""#, "", .category(["gif", "mp4"]), .unknownCategory),
        Reading(#""""#, "", .category(["gif", ""]), .found, 1),
        Reading("\"Z\\u0000\\ud83d\\ude00\\/\"", "", .category(["Z\u{0}😀/"]), .found, 0),
        Reading("1", "", .category(["1"]), .wrongType),
    ])
    func reads(_ reading: Reading) throws {
        let result = try scan(reading.body, [(reading.pointer, reading.target)])
        #expect(result.outcomes[0] == reading.outcome)
        #expect(result.values[0] == reading.value)
        if let end = reading.end { #expect(result.end == end) }
        #expect(result.end == .complete || result.end == .stoppedEarly)
    }
}
