import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

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

    /// A factor around 1, within about three of these shares.
    mutating func noise(_ share: Double) -> Double {
        1 + share * (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0...1, using: &self) }
    }
}

/// What an operator grants in these tests: everything, in steps of one byte.
let everything = SafetyBounds(minimum: .zero, maximum: .gibibytes(512), preset: .gibibytes(512), tier: .zero)

/// A document over the numbers x and y, and over the category op where a law is selected.
func document(
    _ laws: [PolicyLaw],
    family: PolicyLogic.Family = .linear,
    select: [String]? = nil,
    status: PolicyStatus = .shadow,
    kind: String = "llm"
) -> PolicyDocument {
    var variables = ["x", "y"].map {
        PolicyVariable(name: $0, kind: .number, range: 0...1e12, source: .json(pointer: "/\($0)"))
    }
    if let select {
        variables.append(
            PolicyVariable(name: "op", kind: .category(values: select), source: .json(pointer: "/op"))
        )
    }
    return PolicyDocument(
        metadata: PolicyMetadata(policyID: "guest/f", version: 1, status: status, origin: PolicyOrigin(kind: kind)),
        inputs: PolicyInputs(source: .payload, variables: variables),
        logic: PolicyLogic(family: family, select: select == nil ? nil : "op", laws: laws),
        safety: PolicySafety(headroom: 0.05)
    )
}

/// base + a × x + b × y, or what is given of it.
func law(_ value: String? = nil, base: Double = 10e6, x: Double? = 1000, y: Double? = nil) -> PolicyLaw {
    let terms = [("x", x), ("y", y)].compactMap { name, slope in
        slope.map { PolicyTerm(name: "term_" + name, expression: name, shape: .linear(coefficient: $0)) }
    }
    return PolicyLaw(value: value, base: base, terms: terms)
}

extension Sample {
    /// A sample over x and y with a known need in bytes.
    init(x: Double, y: Double = 1, op: String? = nil, need: Double, age: Duration = .zero, limit: Bytes? = nil) {
        let bytes = Bytes(roundingUp: need) ?? .zero
        self.init(features: ["x": .number(x), "y": .number(y)], need: .between(bytes, bytes), age: age, limit: limit)
        if let op { features["op"] = .category(op) }
    }
}

/// Samples of base + slope × x with relative noise.
func line(_ count: Int, seed: UInt64, base: Double = 20e6, slope: Double = 3000, noise: Double = 0.03) -> [Sample] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
        let x = Double.random(in: 100...100_000, using: &generator)
        let y = Double.random(in: 1...50, using: &generator)
        return Sample(x: x, y: y, need: (base + slope * x) * generator.noise(noise))
    }
}

/// A proposal, compiled.
func tuned(_ problem: TuningProblem) -> CompiledPolicy? {
    Tuner.tune(problem).proposal.flatMap { PolicyCompiler.compile($0).policy }
}

/// What the proposal gives to samples.
func replay(_ problem: TuningProblem, on samples: [Sample]) throws -> ReplayReport {
    Replay.run(try #require(tuned(problem)), samples: samples, grant: problem.grant)
}
