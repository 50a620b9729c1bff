import FuyunPolicy
import MemoryUnits
import Testing

@Suite struct CalibrationTests {
    private static let wide = SafetyBounds(minimum: .zero, maximum: .max, preset: .mebibytes(512), tier: .zero)

    /// base 1000 + 10 × x, margin 0.1 × predicted + 50.
    private static let line =
        #"{"type": "linear", "terms": {"a": "x + 0 * y"}, "coefficients": {"base": 1000, "a": 10}}"#

    private static func safety(_ calibration: String) -> String { #"{"headroom": 0, "calibration": \#(calibration)}"# }

    /// Two laws that the category op selects, over x.
    private static func twoLaws(
        _ coefficients: String = #"{"gif": {"base": 100, "a": 1}, "scale": {"base": 200, "b": 2, "c": 3}}"#,
        calibration: String? = nil
    ) -> String {
        let safety = calibration.map { Self.safety($0) } ?? #"{"headroom": 0}"#
        return """
            {"schema": "fuyun.policy/v1",
             "metadata": {"policy_id": "guest/f", "version": 1, "status": "active"},
             "inputs": {"source": "payload",
                        "variables": [{"name": "x", "type": "number", "range": [1, 100]},
                                      {"name": "op", "type": "category", "values": ["gif", "scale"]}],
                        "mapping": {"x": {"json": "/x"}, "op": {"json": "/op"}}},
             "logic": {"type": "linear", "select": "op",
                       "terms": {"gif": {"a": "x"}, "scale": {"b": "x", "c": "x * x"}},
                       "coefficients": \(coefficients)},
             "safety": \(safety)}
            """
    }

    // MARK: Leverage

    @Test(arguments: [
        (#"{"offset_bytes": 50, "scale": 0.1}"#, 10.0, 1260.0),
        (#"{"offset_bytes": 50, "scale": 0.1, "leverage": [[0], [0, 0]]}"#, 10, 1260),
        // W φ = (120, 0): √(160² + 120²) = 200.
        (#"{"offset_bytes": 50, "scale": 0.1, "leverage": [[120], [-5, 0.5]]}"#, 10, 1300),
        // W φ = (0, -50 + 5 × 20 = 50).
        (#"{"offset_bytes": 50, "scale": 0.1, "leverage": [[0], [-50, 5]]}"#, 20, 1200 + 31400.0.squareRoot()),
        // W φ = (30, 40), and no margin.
        (#"{"leverage": [[30], [20, 2]]}"#, 10, 1150),
    ])
    func widensWithTheDistance(_ calibration: String, _ x: Double, _ bound: Double) throws {
        let policy = try policy(PolicyTexts.small(logic: Self.line, safety: Self.safety(calibration)))
        let decision = policy.decide(policy.extract(#"{"x": \#(x)}"#), within: Self.wide)
        #expect(decision.reason == .policy)
        #expect(decision.predicted == Bytes(UInt64(1000 + 10 * x)))
        #expect(decision.bound == Bytes(roundingUp: bound))
        // Everything beyond what an input of nothing asks for, undistanced.
        #expect(decision.limit == decision.bound)
        let margin = calibration.contains("scale") ? (0.1, 50.0) : (0, 0)
        let input = bound - 1000 * (1 + margin.0) - margin.1
        #expect(abs(Double(decision.inputPart.rawValue) - input) <= 1)
    }

    @Test func theColumnsAreWhatTheCoefficientsMultiply() throws {
        func uncertainty(_ logic: String, _ body: String) throws -> Double? {
            let safety = Self.safety(#"{"scale": 1, "leverage": [[0], [0, 1], [0, 0, 1]]}"#)
            let policy = try policy(PolicyTexts.small(logic: logic, safety: safety))
            return policy.explain(policy.extract(body), within: Self.wide).uncertainty
        }
        // x^1.5 = 8 and y^2 = 9; the polylines' 100 and 1.
        #expect(try uncertainty(PolicyTexts.power, #"{"x": 4, "y": 3}"#) == 145.0.squareRoot())
        #expect(try uncertainty(PolicyTexts.piecewise, #"{"x": 4, "y": 3}"#) == (100.0 * 100 + 9).squareRoot())
    }

    @Test func anOverflowIsNoLimit() throws {
        let safety = Self.safety(#"{"scale": 1, "leverage": [[0], [0, 1e300]]}"#)
        let policy = try policy(PolicyTexts.small(logic: Self.line, safety: safety))
        #expect(policy.decide(policy.extract(#"{"x": 10}"#), within: Self.wide).reason == .notFinite)
        #expect(policy.decide(policy.extract(#"{"x": 0}"#), within: Self.wide).reason == .policy)
    }

    @Test func explainsTheDistance() throws {
        let safety = Self.safety(#"{"offset_bytes": 50, "scale": 0.1, "leverage": [[120], [-5, 0.5]]}"#)
        let policy = try policy(PolicyTexts.small(logic: Self.line, safety: safety))
        let explanation = policy.explain(policy.extract(#"{"x": 10}"#), within: Self.wide)
        #expect(explanation.uncertainty == 120)
        #expect(
            explanation.description.contains("  bound       1300 (1.2 KiB)  + √((× 0.1 + 50)² + 120²)\n")
        )
    }

    // MARK: Law by law

    @Test func eachLawHasItsOwn() throws {
        let text = Self.twoLaws(
            calibration: #"{"scale": {"scale": 0.5}, "gif": {"offset_bytes": 7, "leverage": [[1], [0, 1]]}}"#
        )
        let policy = try policy(text)
        let gif = policy.decide(policy.extract(#"{"x": 1, "op": "gif"}"#), within: Self.wide)
        #expect(gif.bound == Bytes(roundingUp: 101 + 51.0.squareRoot()))
        let scale = policy.decide(policy.extract(#"{"x": 1, "op": "scale"}"#), within: Self.wide)
        #expect(scale.bound == Bytes(roundingUp: 205 * 1.5))
        #expect(policy.explain(policy.extract(#"{"x": 1, "op": "scale"}"#), within: Self.wide).calibration.scale == 0.5)
    }

    @Test func oneForAllLaws() throws {
        let policy = try policy(Self.twoLaws(calibration: #"{"scale": 1}"#))
        #expect(policy.decide(policy.extract(#"{"x": 1, "op": "gif"}"#), within: Self.wide).bound == Bytes(202))
        #expect(policy.decide(policy.extract(#"{"x": 1, "op": "scale"}"#), within: Self.wide).bound == Bytes(410))
    }

    // MARK: Laws left open

    @Test func anOpenLawLeavesThePreset() throws {
        let text = Self.twoLaws(
            #"{"gif": null, "scale": {"base": 200, "b": 2, "c": 3}}"#,
            calibration: #"{"scale": {"scale": 0.5}}"#
        )
        let policy = try policy(text)
        let open = policy.decide(policy.extract(#"{"x": 1, "op": "gif"}"#), within: Self.wide)
        #expect(open == Decision(limit: .mebibytes(512), reason: .lawOpen, variable: 1))
        // Also when the variables of the law are not there.
        #expect(policy.decide(policy.extract(#"{"op": "gif"}"#), within: Self.wide).reason == .lawOpen)
        #expect(policy.decide(policy.extract(#"{"x": 1, "op": "scale"}"#), within: Self.wide).reason == .policy)
        let explanation = policy.explain(policy.extract(#"{"x": 1, "op": "gif"}"#), within: Self.wide)
        #expect(explanation.law == nil)
        #expect(
            explanation.description.hasSuffix(
                """
                decision
                  limit  536870912 (512 MiB)
                The law for this value of "op" has no numbers yet; the preset applies. \
                The tuner fills it in when it has seen enough calls.
                """
            )
        )
    }

    @Test func openLawsOfEveryFamily() throws {
        let sections = [
            ("linear", #""coefficients": {"gif": null, "scale": {"base": 1, "b": 2}}"#),
            (
                "power",
                #""coefficients": {"gif": null, "scale": {"base": 1, "b": 2}}, "exponents": {"gif": {"a": 2}, "scale": {"b": 3}}"#
            ),
            (
                "exponential",
                #""coefficients": {"gif": null, "scale": {"base": 1, "b": 2}}, "rates": {"gif": {"a": 2}, "scale": {"b": 3}}"#
            ),
            ("piecewise_linear", #""knots": {"gif": null, "scale": {"b": [[0, 1], [1, 2]]}}"#),
        ]
        for (family, section) in sections {
            let text = Self.twoLaws().replacing(#""linear""#, with: "\"\(family)\"")
                .replacing(#""c": "x * x""#, with: "").replacing(#""b": "x", "#, with: #""b": "x""#)
                .replacing(
                    #""coefficients": {"gif": {"base": 100, "a": 1}, "scale": {"base": 200, "b": 2, "c": 3}}"#,
                    with: section
                )
            let document = try #require(compile(text).document, "\(compile(text).diagnostics)")
            #expect(document.logic.laws.map(\.isOpen) == [true, false])
            #expect(PolicyCompiler.compile(document).document == document)
        }
    }

    // MARK: The document

    @Test(arguments: [
        #"{"offset_bytes": 1, "scale": 0.25, "leverage": [[1], [0.5, 2e-9]]}"#, #"{"leverage": [[1], [0.5, -2e-9]]}"#,
    ])
    func roundTrip(_ calibration: String) throws {
        let text = PolicyTexts.small(logic: Self.line, safety: Self.safety(calibration))
        let document = try #require(compile(text).document)
        #expect(document.safety.calibration?.leverage.count == 2)
        #expect(PolicyCompiler.compile(document).document == document)
    }

    @Test func canonicalForm() throws {
        let text = Self.twoLaws(
            #"{"scale": {"base": 200, "b": 2, "c": 3}, "gif": null}"#,
            calibration: #"{"gif": null, "scale": {"leverage": [[1], [2, 3], [4, 5, 6]], "scale": 0.5}}"#
        )
        let document = try #require(compile(text).document)
        let written = String(decoding: document.encoded(), as: UTF8.self)
        #expect(written.contains(#""coefficients": {"gif": null, "scale": {"base": 200, "b": 2, "c": 3}}"#))
        #expect(
            written.contains(
                #"""
                    "calibration": {
                      "scale": {"offset_bytes": 0, "scale": 0.5, "leverage": [[1], [2, 3], [4, 5, 6]]}
                    }
                """#
            )
                || written.contains(
                    #""calibration": {"scale": {"offset_bytes": 0, "scale": 0.5, "leverage": [[1], [2, 3], [4, 5, 6]]}}"#
                )
        )
        #expect(PolicyCompiler.compile(document).document == document)
    }

    @Test(arguments: [
        (#"{"leverage": [[1]]}"#, "$.safety.calibration.leverage", "leverage_shape"),
        (#"{"leverage": []}"#, "$.safety.calibration.leverage", "out_of_range"),
        (
            #"{"leverage": [[1], [1, 1], [1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1, 1], [1]]}"#,
            "$.safety.calibration.leverage", "out_of_range"
        ),
        (#"{"leverage": [[1], [1, 1], [1, 1, 1]]}"#, "$.safety.calibration.leverage", "leverage_shape"),
        (#"{"leverage": [[1], [1]]}"#, "$.safety.calibration.leverage[1]", "leverage_shape"),
        (#"{"leverage": [[1], [1, 1, 1]]}"#, "$.safety.calibration.leverage[1]", "leverage_shape"),
        (#"{"leverage": [1, [1, 1]]}"#, "$.safety.calibration.leverage[0]", "leverage_shape"),
        (#"{"leverage": [[1], [1, "1"]]}"#, "$.safety.calibration.leverage[1][1]", "wrong_type"),
        (#"{"leverage": {}}"#, "$.safety.calibration", "bad_value"),
        (#"{"gif": {"scale": 1}}"#, "$.safety.calibration", "bad_value"),
    ])
    func refuses(_ calibration: String, _ path: String, _ code: String) {
        let compilation = compile(PolicyTexts.small(logic: Self.line, safety: Self.safety(calibration)))
        #expect(compilation.policy == nil)
        #expect(
            compilation.errors.map { "\($0.path) \($0.code)" }.contains("\(path) \(code)"),
            "\(compilation.diagnostics)"
        )
    }

    @Test(arguments: [
        (#"{"gif": {"scale": 1}}"#, "$.safety.calibration.scale", "law_missing"),
        (#"{"gif": {"scale": 1}, "scale": {}, "jif": {}}"#, "$.safety.calibration.jif", "law_unknown"),
        (
            #"{"gif": {"scale": 1}, "scale": {"leverage": [[1], [1, 1]]}}"#, "$.safety.calibration.scale.leverage",
            "leverage_shape"
        ),
        (#"{"gif": {"scal": 1}, "scale": {}}"#, "$.safety.calibration.gif.scal", "unknown_key"),
        (#"{"leverage": [[1], [1, 1]]}"#, "$.safety.calibration.leverage", "leverage_shape"),
    ])
    func refusesAmongLaws(_ calibration: String, _ path: String, _ code: String) {
        let compilation = compile(Self.twoLaws(calibration: calibration))
        #expect(compilation.policy == nil)
        #expect(
            compilation.errors.map { "\($0.path) \($0.code)" }.contains("\(path) \(code)"),
            "\(compilation.diagnostics)"
        )
    }

    @Test func onlyALawOfSeveralCanBeOpen() {
        let logic = #"{"type": "linear", "terms": {"a": "x"}, "coefficients": null}"#
        #expect(compile(PolicyTexts.small(logic: logic)).errors.map(\.code).contains("wrong_type"))
    }
}
