import FuyunPolicy
import Testing

@Suite struct PolicyDocumentTests {
    @Test(arguments: PolicyTexts.all) func roundTrip(_ text: String) throws {
        let document = try #require(compile(text).document)
        let again = try #require(PolicyCompiler.compile(document.encoded()).document)
        #expect(again == document)
        #expect(again.encoded() == document.encoded())
    }

    @Test func everySourceRoundTrips() throws {
        let sources: [(String, FeatureSource)] = [
            (#"{"json": "/a~1b/0"}"#, .json(pointer: "/a~1b/0")), (#"{"json_length": ""}"#, .jsonLength(pointer: "")),
            (#"{"number_of": "/n", "default": 7}"#, .numberOf(pointer: "/n")), (#"{"body": "bytes"}"#, .bodyBytes),
            (#"{"header": "X-Frames"}"#, .header(name: "X-Frames")),
        ]
        for (text, source) in sources {
            let changed = PolicyTexts.small(logic: PolicyTexts.linear).replacing(#"{"json": "/x"}"#, with: text)
            let document = try #require(compile(changed).document)
            #expect(document.inputs.variables[0].source == source)
            #expect(PolicyCompiler.compile(document.encoded()).document == document)
        }
    }

    @Test func readsEveryKey() throws {
        let document = try #require(compile(PolicyTexts.video).document)
        #expect(document.metadata.policyID == "guest/video-watermark")
        #expect(document.metadata.version == 3)
        #expect(document.metadata.status == .active)
        #expect(document.metadata.supersedes == 2)
        #expect(document.metadata.updatedAt == "2026-01-31T12:00:00Z")
        #expect(
            document.metadata.origin
                == PolicyOrigin(kind: "llm", model: "a-model", sourceDigest: "sha256:00ff", promptDigest: "sha256:11")
        )
        #expect(document.inputs.variables.map(\.name) == ["width", "height", "fps", "duration", "op"])
        #expect(document.inputs.variables[0].kind == .integer)
        #expect(document.inputs.variables[0].range == 1...16384)
        #expect(document.inputs.variables[0].unit == "px")
        #expect(document.inputs.variables[2].source == .numberOf(pointer: "/object/fps"))
        #expect(document.inputs.variables[2].defaultValue == 30)
        #expect(document.inputs.variables[4].kind == .category(values: ["gif", "watermark"]))
        #expect(document.inputs.variables[4].defaultValue == 1)
        #expect(document.logic.family == .linear)
        #expect(document.logic.select == "op")
        #expect(document.logic.rationale == "a gif keeps one picture, a watermark thirty")
        #expect(document.logic.laws.map(\.value) == ["gif", "watermark"])
        #expect(document.logic.laws[1].base == 42_000_000)
        #expect(document.logic.laws[1].terms[0].shape == .linear(coefficient: 1.3))
        #expect(
            document.safety
                == PolicySafety(
                    headroom: 0.05,
                    minimum: 33_554_432,
                    maximum: 2_147_483_648,
                    tierBytes: 1_048_576,
                    calibration: PolicyCalibration(offsetBytes: 1_000_000, scale: 0.1),
                    canaryShare: 0.25
                )
        )
    }

    @Test func readsEveryFamily() throws {
        func shapes(_ logic: String) throws -> [PolicyTerm.Shape] {
            try #require(compile(PolicyTexts.small(logic: logic)).document).logic.laws[0].terms.map(\.shape)
        }
        #expect(try shapes(PolicyTexts.constant).isEmpty)
        #expect(try shapes(PolicyTexts.linear) == [.linear(coefficient: 1000)])
        #expect(
            try shapes(PolicyTexts.power)
                == [.power(coefficient: 10, exponent: 1.5), .power(coefficient: 2, exponent: 2)]
        )
        #expect(try shapes(PolicyTexts.exponential) == [.exponential(coefficient: 10, rate: 0.1)])
        #expect(
            try shapes(PolicyTexts.piecewise) == [
                .piecewiseLinear(knots: [.init(x: 10, y: 100), .init(x: 20, y: 200), .init(x: 40, y: 1000)]),
                .piecewiseLinear(knots: [.init(x: 0, y: 0), .init(x: 1, y: 1)]),
            ]
        )
    }

    @Test func canonicalForm() throws {
        let document = try #require(compile(PolicyTexts.video).document)
        let golden = #"""
            {
              "schema": "fuyun.policy/v1",
              "metadata": {
                "policy_id": "guest/video-watermark",
                "version": 3,
                "status": "active",
                "supersedes": 2,
                "origin": {
                  "kind": "llm",
                  "model": "a-model",
                  "source_digest": "sha256:00ff",
                  "prompt_digest": "sha256:11"
                },
                "updated_at": "2026-01-31T12:00:00Z"
              },
              "inputs": {
                "source": "payload",
                "variables": [
                  {"name": "width", "type": "integer", "unit": "px", "range": [1, 16384]},
                  {"name": "height", "type": "integer", "unit": "px", "range": [1, 16384]},
                  {"name": "fps", "type": "number", "range": [1, 240]},
                  {"name": "duration", "type": "number", "unit": "s", "range": [0, 3600]},
                  {"name": "op", "type": "category", "values": ["gif", "watermark"]}
                ],
                "mapping": {
                  "width": {"json": "/object/width"},
                  "height": {"json": "/object/height"},
                  "fps": {"number_of": "/object/fps", "default": 30},
                  "duration": {"json": "/object/duration"},
                  "op": {"json": "/op", "default": "watermark"}
                }
              },
              "logic": {
                "type": "linear",
                "select": "op",
                "terms": {
                  "gif": {"pixels": "width * height"},
                  "watermark": {"frames": "width * height * 3 * min(fps * duration, 30)"}
                },
                "coefficients": {
                  "gif": {"base": 30000000, "pixels": 8},
                  "watermark": {"base": 42000000, "frames": 1.3}
                },
                "decision_rationale": "a gif keeps one picture, a watermark thirty"
              },
              "safety": {
                "headroom": 0.05,
                "bounds": {"min": 33554432, "max": 2147483648},
                "tier_bytes": 1048576,
                "calibration": {"offset_bytes": 1000000, "scale": 0.1},
                "canary_share": 0.25
              }
            }

            """#
        #expect(String(decoding: document.encoded(), as: UTF8.self) == golden)
    }

    @Test func compilesWhatAProgramMade() throws {
        var document = try #require(compile(PolicyTexts.small(logic: PolicyTexts.linear)).document)
        document.metadata.version = 2
        document.logic.laws[0].terms[0].shape = .linear(coefficient: 1e-7)
        #expect(PolicyCompiler.compile(document).policy?.document == document)
        document.safety.headroom = -1
        #expect(PolicyCompiler.compile(document).errors.map(\.path) == ["$.safety.headroom"])
    }

    @Test(arguments: [
        ("guest/f", true), ("a.b_c@d:e/f-0", true), ("", false), ("a b", false), ("é", false), ("a\n", false),
    ])
    func functionNames(_ name: String, _ isGood: Bool) {
        #expect(PolicyDocument.isFunctionName(name) == isGood)
    }
}
