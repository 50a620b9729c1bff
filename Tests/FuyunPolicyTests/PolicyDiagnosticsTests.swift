import FuyunPolicy
import Testing

/// One edit of a good document and the finding that it must lead to.
struct Mistake: Sendable, CustomTestStringConvertible {
    var find: String
    var replace: String
    var path: String
    var code: String

    init(_ find: String, _ replace: String, _ path: String, _ code: String) {
        self.find = find
        self.replace = replace
        self.path = path
        self.code = code
    }

    var testDescription: String { "\(find) → \(replace)" }

    func applied(to text: String) -> String { text.replacing(find, with: replace, maxReplacements: 1) }
}

@Suite struct PolicyDiagnosticsTests {
    static let mistakes: [Mistake] = [
        // The document.
        Mistake("{\n  \"schema\"", "[{\n  \"schema\"", "$", "json_unexpected_end"),
        Mistake("fuyun.policy/v1", "fuyun.policy/v2", "$.schema", "unknown_schema"),
        Mistake(#""schema": "fuyun.policy/v1","#, "", "$.schema", "missing_key"),
        Mistake(#""fuyun.policy/v1","#, "1,", "$.schema", "wrong_type"),
        Mistake(#""schema":"#, #""shema": "", "schema":"#, "$.shema", "unknown_key"),
        Mistake(#""metadata": {"#, #""metadate": {"#, "$.metadata", "missing_key"),
        Mistake(#""safety": {"#, #""safety": 1, "x": {"#, "$.safety", "wrong_type"),
        // Metadata.
        Mistake(#""policy_id": "guest/video-watermark", "#, "", "$.metadata.policy_id", "missing_key"),
        Mistake("guest/video-watermark", "guest video", "$.metadata.policy_id", "bad_value"),
        Mistake("guest/video-watermark", "", "$.metadata.policy_id", "bad_value"),
        Mistake(
            "guest/video-watermark",
            String(repeating: "f", count: 257),
            "$.metadata.policy_id",
            "bad_value"
        ),
        Mistake(#""version": 3"#, #""version": 0"#, "$.metadata.version", "out_of_range"),
        Mistake(#""version": 3"#, #""version": 3.5"#, "$.metadata.version", "wrong_type"),
        Mistake(#""version": 3"#, #""version": "3""#, "$.metadata.version", "wrong_type"),
        Mistake(#""version": 3, "#, "", "$.metadata.version", "missing_key"),
        Mistake(#""active""#, #""live""#, "$.metadata.status", "bad_value"),
        Mistake(#""status": "active", "#, "", "$.metadata.status", "missing_key"),
        Mistake(#""supersedes": 2"#, #""supersedes": 3"#, "$.metadata.supersedes", "out_of_range"),
        Mistake(#""kind": "llm", "#, "", "$.metadata.origin.kind", "missing_key"),
        Mistake(#""model""#, #""modell""#, "$.metadata.origin.modell", "unknown_key"),
        Mistake(#""2026-01-31T12:00:00Z""#, "17", "$.metadata.updated_at", "wrong_type"),
        // Inputs.
        Mistake(#""source": "payload""#, #""source": "ticket""#, "$.inputs.source", "bad_value"),
        Mistake(#""source": "payload","#, "", "$.inputs.source", "missing_key"),
        Mistake(#""name": "height""#, #""name": "width""#, "$.inputs.variables[1].name", "duplicate_variable"),
        Mistake(#""name": "height""#, #""name": "2nd""#, "$.inputs.variables[1].name", "bad_value"),
        Mistake(#""name": "height""#, #""name": "max""#, "$.inputs.variables[1].name", "bad_value"),
        Mistake(#""name": "height", "#, "", "$.inputs.variables[1].name", "missing_key"),
        Mistake(#""type": "integer""#, #""type": "int""#, "$.inputs.variables[0].type", "bad_value"),
        Mistake(#""type": "integer", "#, "", "$.inputs.variables[0].type", "missing_key"),
        Mistake(#""unit": "px""#, #""unit": """#, "$.inputs.variables[0].unit", "out_of_range"),
        Mistake("[1, 16384]", "[16384, 1]", "$.inputs.variables[0].range", "range_reversed"),
        Mistake("[1, 16384]", "[1]", "$.inputs.variables[0].range", "out_of_range"),
        Mistake("[1, 16384]", "[1, 2.5]", "$.inputs.variables[0].range[1]", "wrong_type"),
        Mistake("[1, 16384]", "[1, null]", "$.inputs.variables[0].range[1]", "wrong_type"),
        Mistake(#""values": ["gif", "watermark"]"#, #""range": [0, 1]"#, "$.inputs.variables[4].values", "missing_key"),
        Mistake(#""values": ["gif", "watermark"]"#, #""values": []"#, "$.inputs.variables[4].values", "out_of_range"),
        Mistake(
            #""values": ["gif", "watermark"]"#,
            #""values": ["gif", "gif"]"#,
            "$.inputs.variables[4].values[1]",
            "duplicate_value"
        ),
        Mistake(
            #""range": [1, 240]}"#,
            #""range": [1, 240], "values": ["a"]}"#,
            "$.inputs.variables[2].values",
            "unknown_key"
        ),
        Mistake(
            #"{"name": "width""#,
            String(repeating: #"{"name": "v", "type": "number"},"#, count: 12) + #"{"name": "width""#,
            "$.inputs.variables",
            "out_of_range"
        ),
        // Mapping.
        Mistake(#""height": {"json": "/object/height"},"#, "", "$.inputs.mapping.height", "missing_key"),
        Mistake(#""height": {"#, #""higth": {"#, "$.inputs.mapping.higth", "mapping_without_variable"),
        Mistake(#""json": "/object/width""#, "", "$.inputs.mapping.width", "bad_mapping"),
        Mistake(
            #"{"json": "/object/width"}"#,
            #"{"json": "/w", "header": "w"}"#,
            "$.inputs.mapping.width",
            "bad_mapping"
        ),
        Mistake("/object/width", "object.width", "$.inputs.mapping.width.json", "bad_pointer"),
        Mistake("/object/width", "/object~2width", "$.inputs.mapping.width.json", "bad_pointer"),
        Mistake("/object/width", "/list/-", "$.inputs.mapping.width.json", "bad_pointer"),
        Mistake(#""/object/width""#, "5", "$.inputs.mapping.width.json", "wrong_type"),
        Mistake(#"{"json": "/object/width"}"#, #"{"body": "lines"}"#, "$.inputs.mapping.width.body", "bad_value"),
        Mistake(#"{"json": "/object/width"}"#, #"{"header": "a b"}"#, "$.inputs.mapping.width.header", "bad_value"),
        Mistake(
            #"{"json": "/object/width"}"#,
            #"{"jsn": "/object/width"}"#,
            "$.inputs.mapping.width.jsn",
            "unknown_key"
        ),
        Mistake(#"{"json": "/op""#, #"{"json_length": "/op""#, "$.inputs.mapping.op", "bad_mapping"),
        Mistake(#""default": 30"#, #""default": 300"#, "$.inputs.mapping.fps.default", "out_of_range"),
        Mistake(#""default": 30"#, #""default": "30""#, "$.inputs.mapping.fps.default", "wrong_type"),
        Mistake(#""default": "watermark""#, #""default": "frame""#, "$.inputs.mapping.op.default", "bad_value"),
        Mistake(
            #"{"json": "/object/width"}"#,
            #"{"json": "/w", "default": 1.5}"#,
            "$.inputs.mapping.width.default",
            "wrong_type"
        ),
        // Logic.
        Mistake(#""type": "linear""#, #""type": "quadratic""#, "$.logic.type", "bad_value"),
        Mistake(#""type": "linear","#, "", "$.logic.type", "missing_key"),
        Mistake(#""type": "linear""#, #""type": "constant""#, "$.logic.terms", "unknown_key"),
        Mistake(#""type": "linear""#, #""type": "power""#, "$.logic.exponents", "missing_key"),
        Mistake(#""type": "linear""#, #""type": "exponential""#, "$.logic.rates", "missing_key"),
        Mistake(#""type": "linear""#, #""type": "piecewise_linear""#, "$.logic.knots", "missing_key"),
        Mistake(#""type": "linear""#, #""rates": {}, "type": "linear""#, "$.logic.rates", "unknown_key"),
        Mistake(#""select": "op""#, #""select": "operation""#, "$.logic.select", "select_unknown"),
        Mistake(#""select": "op""#, #""select": "width""#, "$.logic.select", "select_not_category"),
        Mistake(#""gif": {"pixels": "width * height"},"#, "", "$.logic.terms.gif", "law_missing"),
        Mistake(#""gif": {"base""#, #""jif": {"base""#, "$.logic.coefficients.jif", "law_unknown"),
        Mistake(#""select": "op","#, "", "$.logic.terms.gif", "wrong_type"),
        Mistake(#""base": 42000000, "#, "", "$.logic.coefficients.watermark.base", "missing_key"),
        Mistake("42000000", "\"42 MB\"", "$.logic.coefficients.watermark.base", "wrong_type"),
        Mistake(
            #", "frames": 1.3"#,
            "",
            "$.logic.coefficients.watermark.frames",
            "term_without_coefficient"
        ),
        Mistake(
            #", "frames": 1.3"#,
            #", "frames": 1, "frame": 1"#,
            "$.logic.coefficients.watermark.frame",
            "coefficient_without_term"
        ),
        Mistake(#"{"pixels":"#, #"{"base":"#, "$.logic.terms.gif.base", "bad_value"),
        Mistake(#""width * height"}"#, "5}", "$.logic.terms.gif.pixels", "wrong_type"),
        Mistake(
            #"{"pixels": "width * height"}"#,
            #"{"pixels": "width", "b": "1", "c": "1", "d": "1", "e": "1"}"#,
            "$.logic.terms.gif",
            "out_of_range"
        ),
        Mistake(#"fps * duration, 30)"#, "fps * duration, 30", "$.logic.terms.watermark.frames", "expression_syntax"),
        Mistake("min(fps", "min(fsp", "$.logic.terms.watermark.frames", "expression_unknown_variable"),
        Mistake("min(fps", "int(fps", "$.logic.terms.watermark.frames", "expression_unknown_function"),
        Mistake("min(fps * duration, 30)", "min(fps)", "$.logic.terms.watermark.frames", "expression_argument_count"),
        Mistake("min(fps", "min(op", "$.logic.terms.watermark.frames", "expression_category"),
        // Safety.
        Mistake(#""headroom": 0.05, "#, "", "$.safety.headroom", "missing_key"),
        Mistake(#""headroom": 0.05"#, #""headroom": -0.05"#, "$.safety.headroom", "out_of_range"),
        Mistake(#""headroom": 0.05"#, #""headroom": 11"#, "$.safety.headroom", "out_of_range"),
        Mistake(#""headroom": 0.05"#, #""headroom": "5%""#, "$.safety.headroom", "wrong_type"),
        Mistake("33554432", "4294967296", "$.safety.bounds", "bounds_reversed"),
        Mistake("33554432", "-1", "$.safety.bounds.min", "out_of_range"),
        Mistake("2147483648", "100", "$.safety.bounds.max", "out_of_range"),
        Mistake(#""max""#, #""maximum""#, "$.safety.bounds.maximum", "unknown_key"),
        Mistake("1048576", "4095", "$.safety.tier_bytes", "out_of_range"),
        Mistake("1048576", "1073741825", "$.safety.tier_bytes", "out_of_range"),
        Mistake("1048576", "1e400", "$", "json_bad_number"),
        Mistake(
            #""offset_bytes": 1000000"#,
            #""offset_bytes": -1"#,
            "$.safety.calibration.offset_bytes",
            "out_of_range"
        ),
        Mistake(#""scale": 0.1"#, #""scale": -0.1"#, "$.safety.calibration.scale", "out_of_range"),
        Mistake(#""scale": 0.1"#, #""factor": 0.1"#, "$.safety.calibration.factor", "unknown_key"),
        Mistake(#""canary_share": 0.25"#, #""canary_share": 25"#, "$.safety.canary_share", "out_of_range"),
    ]

    @Test(arguments: mistakes) func refuses(_ mistake: Mistake) {
        let text = mistake.applied(to: PolicyTexts.video)
        #expect(text != PolicyTexts.video, "the edit does not apply")
        let compilation = compile(text)
        #expect(compilation.policy == nil)
        let found = compilation.errors.map { "\($0.path) \($0.code)" }
        #expect(found.contains("\(mistake.path) \(mistake.code)"), "\(compilation.diagnostics)")
        #expect(compilation.errors.allSatisfy { $0.position != nil })
    }

    static let familyMistakes: [(String, String, String)] = [
        (#"{"type": "constant", "coefficients": {}}"#, "$.logic.coefficients.base", "missing_key"),
        (
            #"{"type": "constant", "coefficients": {"base": 1, "a": 2}}"#, "$.logic.coefficients.a",
            "coefficient_without_term"
        ),
        (#"{"type": "constant"}"#, "$.logic.coefficients", "missing_key"),
        (#"{"type": "linear", "terms": {}, "coefficients": {"base": 1}}"#, "$.logic.terms", "no_terms"),
        (#"{"type": "linear", "terms": [], "coefficients": {"base": 1}}"#, "$.logic.terms", "wrong_type"),
        (
            #"{"type": "power", "terms": {"a": "x"}, "coefficients": {"base": 1, "a": 1}, "exponents": {}}"#,
            "$.logic.exponents.a", "term_without_exponent"
        ),
        (
            #"{"type": "power", "terms": {"a": "x"}, "coefficients": {"base": 1, "a": 1}, "exponents": {"a": 1, "b": 2}}"#,
            "$.logic.exponents.b", "exponent_without_term"
        ),
        (
            #"{"type": "exponential", "terms": {"a": "x"}, "coefficients": {"base": 1, "a": 1}, "rates": {"c": 1}}"#,
            "$.logic.rates.a", "term_without_rate"
        ),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x"}, "knots": {}}"#, "$.logic.knots.a", "term_without_knots"
        ),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x"}, "knots": {"a": [[0, 1]]}}"#, "$.logic.knots.a",
            "out_of_range"
        ),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x"}, "knots": {"a": [[0, 1], [0, 2]]}}"#,
            "$.logic.knots.a[1]", "knots_not_sorted"
        ),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x"}, "knots": {"a": [[0, 1], [1, 2, 3]]}}"#,
            "$.logic.knots.a[1]", "out_of_range"
        ),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x"}, "knots": {"a": [[0, -1e308], [1, 1e308]]}}"#,
            "$.logic.knots.a[1]", "out_of_range"
        ),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x"}, "coefficients": {"base": 1, "a": 2}, "#
                + #""knots": {"a": [[0, 1], [1, 2]]}}"#,
            "$.logic.coefficients.a", "coefficient_without_term"
        ),
    ]

    @Test(arguments: familyMistakes) func refusesInFamilies(_ logic: String, _ path: String, _ code: String) {
        let compilation = compile(PolicyTexts.small(logic: logic))
        #expect(compilation.policy == nil)
        #expect(
            compilation.errors.map { "\($0.path) \($0.code)" }.contains("\(path) \(code)"),
            "\(compilation.diagnostics)"
        )
    }

    @Test func reportsAllMistakesAtOnce() {
        let edits = [
            Mistake(#""version": 3"#, #""version": 0"#, "", ""), Mistake("[1, 240]", "[240, 1]", "", ""),
            Mistake(#""headroom": 0.05"#, #""headroom": 99"#, "", ""),
            Mistake(#""frames": 1.3"#, #""frame": 1.3"#, "", ""),
        ]
        let text = edits.reduce(PolicyTexts.video) { $1.applied(to: $0) }
        let found = Set(compile(text).errors.map { "\($0.path) \($0.code)" })
        #expect(
            found == [
                "$.metadata.version out_of_range",
                "$.inputs.variables[2].range range_reversed",
                "$.logic.coefficients.watermark.frame coefficient_without_term",
                "$.logic.coefficients.watermark.frames term_without_coefficient", "$.safety.headroom out_of_range",
            ]
        )
    }

    @Test func readsAsASentence() {
        let text = Mistake("min(fps", "min(fsp", "", "").applied(to: PolicyTexts.video)
        #expect(
            compile(text).diagnostics.map(\.description) == [
                #"30:21: error: $.logic.terms.watermark.frames: at character 26: there is no variable "fsp", expected one of "#
                    + #""width", "height", "fps", "duration"; did you mean "fps"? [expression_unknown_variable]"#
            ]
        )
    }

    @Test(arguments: [
        (
            #"{"type": "linear", "terms": {"a": "x"}, "coefficients": {"base": 1, "a": 1}}"#, "$.inputs.variables[1]",
            "unused_variable"
        ),
        (
            #"{"type": "linear", "terms": {"a": "x + y"}, "coefficients": {"base": 1000, "a": -1}}"#,
            "$.logic.coefficients.a", "negative_coefficient"
        ),
        (
            #"{"type": "linear", "terms": {"a": "x + y"}, "coefficients": {"base": 0, "a": 1}}"#, "$.logic.terms",
            "corner_not_positive"
        ),
        (
            #"{"type": "linear", "terms": {"a": "x / y"}, "coefficients": {"base": 1, "a": 1}}"#, "$.logic.terms",
            "corner_not_finite"
        ),
        (#"{"type": "constant", "coefficients": {"base": 0}}"#, "$.logic.coefficients", "corner_not_positive"),
        (
            #"{"type": "piecewise_linear", "terms": {"a": "x + y"}, "knots": {"a": [[0, 9], [1, 8]]}}"#,
            "$.logic.knots.a", "negative_coefficient"
        ),
    ]) func warns(_ logic: String, _ path: String, _ code: String) {
        let compilation = compile(PolicyTexts.small(logic: logic))
        #expect(compilation.policy != nil)
        let found = compilation.diagnostics.map { "\($0.severity) \($0.path) \($0.code)" }
        #expect(found.contains("warning \(path) \(code)"), "\(compilation.diagnostics)")
    }

    @Test func warnsWhereThereIsNoRange() {
        let text = Mistake(#", "range": [1, 240]"#, "", "", "").applied(to: PolicyTexts.video)
        #expect(compile(text).diagnostics.map { "\($0.path) \($0.code)" } == ["$.inputs.variables[2] no_range"])
    }

    @Test(arguments: PolicyTexts.all.prefix(2)) func goodDocumentsAreSilent(_ text: String) {
        #expect(compile(text).diagnostics.isEmpty)
    }
}
