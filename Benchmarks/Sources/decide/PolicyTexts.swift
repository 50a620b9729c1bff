import FuyunPolicy

/// Policy documents that the tests bend.
enum PolicyTexts {
    /// One law selected by an operation, every optional key present.
    static let video = """
        {
          "schema": "fuyun.policy/v1",
          "metadata": {
            "policy_id": "guest/video-watermark", "version": 3, "status": "active", "supersedes": 2,
            "origin": {"kind": "llm", "model": "a-model", "source_digest": "sha256:00ff", "prompt_digest": "sha256:11"},
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
            "headroom": 0.05, "bounds": {"min": 33554432, "max": 2147483648}, "tier_bytes": 1048576,
            "calibration": {"offset_bytes": 1000000, "scale": 0.1}, "canary_share": 0.25
          }
        }
        """

    /// Only what must be there, for a given logic; variables x and y are numbers of 0 to 100.
    static func small(
        logic: String,
        safety: String = #"{"headroom": 0}"#,
        version: Int = 1,
        status: String = "active",
        id: String = "guest/f"
    ) -> String {
        """
        {"schema": "fuyun.policy/v1",
         "metadata": {"policy_id": "\(id)", "version": \(version), "status": "\(status)"},
         "inputs": {"source": "payload",
                    "variables": [{"name": "x", "type": "number", "range": [0, 100]},
                                  {"name": "y", "type": "number", "range": [0, 100]}],
                    "mapping": {"x": {"json": "/x"}, "y": {"json": "/y", "default": 1}}},
         "logic": \(logic),
         "safety": \(safety)}
        """
    }

    static let linear = #"{"type": "linear", "terms": {"a": "x + y"}, "coefficients": {"base": 1000000, "a": 1000}}"#
    static let constant = #"{"type": "constant", "coefficients": {"base": 5000000}}"#
    static let power = #"""
        {"type": "power", "terms": {"a": "x", "b": "y"}, "coefficients": {"base": 1000, "a": 10, "b": 2},
         "exponents": {"a": 1.5, "b": 2}}
        """#
    static let exponential = #"""
        {"type": "exponential", "terms": {"a": "x"}, "coefficients": {"base": 1000, "a": 10}, "rates": {"a": 0.1}}
        """#
    static let piecewise = #"""
        {"type": "piecewise_linear", "terms": {"a": "x", "b": "y"}, "coefficients": {"base": 500},
         "knots": {"a": [[10, 100], [20, 200], [40, 1000]], "b": [[0, 0], [1, 1]]}}
        """#

    /// Every kind of document, all of them good.
    static let all: [String] = [video] + [linear, constant, power, exponential, piecewise].map { small(logic: $0) }
}

/// A text as bytes, compiled.
func compile(_ text: String) -> PolicyCompilation { PolicyCompiler.compile(Array(text.utf8)) }

/// A text that must compile.
func policy(_ text: String) throws -> CompiledPolicy {
    let compilation = compile(text)
    guard let policy = compilation.policy else { throw Refused(diagnostics: compilation.diagnostics) }
    return policy
}

/// A document that should have compiled did not.
struct Refused: Error { var diagnostics: [Diagnostic] }

extension CompiledPolicy {
    /// The features of a body that was sent whole.
    func extract(_ body: String, header: (String) -> String? = { _ in nil }) -> FeatureVector {
        let bytes = Array(body.utf8)
        return bytes.withUnsafeBytes { extract(body: $0, totalLength: UInt64(bytes.count), header: header) }
    }

    /// The features of the first so many bytes of a body.
    func extract(_ body: String, cutAt count: Int) -> FeatureVector {
        let bytes = Array(body.utf8)
        return bytes.prefix(count).withUnsafeBytes {
            extract(body: $0, totalLength: UInt64(bytes.count), header: { _ in nil })
        }
    }
}

/// A small random number generator with a seed (SplitMix64), so that a failing run can be had again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
