extension BadReply {
    static let all: [BadReply] = shapes + inputs + formulas + claims + injected

    private static let coefficient = #""coefficient": { "expected": 6, "low": 3, "high": 12 }"#

    /// Not the JSON that was asked for.
    private static let shapes: [BadReply] = [
        .whole("empty", "", says: "no JSON object"),
        .whole("prose", "I would say about 512 MB should do.", says: "no JSON object"),
        .whole("HTML", "<html><body>502 Bad Gateway</body></html>", says: "no JSON object"),
        .whole("an array", "[1, 2, 3]", says: "no JSON object"),
        .whole("a brace", "{", says: "expected"),
        .whole("NUL", "{\u{0}}", says: ""),
        .whole("nothing in it", "{}", at: "$.analysis", says: "missing"),
        .whole("another object", #"{"error":{"message":"quota"}}"#, at: "$.error", says: "unknown"),
        .whole("cut", String(good.prefix(good.count / 2)), at: "$.proposal", says: "missing"),
        .whole("nested deeply", #"{"proposal":"# + String(repeating: "[", count: 5000), says: "nested"),
        .whole("braces without end", String(repeating: "{", count: 100_000), says: ""),
        .whole("too long", good + String(repeating: " ", count: 300 << 10), says: "bytes"),
        .edit("no number", "\"high\": 12", to: "\"high\": NaN", at: "$", says: ""),
        .edit("infinite", "\"high\": 12", to: "\"high\": 1e999", at: "$", says: ""),
        .edit("twice the same key", "\"low\": 3,", to: "\"low\": 3, \"low\": 4,", at: "$", says: "low"),
        .edit("no analysis", "\"analysis\"", to: "\"thoughts\"", at: "$.thoughts", says: "unknown"),
        .edit("no variables", "\"variables\"", to: "\"inputs\"", at: "$.proposal.variables", says: "missing"),
        .edit(
            "no rationale",
            #""rationale": "Three bytes a pixel, twice.","#,
            to: "",
            at: skeleton + ".rationale",
            says: "missing"
        ),
        .edit(
            "no claim",
            #""grows_with": ["width", "height"],"#,
            to: #""note": 1,"#,
            at: skeleton + ".grows_with",
            says: "missing"
        ),
        .edit(
            "a text for a list",
            #"["width", "height"]"#,
            to: #""width""#,
            at: skeleton + ".grows_with",
            says: "array"
        ),
        .edit(
            "a text for a number",
            "\"expected\": 6",
            to: "\"expected\": \"6\"",
            at: term + ".coefficient.expected",
            says: "number"
        ),
        .edit("unknown family", "\"linear\"", to: "\"quadratic\"", at: skeleton + ".family", says: "quadratic"),
        .edit("no laws", "\"laws\": [", to: "\"laws\": [], \"more\": [", at: skeleton + ".laws", says: "1"),
        .edit("no name", "\"two pictures\"", to: "\"\"", at: skeleton + ".name", says: "1"),
    ]

    /// Variables that are not what payloads have.
    private static let inputs: [BadReply] = [
        .edit(
            "a place that is nowhere",
            "/image/height",
            to: "/picture/height",
            at: variables + "[1].at",
            says: "/image/height"
        ),
        .edit("no pointer", "/image/height", to: "image.height", at: variables + "[1].at", says: ""),
        .edit("text for a number", "/image/height", to: "/image/format", at: variables + "[1].at", says: "text"),
        .edit("a number in a text", "number_of", to: "json", at: variables + "[3].at", says: "number_of"),
        .edit(
            "a length in seconds",
            "number_of\", \"at\": \"/seconds",
            to: "json_length\", \"at\": \"/sizes",
            at: variables + "[3].unit",
            says: "count"
        ),
        .edit(
            "unknown unit",
            "\"unit\": \"s\"",
            to: "\"unit\": \"fortnight\"",
            at: variables + "[3].unit",
            says: "fortnight"
        ),
        .edit(
            "a name against its unit",
            "\"seconds\", \"type\"",
            to: "\"length_ms\", \"type\"",
            at: variables + "[3].unit",
            says: "length_ms"
        ),
        .edit(
            "the same name twice",
            "\"name\": \"height\"",
            to: "\"name\": \"width\"",
            at: variables + "[1].name",
            says: "already"
        ),
        .edit(
            "a name that is a function",
            "\"name\": \"seconds\"",
            to: "\"name\": \"min\"",
            at: variables + "[3].name",
            says: "min"
        ),
        .edit(
            "a name that is no name",
            "\"name\": \"seconds\"",
            to: "\"name\": \"a b; rm\"",
            at: variables + "[3].name",
            says: ""
        ),
        .edit(
            "a range that is reversed",
            "\"minimum\": 0, \"maximum\": 3600",
            to: "\"minimum\": 3600, \"maximum\": 0",
            at: variables + "[3].maximum",
            says: "below"
        ),
        .edit(
            "a range that has no end",
            "\"maximum\": 3600",
            to: "\"maximum\": null",
            at: variables + "[3].maximum",
            says: "both"
        ),
        .edit(
            "a range without any payload",
            "\"minimum\": 1, \"maximum\": 8000",
            to: "\"minimum\": 9000, \"maximum\": 9999",
            at: variables + "[1].minimum",
            says: "covers nothing"
        ),
        .edit("a huge range", "\"maximum\": 3600", to: "\"maximum\": 1e300", at: variables + "[3].maximum", says: "1"),
        .edit(
            "a default outside",
            "\"default\": 1 }",
            to: "\"default\": -5 }",
            at: variables + "[3].default",
            says: "range"
        ),
        .edit(
            "a default of another kind",
            "\"default\": \"jpeg\"",
            to: "\"default\": \"gif\"",
            at: variables + "[2].default",
            says: "gif"
        ),
        .edit(
            "a category without values",
            "[\"jpeg\", \"png\"]",
            to: "null",
            at: variables + "[2].values",
            says: "words"
        ),
        .edit(
            "the same value twice",
            "[\"jpeg\", \"png\"]",
            to: "[\"jpeg\", \"jpeg\"]",
            at: variables + "[2].values[1]",
            says: "already"
        ),
        .edit("unknown source", "number_of", to: "environment", at: variables + "[3].source", says: "environment"),
    ]

    /// Formulas that do not compile, or cannot be.
    private static let formulas: [BadReply] = [
        .expression("unknown variable", "width * depth", says: "depth"),
        .expression("unknown function", "system(width)", says: "system"),
        .expression("a condition", "width > 10", says: ""),
        .expression("code", "__import__('os')", says: ""),
        .expression("an open parenthesis", "(width * height", says: ""),
        .expression("bomb of parentheses", String(repeating: "(", count: 900), says: ""),
        .expression("bomb of powers", "width" + String(repeating: "^9", count: 400), says: ""),
        .expression("bomb of sums", String(repeating: "width+", count: 160) + "1", says: ""),
        .expression("a long expression", "width" + String(repeating: " + 1.000000", count: 300), says: "1000"),
        .expression("a category as a number", "width * format", says: "format"),
        .expression("pixels and seconds", "width + seconds", says: "measure"),
        .expression("a constant as a term", "max(1, 2)", says: "same for every input"),
        .expression("a constant in disguise", "width - width + 1", says: "same for every input"),
        .edit(
            "division by zero",
            #""width * height""#,
            to: #""height / (width - 1)""#,
            at: law,
            says: "no finite number"
        ),
        .edit(
            "negative",
            "\"expected\": 6, \"low\": 3",
            to: "\"expected\": -6, \"low\": -8",
            at: term + ".coefficient.expected",
            says: "zero or more"
        ),
        .edit(
            "negative base",
            "\"expected\": 42000000, \"low\": 30000000",
            to: "\"expected\": -1, \"low\": -1",
            at: law + ".base.expected",
            says: "zero or more"
        ),
        .edit(
            "zero",
            "\"expected\": 6, \"low\": 3",
            to: "\"expected\": 0, \"low\": 0",
            at: term + ".coefficient.expected",
            says: "says nothing"
        ),
        .edit("above its range", "\"expected\": 6,", to: "\"expected\": 60,", at: term + ".coefficient", says: "order"),
        .edit(
            "a coefficient that says nothing",
            coefficient,
            to: #""coefficient": { "expected": 1e-9, "low": 0, "high": 1e-9 }"#,
            at: term + ".coefficient",
            says: "page"
        ),
        .edit(
            "a base in kilobytes of nothing",
            #""expected": 42000000, "low": 30000000, "high": 60000000"#,
            to: #""expected": 1e13, "low": 0, "high": 1e14"#,
            at: law + ".base.expected",
            says: "maximum"
        ),
        .edit(
            "absurd",
            coefficient,
            to: #""coefficient": { "expected": 1e9, "low": 1, "high": 1e9 }"#,
            at: law,
            says: "maximum"
        ),
        .edit(
            "an exponent in a straight line",
            "\"exponent\": null",
            to: "\"exponent\": 2",
            at: term + ".exponent",
            says: "null"
        ),
        .edit(
            "knots in a straight line",
            "\"knots\": null",
            to: "\"knots\": [[0, 1], [1, 2]]",
            at: term + ".knots",
            says: "null"
        ),
        .edit("power without exponent", "\"linear\"", to: "\"power\"", at: term + ".exponent", says: "missing"),
        .edit("constant with terms", "\"linear\"", to: "\"constant\"", at: law + ".terms", says: "0"),
        .edit(
            "the term's name is taken",
            "\"name\": \"pixels\", \"expression\"",
            to: "\"name\": \"base\", \"expression\"",
            at: term + ".name",
            says: "taken"
        ),
        .edit("five terms", "\"terms\": [", to: "\"terms\": [1, 2, 3, 4,", at: law + ".terms", says: "4"),
        .edit(
            "five skeletons",
            "\"skeletons\": [",
            to: "\"skeletons\": [1, 2, 3, 4,",
            at: "$.proposal.skeletons",
            says: "4"
        ),
        .edit(
            "select of a number",
            "\"select\": null",
            to: "\"select\": \"width\"",
            at: skeleton + ".select",
            says: "number"
        ),
        .edit(
            "select of nothing",
            "\"select\": null",
            to: "\"select\": \"mode\"",
            at: skeleton + ".select",
            says: "mode"
        ),
        .edit(
            "select without laws",
            "\"select\": null",
            to: "\"select\": \"format\"",
            at: law + ".when",
            says: "selects"
        ),
        .edit("a law of an unknown value", "\"when\": null", to: "\"when\": \"gif\"", at: law + ".when", says: "null"),
    ]

    /// What is said of a formula that it does not bear out.
    private static let claims: [BadReply] = [
        .edit(
            "grows with nothing known",
            #"["width", "height"]"#,
            to: #"["depth"]"#,
            at: skeleton + ".grows_with[0]",
            says: "depth"
        ),
        .edit(
            "grows with a category",
            #"["width", "height"]"#,
            to: #"["format"]"#,
            at: skeleton + ".grows_with[0]",
            says: "category"
        ),
        .edit(
            "grows with what is not used",
            #"["width", "height"]"#,
            to: #"["seconds"]"#,
            at: skeleton + ".grows_with[0]",
            says: "no term"
        ),
        .edit(
            "falls",
            #""width * height""#,
            to: #""height * (8000 - width)""#,
            at: skeleton + ".grows_with[0]",
            says: "falls"
        ),
    ]

    /// What an answer would say that its reader was talked into something.
    private static let injected: [BadReply] = [
        .edit(
            "widens the bounds",
            "\"proposal\": {",
            to: #""safety": {"max_bytes": 1e15}, "proposal": {"#,
            at: "$.safety",
            says: "unknown"
        ),
        .edit(
            "sets its status",
            "\"variables\": [",
            to: #""status": "active", "variables": ["#,
            at: "$.proposal.status",
            says: "unknown"
        ),
        .edit(
            "sets a limit",
            "\"family\":",
            to: #""limit_bytes": 1, "family":"#,
            at: skeleton + ".limit_bytes",
            says: "unknown"
        ),
        .edit(
            "no headroom",
            "\"family\":",
            to: #""headroom": 0, "family":"#,
            at: skeleton + ".headroom",
            says: "unknown"
        ),
        .edit(
            "another function's policy",
            "\"proposal\": {",
            to: #""metadata": {"policy_id": "guest/other"}, "proposal": {"#,
            at: "$.metadata",
            says: "unknown"
        ),
        .whole(
            "one byte",
            good.replacing("\"expected\": 42000000, \"low\": 30000000", with: "\"expected\": 1, \"low\": 1")
                .replacing(coefficient, with: #""coefficient": { "expected": 1e-3, "low": 0, "high": 1e-2 }"#),
            at: law,
            says: "1 MiB"
        ),
        .edit(
            "reads a file",
            "\"source\": \"number_of\", \"at\": \"/seconds\"",
            to: #""source": "file", "at": "/etc/passwd""#,
            at: variables + "[3].source",
            says: "file"
        ),
        .whole(
            "a whole policy",
            #"{"schema":"fuyun.policy/v1","metadata":{"policy_id":"guest/picture","version":9,"status":"active"}}"#,
            at: "$.schema",
            says: "unknown"
        ),
    ]
}
