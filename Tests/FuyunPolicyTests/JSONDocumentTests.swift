import FuyunPolicy
import Testing

@Suite struct JSONDocumentTests {
    @Test(arguments: [
        ("", "json_unexpected_end", "1:1"), ("  \n ", "json_unexpected_end", "2:2"),
        ("{", "json_unexpected_end", "1:2"),
        ("[1,", "json_unexpected_end", "1:4"), ("\"abc", "json_unexpected_end", "1:5"),
        ("{\"a\"", "json_unexpected_end", "1:5"), ("{\"a\":1", "json_unexpected_end", "1:7"),
        ("{\"a\":1,}", "json_syntax", "1:8"), ("[1,]", "json_syntax", "1:4"), ("{a:1}", "json_syntax", "1:2"),
        ("{\"a\" 1}", "json_syntax", "1:6"), ("[1 2]", "json_syntax", "1:4"), ("tru", "json_syntax", "1:1"),
        ("'a'", "json_syntax", "1:1"), ("\"a\u{1}\"", "json_syntax", "1:3"), ("\u{FEFF}{}", "json_syntax", "1:1"),
        ("// x", "json_syntax", "1:1"), ("NaN", "json_syntax", "1:1"), ("[é]", "json_syntax", "1:2"),
        ("{} {}", "json_trailing_data", "1:4"), ("1 x", "json_trailing_data", "1:3"),
        ("{\"a\":1,\n \"a\":2}", "json_duplicate_key", "2:2"), ("{\"a\":1,\"\\u0061\":2}", "json_duplicate_key", "1:8"),
        ("\"\\x\"", "json_bad_escape", "1:3"), ("\"\\u12g4\"", "json_bad_escape", "1:6"),
        ("\"\\ud800\"", "json_lone_surrogate", "1:8"), ("\"\\udc00\"", "json_lone_surrogate", "1:8"),
        ("\"\\ud800\\u0041\"", "json_lone_surrogate", "1:14"),
        ("01", "json_bad_number", "1:3"), ("1.", "json_bad_number", "1:3"), ("-", "json_bad_number", "1:2"),
        ("1e", "json_bad_number", "1:3"), ("+1", "json_bad_number", "1:1"), (".5", "json_bad_number", "1:1"),
        ("1e400", "json_bad_number", "1:6"), ("-1e400", "json_bad_number", "1:7"),
        (String(repeating: "1", count: 65), "json_bad_number", "1:66"),
        (String(repeating: "[", count: 33), "json_too_deep", "1:33"),
        ("é\"", "json_syntax", "1:1"), ("[\"é\", x]", "json_syntax", "1:7"),
    ])
    func refusesWithPlace(_ text: String, _ code: String, _ place: String) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument.parse(Array(text.utf8)) }
        #expect(error?.kind.rawValue == code, "\(text): \(String(describing: error))")
        #expect(error?.position.description == place, "\(text): \(String(describing: error))")
    }

    @Test func refusesBadEncodingAndSize() {
        let badBytes: [[UInt8]] = [[0x22, 0xFF, 0x22], [0x22, 0xC3], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xC0, 0x80]]
        for bytes in badBytes {
            let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument.parse(bytes) }
            #expect(error?.kind == .badUTF8)
        }
        let large = [UInt8](repeating: 0x20, count: JSONDocument.maximumSize + 1)
        #expect(throws: JSONSyntaxError.self) { try JSONDocument.parse(large) }
    }

    @Test(arguments: [
        ("[0,-0.5,1e3,1E-2,123456789012]", "[0,-0.5,1000,0.01,123456789012]"),
        (#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#, "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\té😀é\""),
        (" { \"b\" : [ ] , \"a\" : { } } ", #"{"b":[],"a":{}}"#), ("[true,false,null]", "[true,false,null]"),
        (
            String(repeating: "[", count: 32) + String(repeating: "]", count: 32),
            String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        ),
    ])
    func readsAndWrites(_ text: String, _ written: String) throws {
        let root = try JSONDocument.parse(Array(text.utf8)).root
        #expect(String(decoding: root.encoded(pretty: false), as: UTF8.self) == written)
        let again = try JSONDocument.parse(root.encoded()).root
        #expect(String(decoding: again.encoded(pretty: false), as: UTF8.self) == written)
    }

    @Test func knowsWhereValuesBegin() throws {
        let root = try JSONDocument.parse(Array("{\n  \"é\": [1,\n 22]\n}".utf8)).root
        #expect(root["é"]?.position == JSONPosition(line: 2, column: 8))
        guard case .array(let elements) = root["é"]?.content else { return #expect(Bool(false)) }
        #expect(elements.map { $0.position?.description } == ["2:9", "3:2"])
    }

    @Test func writesPathsThatCanBeRead() {
        let path = JSONPath.root.key("logic").key("terms").key("two words").index(3).key("")
        #expect(path.description == #"$.logic.terms["two words"][3][""]"#)
    }
}

@Suite struct JSONReaderTests {
    private enum Colour: String, CaseIterable { case red, green }

    private func read(_ text: String, _ body: (JSONElement, inout DiagnosticCollector) -> Void) throws -> [String] {
        let root = try JSONDocument.parse(Array(text.utf8)).root
        var collector = DiagnosticCollector(root: root)
        body(JSONElement(root), &collector)
        return collector.diagnostics.map(\.description)
    }

    @Test func collectsEverythingAtOnce() throws {
        let text =
            #"{"name": 1, "colour": "gren", "size": 2.5, "flag": "yes", "list": [1], "port": 70000, "extra": 1, "nam": 2}"#
        let found = try read(text) { element, collector in
            guard var object = element.object(reporting: &collector) else { return }
            #expect(object.required("name", reporting: &collector)?.string(reporting: &collector) == nil)
            #expect(object.required("colour", reporting: &collector)?.word(Colour.self, reporting: &collector) == nil)
            #expect(object.optional("size")?.integer(reporting: &collector) == nil)
            #expect(object.optional("flag")?.bool(reporting: &collector) == nil)
            #expect(object.optional("list")?.elements(count: 2...3, reporting: &collector) == nil)
            #expect(object.optional("port")?.integer(in: 1...65535, reporting: &collector) == nil)
            #expect(object.required("needed", reporting: &collector) == nil)
            object.finish(reporting: &collector)
        }
        #expect(
            found == [
                "1:2: error: $.name: found a number, expected a string [wrong_type]",
                #"1:13: error: $.colour: found "gren", expected one of "red", "green"; did you mean "green"? [bad_value]"#,
                "1:31: error: $.size: found 2.5, expected a whole number [wrong_type]",
                "1:44: error: $.flag: found a string, expected true or false [wrong_type]",
                "1:59: error: $.list: the array has 1 elements, expected 2 to 3 [out_of_range]",
                "1:72: error: $.port: found 70000, expected 1 to 65535 [out_of_range]",
                #"1:1: error: $.needed: the key "needed" is missing [missing_key]"#,
                #"1:87: error: $.extra: the key "extra" is unknown here, expected one of "name", "colour", "size", "flag", "#
                    + #""list", "port", "needed" [unknown_key]"#,
                #"1:99: error: $.nam: the key "nam" is unknown here, expected one of "name", "colour", "size", "flag", "#
                    + #""list", "port", "needed"; did you mean "name"? [unknown_key]"#,
            ]
        )
    }

    @Test func bounds() throws {
        let many = "{" + (0..<500).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        let found = try read(many) { element, collector in
            element.object(reporting: &collector)?.finish(reporting: &collector)
            #expect(collector.hasErrors)
        }
        #expect(found.count == DiagnosticCollector.limit + 1)
        #expect(found.last?.hasSuffix("[too_many_diagnostics]") == true)
    }

    @Test func acceptsGoodValues() throws {
        let text = #"{"s": "x", "n": 1.5, "i": 1e6, "b": true, "w": "red"}"#
        let found = try read(text) { element, collector in
            guard var object = element.object(reporting: &collector) else { return }
            #expect(object.optional("s")?.string(reporting: &collector) == "x")
            #expect(object.optional("n")?.number(in: 0...2, reporting: &collector) == 1.5)
            #expect(object.optional("i")?.integer(reporting: &collector) == 1_000_000)
            #expect(object.optional("b")?.bool(reporting: &collector) == true)
            #expect(object.optional("w")?.word(Colour.self, reporting: &collector) == .red)
            object.finish(reporting: &collector)
        }
        #expect(found.isEmpty)
    }
}
