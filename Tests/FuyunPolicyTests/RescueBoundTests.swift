import FuyunPolicy
import MemoryUnits
import Testing

@Suite struct RescueBoundTests {
    private static let wide = SafetyBounds(minimum: .zero, maximum: .max, preset: .mebibytes(512), tier: .zero)

    /// base 1000 + 10 × x: 1100 at x = 10.
    private static let line =
        #"{"type": "linear", "terms": {"a": "x + 0 * y"}, "coefficients": {"base": 1000, "a": 10}}"#

    private static func text(rescue: String) -> String {
        PolicyTexts.small(
            logic: line,
            safety: #"{"headroom": 1, "calibration": {"scale": 0.5, "leverage": [[9], [9, 9]]}, "rescue": \#(rescue)}"#
        )
    }

    @Test(
        arguments: [
            (#"{"headroom": 0}"#, 1100, 1100),
            (#"{"headroom": 0.5}"#, 1100, 1650),
            (#"{"headroom": 0, "calibration": {"scale": 0.1, "offset_bytes": 50}}"#, 1260, 1260),
            // W φ = (120, 0): √(160² + 120²) = 200.
            (
                #"{"headroom": 1, "calibration": {"offset_bytes": 50, "scale": 0.1, "leverage": [[120], [-5, 0.5]]}}"#,
                1300, 2600
            ),
        ] as [(String, UInt64, UInt64)]
    )
    func decidesWhereTheCallCanBeRaised(_ rescue: String, _ bound: UInt64, _ limit: UInt64) throws {
        let policy = try policy(Self.text(rescue: rescue))
        let features = policy.extract(#"{"x": 10}"#)
        let decision = policy.decide(features, within: Self.wide, rescue: true)
        #expect(policy.hasRescue)
        #expect(decision.usesRescueBound && decision.reason == .policy)
        #expect(decision.predicted == Bytes(1100) && decision.bound == Bytes(bound))
        #expect(decision.limit == Bytes(limit))
        #expect(decision.headroom == Double(limit) / Double(bound) - 1)
        #expect(decision.inputPart <= decision.limit)

        let safe = policy.decide(features, within: Self.wide)
        #expect(!safe.usesRescueBound && safe.headroom == 1 && safe.bound > decision.bound)
        #expect(policy.decide(features, within: Self.wide, rescue: false) == safe)
    }

    @Test func withoutOneTheSafeBoundHolds() throws {
        let policy = try policy(PolicyTexts.small(logic: Self.line, safety: #"{"headroom": 0.25}"#))
        let features = policy.extract(#"{"x": 10}"#)
        #expect(!policy.hasRescue)
        #expect(policy.decide(features, within: Self.wide, rescue: true) == policy.decide(features, within: Self.wide))
        let preset = policy.decide(policy.extract("{}"), within: Self.wide, rescue: true)
        #expect(preset.limit == .mebibytes(512) && !preset.usesRescueBound)
    }

    @Test func explainsIt() throws {
        let rescue =
            #"{"headroom": 0, "calibration": {"offset_bytes": 50, "scale": 0.1, "leverage": [[120], [-5, 0.5]]}}"#
        let policy = try policy(Self.text(rescue: rescue))
        let explanation = policy.explain(policy.extract(#"{"x": 10}"#), within: Self.wide, rescue: true)
        #expect(explanation.uncertainty == 120 && explanation.calibration.offsetBytes == 50)
        #expect(explanation.description.contains("  rescue bound  1300 (1.2 KiB)  + √((× 0.1 + 50)² + 120²)\n"))
        let safe = policy.explain(policy.extract(#"{"x": 10}"#), within: Self.wide)
        #expect(safe.calibration.scale == 0.5 && !safe.description.contains("rescue"))
    }

    @Test func lawByLaw() throws {
        let rescue = #"{"headroom": 0, "calibration": {"gif": {"scale": 0.25}, "watermark": {"offset_bytes": 1}}}"#
        let text = PolicyTexts.video.replacing(#""canary_share""#, with: #""rescue": \#(rescue), "canary_share""#)
        let policy = try policy(text)
        let body = #"{"object": {"width": 100, "height": 100, "duration": 1}, "op": "#
        let bounds = SafetyBounds(minimum: .zero, maximum: .max, preset: .gibibytes(1), tier: .zero)
        let gif = policy.decide(policy.extract(body + #""gif"}"#), within: bounds, rescue: true)
        #expect(gif.bound == Bytes(37_600_000))
        let watermark = policy.decide(policy.extract(body + #""watermark"}"#), within: bounds, rescue: true)
        #expect(watermark.bound == Bytes(43_170_001))
    }

    @Test(arguments: [
        #"{"headroom": 0}"#,
        #"{"headroom": 0.01, "calibration": {"offset_bytes": 1, "scale": 0.25, "leverage": [[1], [0.5, 2e-9]]}}"#,
    ])
    func roundTrip(_ rescue: String) throws {
        let document = try #require(compile(Self.text(rescue: rescue)).document)
        #expect(document.safety.rescue != nil)
        let again = PolicyCompiler.compile(document)
        #expect(again.document == document && again.diagnostics.isEmpty)
        #expect(String(decoding: document.encoded(), as: UTF8.self).contains(#""rescue": {"headroom": "#))
    }

    @Test(arguments: [
        ("1", "$.safety.rescue", "wrong_type"),
        ("{}", "$.safety.rescue.headroom", "missing_key"),
        (#"{"headroom": -1}"#, "$.safety.rescue.headroom", "out_of_range"),
        (#"{"headroom": 0, "bounds": {}}"#, "$.safety.rescue.bounds", "unknown_key"),
        (
            #"{"headroom": 0, "calibration": {"scale": -1}}"#, "$.safety.rescue.calibration.scale",
            "out_of_range"
        ),
        (
            #"{"headroom": 0, "calibration": {"leverage": [[1]]}}"#, "$.safety.rescue.calibration.leverage",
            "leverage_shape"
        ),
        (#"{"headroom": 0, "calibration": {"gif": {"scale": 1}}}"#, "$.safety.rescue.calibration", "bad_value"),
    ])
    func refuses(_ rescue: String, _ path: String, _ code: String) {
        let compilation = compile(Self.text(rescue: rescue))
        #expect(compilation.policy == nil)
        #expect(compilation.errors.map { "\($0.path) \($0.code.rawValue)" } == ["\(path) \(code)"])
    }
}
