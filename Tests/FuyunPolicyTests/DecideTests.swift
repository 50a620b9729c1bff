import FuyunPolicy
import MemoryUnits
import Testing

@Suite struct DecideTests {
    private static let wide = SafetyBounds(minimum: .zero, maximum: .max, preset: .mebibytes(512), tier: .zero)

    private func decide(
        _ logic: String,
        _ body: String,
        safety: String = #"{"headroom": 0}"#,
        within bounds: SafetyBounds = wide
    ) throws -> Decision {
        let policy = try policy(PolicyTexts.small(logic: logic, safety: safety))
        return policy.decide(policy.extract(body), within: bounds)
    }

    @Test(
        arguments: [
            (PolicyTexts.constant, "{}", 5_000_000), (PolicyTexts.linear, #"{"x": 2, "y": 3}"#, 1_005_000),
            (PolicyTexts.linear, #"{"x": 2}"#, 1_003_000), (PolicyTexts.power, #"{"x": 4, "y": 3}"#, 1000 + 80 + 18),
            (PolicyTexts.exponential, #"{"x": 0}"#, 1010), (PolicyTexts.exponential, #"{"x": 10}"#, 1028),
            // Before the first knot, at a knot, between two, on the last slope beyond the end; y adds itself.
            (PolicyTexts.piecewise, #"{"x": 0, "y": 0}"#, 600), (PolicyTexts.piecewise, #"{"x": 10, "y": 0}"#, 600),
            (PolicyTexts.piecewise, #"{"x": 15, "y": 0}"#, 650), (PolicyTexts.piecewise, #"{"x": 20, "y": 0}"#, 700),
            (PolicyTexts.piecewise, #"{"x": 30, "y": 0}"#, 1100), (PolicyTexts.piecewise, #"{"x": 40, "y": 0}"#, 1500),
            (PolicyTexts.piecewise, #"{"x": 50, "y": 7}"#, 1907),
        ] as [(String, String, UInt64)]
    )
    func families(_ logic: String, _ body: String, _ expected: UInt64) throws {
        let decision = try decide(logic, body)
        #expect(decision.reason == .policy)
        #expect(decision.limit == Bytes(expected))
        #expect(decision.predicted == Bytes(expected))
    }

    @Test func safetyAdapter() throws {
        // gif: 30e6 + 8 × 1280 × 720 = 37 372 800; × 1.1 + 1e6 = 42 110 080; × 1.05 = 44 215 584; up to 43 MiB.
        let policy = try policy(PolicyTexts.video)
        let body = #"{"object": {"width": 1280, "height": 720, "duration": 1}, "op": "gif"}"#
        let decision = policy.decide(policy.extract(body), within: Self.wide)
        #expect(decision.predicted == Bytes(37_372_800))
        #expect(decision.bound == Bytes(42_110_080))
        #expect(decision.limit == .mebibytes(43))
        #expect(decision.headroom == 0.05)
        #expect(decision.law == 0)
        #expect(decision.adjustments == .snappedUp)
        // The input's share: 8 × 1280 × 720 × 1.1 × 1.05.
        #expect(decision.inputPart >= Bytes(8_515_584) && decision.inputPart <= Bytes(8_515_585))
    }

    @Test func categorySelectsTheLaw() throws {
        let policy = try policy(PolicyTexts.video)
        let body = #"{"object": {"width": 100, "height": 100, "fps": "10", "duration": 60}}"#
        let decision = policy.decide(policy.extract(body), within: Self.wide)
        #expect(decision.law == 1)
        #expect(decision.predicted == Bytes(42_000_000 + 1_170_000))
    }

    /// The policy: 100 to 300, in steps of 4096; its formula gives `wanted`.
    struct Clip: Sendable {
        var wanted: Int
        var policy: String
        var minimum: Bytes
        var maximum: Bytes
        var tier: Bytes
        var limit: UInt64
        var adjustments: LimitAdjustments
    }

    @Test(arguments: [
        Clip(
            wanted: 50_000,
            policy: "",
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(0),
            limit: 50_000,
            adjustments: []
        ),
        Clip(
            wanted: 50_000,
            policy: #", "tier_bytes": 4096"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(0),
            limit: 53_248,
            adjustments: .snappedUp
        ),
        Clip(
            wanted: 50_000,
            policy: #", "tier_bytes": 4096"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(65536),
            limit: 65_536,
            adjustments: .snappedUp
        ),
        Clip(
            wanted: 50_000,
            policy: #", "tier_bytes": 65536"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(4096),
            limit: 65_536,
            adjustments: .snappedUp
        ),
        Clip(
            wanted: 50_000,
            policy: #", "tier_bytes": 65536"#,
            minimum: Bytes(0),
            maximum: Bytes(60_000),
            tier: Bytes(0),
            limit: 60_000,
            adjustments: .snappedUp
        ),
        Clip(
            wanted: 65_536,
            policy: #", "tier_bytes": 65536"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(0),
            limit: 65_536,
            adjustments: []
        ),
        Clip(
            wanted: 50_000,
            policy: #", "bounds": {"min": 80000}"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(0),
            limit: 80_000,
            adjustments: .raisedToMinimum
        ),
        Clip(
            wanted: 50_000,
            policy: #", "bounds": {"max": 40000}"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(0),
            limit: 40_000,
            adjustments: .cutToMaximum
        ),
        Clip(
            wanted: 50_000,
            policy: #", "bounds": {"max": 40000}"#,
            minimum: Bytes(0),
            maximum: .max,
            tier: Bytes(4096),
            limit: 40_000,
            adjustments: .cutToMaximum
        ),
        // The operator wins over the policy at both ends.
        Clip(
            wanted: 50_000,
            policy: #", "bounds": {"min": 80000}"#,
            minimum: Bytes(0),
            maximum: Bytes(60_000),
            tier: Bytes(0),
            limit: 60_000,
            adjustments: .raisedToMinimum
        ),
        Clip(
            wanted: 50_000,
            policy: #", "bounds": {"max": 20000}"#,
            minimum: Bytes(30_000),
            maximum: .max,
            tier: Bytes(0),
            limit: 30_000,
            adjustments: .cutToMaximum
        ),
        Clip(
            wanted: 50_000,
            policy: "",
            minimum: Bytes(70_000),
            maximum: Bytes(90_000),
            tier: Bytes(0),
            limit: 70_000,
            adjustments: .raisedToMinimum
        ),
        Clip(
            wanted: 50_000,
            policy: #", "bounds": {"min": 10, "max": 90000}"#,
            minimum: Bytes(0),
            maximum: Bytes(40_000),
            tier: Bytes(0),
            limit: 40_000,
            adjustments: .cutToMaximum
        ),
    ])
    func clips(_ clip: Clip) throws {
        let decision = try decide(
            #"{"type": "constant", "coefficients": {"base": \#(clip.wanted)}}"#,
            "{}",
            safety: #"{"headroom": 0\#(clip.policy)}"#,
            within: SafetyBounds(
                minimum: clip.minimum,
                maximum: clip.maximum,
                preset: .gibibytes(1),
                tier: clip.tier
            )
        )
        #expect(decision.limit == Bytes(clip.limit))
        #expect(decision.adjustments == clip.adjustments)
        #expect(decision.reason == .policy)
    }

    @Test(arguments: [
        ("", DecisionReason.emptyPayload, 0), (" \n", .emptyPayload, 0), ("{}", .missingFeature, 0),
        (#"{"x": 1, "y""#, .malformedPayload, 1), (#"{"a": 1} x"#, .malformedPayload, 0),
        ("nonsense", .malformedPayload, 0),
        (#"{"x": "1"}"#, .wrongType, 0), (#"{"x": 101}"#, .outOfRange, 0), (#"{"x": NaN}"#, .malformedPayload, 0),
        (#"{"a": \#(String(repeating: "[", count: 10_000))"#, .payloadTooDeep, 0), (#"{"x": 1e400}"#, .wrongType, 0),
    ])
    func fallsBackToThePreset(_ body: String, _ reason: DecisionReason, _ variable: Int8) throws {
        let decision = try decide(PolicyTexts.linear, body)
        #expect(decision == Decision(limit: .mebibytes(512), reason: reason, variable: variable))
    }

    @Test func mistakesBehindWhatIsNeededDoNotMatter() throws {
        let linear = try policy(PolicyTexts.small(logic: PolicyTexts.linear))
        #expect(linear.decide(linear.extract(#"{"x": 1, "y": 2, nonsense"#), within: Self.wide).reason == .policy)
        #expect(
            linear.decide(linear.extract(#"{"x": 1, "y": 2, "z": [1"#, cutAt: 20), within: Self.wide).reason == .policy
        )
        #expect(
            linear.decide(linear.extract(#"{"z": [1, 2, 3], "x": 1}"#, cutAt: 10), within: Self.wide).reason
                == .truncatedPayload
        )
        let constant = try policy(PolicyTexts.small(logic: PolicyTexts.constant))
        #expect(constant.decide(constant.extract("nonsense"), within: Self.wide).reason == .policy)
    }

    @Test func onlyTheChosenLawAsksForItsVariables() throws {
        let policy = try policy(PolicyTexts.video)
        let body = #"{"object": {"width": 10, "height": 10}, "op": "gif"}"#
        #expect(policy.decide(policy.extract(body), within: Self.wide).reason == .policy)
        let other = policy.decide(policy.extract(body.replacing("gif", with: "watermark")), within: Self.wide)
        #expect(other.reason == .missingFeature)
        #expect(other.variable == 3)
        let unknown = policy.decide(policy.extract(body.replacing("gif", with: "png")), within: Self.wide)
        #expect(unknown.reason == .unknownCategory)
        #expect(unknown.variable == 4)
    }

    @Test(arguments: [
        ("x / y", 1.0, #"{"x": 1, "y": 0}"#, DecisionReason.notFinite),
        ("10 ^ (x * y)", 1, #"{"x": 99, "y": 9}"#, .notFinite),
        ("10 ^ x", 1, #"{"x": 30}"#, .notFinite), ("x - 50", 1, #"{"x": 1}"#, .notPositive),
        ("x * 0", 1, #"{"x": 1}"#, .notPositive), ("log(x)", 1, #"{"x": 0}"#, .notFinite),
    ])
    func formulasThatGiveNothing(_ term: String, _ coefficient: Double, _ body: String, _ reason: DecisionReason) throws
    {
        let logic =
            #"{"type": "linear", "terms": {"a": "\#(term) + 0*y"}, "coefficients": {"base": 0, "a": \#(coefficient)}}"#
        #expect(try decide(logic, body) == Decision(limit: .mebibytes(512), reason: reason))
    }

    @Test func inputPartNeverExceedsTheLimitAndIgnoresTheBase() throws {
        let cut = try decide(
            PolicyTexts.linear,
            #"{"x": 100, "y": 100}"#,
            within: SafetyBounds(minimum: .zero, maximum: Bytes(4096), preset: .zero, tier: .zero)
        )
        #expect(cut.limit == Bytes(4096))
        #expect(cut.inputPart == Bytes(4096))
        #expect(try decide(PolicyTexts.constant, "{}").inputPart == .zero)
        // e^0 is 1: the coefficient alone does not depend on the input.
        #expect(try decide(PolicyTexts.exponential, #"{"x": 0}"#).inputPart == .zero)
        #expect(try decide(PolicyTexts.piecewise, #"{"x": 20, "y": 0}"#).inputPart == Bytes(100))
    }

    @Test func snapsNeverDown() throws {
        var random = SeededGenerator(seed: 7)
        let policy = try policy(
            PolicyTexts.small(logic: PolicyTexts.linear, safety: #"{"headroom": 0.03, "tier_bytes": 8192}"#)
        )
        for _ in 0..<2000 {
            var features = FeatureVector(count: 2)
            features.set(0, to: .random(in: 0...100, using: &random))
            features.set(1, to: .random(in: 0...100, using: &random))
            let maximum = Bytes(.random(in: 0...3_000_000, using: &random))
            let bounds = SafetyBounds(
                minimum: Bytes(.random(in: 0...3_000_000, using: &random)),
                maximum: maximum,
                preset: .zero,
                tier: Bytes(.random(in: 0...100_000, using: &random))
            )
            let decision = policy.decide(features, within: bounds)
            #expect(decision.limit <= bounds.maximum && decision.limit >= bounds.minimum)
            #expect(decision.limit >= min(decision.bound.scaled(by: 1.0299), bounds.maximum))
            #expect(decision.inputPart <= decision.limit)
        }
    }
}
