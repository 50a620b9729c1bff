import MemoryUnits
import Testing

@testable import FuyunPolicy

/// Sizing rules that a public catalogue of scientific tools (Galaxy's shared tool database) uses in production,
/// restated in our language: the input's size and the memory are in gigabytes there.
///
/// What the language cannot say, nobody should need.
@Suite struct SizingFormulaTests {
    struct Rule: Sendable, CustomTestStringConvertible {
        var tool: String
        var formula: String
        /// Input size and memory, worked out by hand.
        var points: [(size: Double, memory: Double)]
        var testDescription: String { tool }
    }

    static let rules: [Rule] = [
        Rule(tool: "flye", formula: "min(max(size * 1.2, 3.8), 256)", points: [(1, 3.8), (100, 120), (300, 256)]),
        Rule(tool: "fastqc", formula: "min(max(floor(size * 7), 5.6), 64)", points: [(0.5, 5.6), (1.5, 10), (20, 64)]),
        Rule(tool: "fastqc cores", formula: "min(max(floor(size * 4), 1), 16)", points: [(0.1, 1), (1.3, 5), (9, 16)]),
        Rule(tool: "freebayes", formula: "9 + size * 1", points: [(0, 9), (2.5, 11.5)]),
        Rule(
            tool: "smudgeplot cores",
            formula: "min(16, max(8, 4 * floor((8 + 0.4 * size) / 4 + 0.5)))",
            points: [(0, 8), (12, 12), (25, 16), (90, 16)]
        ),
        Rule(tool: "smudgeplot", formula: "size*15", points: [(2, 30), (24, 360)]),
        Rule(tool: "anndata import", formula: "2 + size * 10", points: [(0.5, 7), (3, 32)]),
        Rule(tool: "fastp", formula: "min(max(floor(size * 6), 8), 58)", points: [(1, 8), (2.25, 13), (30, 58)]),
        Rule(tool: "pear", formula: "min(max(floor(size * 8), 3.7), 28)", points: [(0.25, 3.7), (1, 8), (4, 28)]),
        Rule(tool: "shovill", formula: "min(max(floor(size * 32), 14), 240)", points: [(0.25, 14), (2, 64), (9, 240)]),
        Rule(tool: "spades", formula: "max(14, min(240, floor(size*32)))", points: [(0.1, 14), (1.5, 48), (8, 240)]),
        Rule(tool: "wigtobigwig", formula: "min(max(size * 20, 28), 58)", points: [(1, 28), (2, 40), (4, 58)]),
        Rule(
            tool: "metaspades",
            formula: "min((25.3 + 13.3 * size),350)",
            points: [(1, 38.6), (10, 158.3), (40, 350)]
        ),
        Rule(
            tool: "bwa_mem2 with its own reference",
            formula: "min(max(reference * 28, (size - reference) * 2, 7.6), 120)",
            points: [(0.5, 14), (10, 19), (100, 120)]
        ),
        Rule(
            tool: "steps of 4 GB, as schedulers hand out",
            formula: "4 * ceil(max(size * 1.5, 1) / 4)",
            points: [(0.1, 4), (3, 8), (10, 16)]
        ),
        Rule(
            tool: "growth slower than the input, as a suffix index has",
            formula: "1.5 + 2 * sqrt(size) + log(1 + size) / log(2)",
            points: [(0, 1.5), (1, 4.5), (3, 1.5 + 2 * 1.7320508075688772 + 2)]
        ),
    ]

    @Test(arguments: rules) func canBeSaid(_ rule: Rule) throws {
        let compiler = ExpressionCompiler(variables: [("size", 0), ("reference", 1)])
        let program = try compiler.compile(rule.formula).get()
        for point in rule.points {
            var values = FeatureValues(repeating: 0)
            values[0] = point.size
            values[1] = 0.5
            let result = program.evaluate(values)
            #expect((result - point.memory).magnitude <= 1e-9, "\(rule.formula) at \(point.size): \(result)")
        }
    }

    @Test func aWholePolicyOfOne() throws {
        // spades: 32 times the input, at least 14 GB, at most 240 GB; bytes on both sides.
        let text = """
            {"schema": "fuyun.policy/v1",
             "metadata": {"policy_id": "bio/spades", "version": 1, "status": "active"},
             "inputs": {"source": "payload",
                        "variables": [{"name": "size", "type": "integer", "unit": "B", "range": [0, 1e12]}],
                        "mapping": {"size": {"json": "/reads/bytes"}}},
             "logic": {"type": "linear", "terms": {"reads": "min(max(size * 32, 14e9), 240e9)"},
                       "coefficients": {"base": 0, "reads": 1}},
             "safety": {"headroom": 0}}
            """
        let policy = try policy(text)
        let bounds = SafetyBounds(minimum: .zero, maximum: .max, preset: .gibibytes(240), tier: .zero)
        for (size, limit) in [
            (1_000, 14_000_000_000), (1_000_000_000, 32_000_000_000), (10_000_000_000, 240_000_000_000),
        ] {
            let features = policy.extract(#"{"reads": {"bytes": \#(size)}}"#)
            #expect(policy.decide(features, within: bounds).limit.rawValue == UInt64(limit))
        }
    }
}
