import FuyunPolicy
import MemoryUnits
import Testing

@Suite struct ExplanationTests {
    private static let bounds = SafetyBounds(
        minimum: .mebibytes(4),
        maximum: .gibibytes(1),
        preset: .mebibytes(512),
        tier: .mebibytes(4)
    )

    @Test func aDecision() throws {
        let policy = try policy(PolicyTexts.video)
        let body = #"{"object": {"width": 1280, "height": 720, "duration": 1}, "op": "gif"}"#
        let features = policy.extract(body)
        let explanation = policy.explain(features, within: Self.bounds)
        #expect(explanation.decision == policy.decide(features, within: Self.bounds))
        #expect(explanation.terms.map(\.contribution) == [7_372_800])
        #expect(explanation.terms.map(\.coefficient) == [8])
        #expect(
            explanation.description == """
                policy guest/video-watermark version 3 (active), linear, law "gif"
                variables
                  width     1280 px  value      json /object/width
                  height    720 px   value      json /object/height
                  fps       30       defaulted  number_of /object/fps  not used
                  duration  1 s      value      json /object/duration  not used
                  op        gif      value      json /op
                law
                  base                                       30000000 bytes
                  pixels  width * height  x = 921600, 8 × x  7372800 bytes
                decision
                  predicted   37372800 (35.6 MiB)
                  bound       42110080 (40.1 MiB)  × 1.1 + 1000000
                  headroom                         × 1.05
                  range       32 MiB to 1 GiB
                  tier        4 MiB                rounded up
                  input part  8515585 (8.1 MiB)
                  limit       46137344 (44 MiB)
                The policy's formula decided.
                """
        )
    }

    @Test func aFallback() throws {
        let policy = try policy(PolicyTexts.small(logic: PolicyTexts.linear))
        let explanation = policy.explain(policy.extract(#"{"x": 400}"#), within: Self.bounds)
        #expect(explanation.terms.map(\.value) == [nil])
        #expect(
            explanation.description
                == """
                policy guest/f version 1 (active), linear
                variables
                  x  400  out_of_range  json /x
                  y  1    defaulted     json /y
                law
                  base                          1000000 bytes
                  a     x + y  x = ?, 1000 × x  ?
                decision
                  limit  536870912 (512 MiB)
                The payload's "x" is outside the declared range; the preset applies. \
                Widen the range if the formula holds there.
                """
        )
    }

    @Test func unchosenLaw() throws {
        let policy = try policy(PolicyTexts.video)
        let explanation = policy.explain(policy.extract(#"{"op": "png"}"#), within: Self.bounds)
        #expect(explanation.law == nil && explanation.base == nil && explanation.terms.isEmpty)
        #expect(explanation.reason == "The payload's \"op\" is none of the declared values; the preset applies.")
    }

    @Test(arguments: DecisionReason.allCases) func everyReasonHasASentence(_ reason: DecisionReason) {
        #expect(reason.sentence(variable: "width").hasSuffix(".") || reason == .policy)
    }
}
