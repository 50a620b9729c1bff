import BenchmarkSupport
import FuyunPolicy
import FuyunTuning
import Glibc
import MemoryUnits

// What one tuning run costs, from the samples to the next document, as the samples grow.

let draft = PolicyDocument(
    metadata: PolicyMetadata(policyID: "guest/video", version: 1, status: .active, origin: PolicyOrigin(kind: "human")),
    inputs: PolicyInputs(
        source: .payload,
        variables: ["width", "height", "fps", "duration"].map {
            PolicyVariable(name: $0, kind: .number, range: 0...1e6, source: .json(pointer: "/\($0)"))
        }
    ),
    logic: PolicyLogic(
        family: .linear,
        laws: [
            PolicyLaw(
                base: 42e6,
                terms: [
                    PolicyTerm(
                        name: "frames",
                        expression: "width * height * 3 * fps * duration",
                        shape: .linear(coefficient: 1)
                    ), PolicyTerm(name: "pictures", expression: "width * height", shape: .linear(coefficient: 20)),
                ]
            )
        ]
    ),
    safety: PolicySafety(headroom: 0.05)
)
let grant = SafetyBounds(minimum: .mebibytes(1), maximum: .gibibytes(64), preset: .gibibytes(4), tier: .mebibytes(1))

/// Samples of the draft's form with 5 % of noise; one in fifty was cut short, one in ten stopped at its limit.
func samples(_ count: Int) -> [Sample] {
    var state: UInt64 = 1
    func random() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / 0x1p53
    }
    return (0..<count).map { index in
        let (width, height) = (160 + (random() * 1700).rounded(), 120 + (random() * 900).rounded())
        let (fps, duration) = (10 + (random() * 50).rounded(), 1 + random() * 20)
        let need = (60e6 + 25 * width * height + 1.1 * width * height * 3 * fps * duration) * (0.95 + random() * 0.1)
        let bytes = Bytes(roundingUp: need) ?? .zero
        let known: Sample.Need =
            index % 50 == 49
            ? .above(bytes.scaled(by: 0.9)) : .between(index % 10 == 0 ? bytes.scaled(by: 0.5) : bytes, bytes)
        return Sample(
            features: [
                "width": .number(width), "height": .number(height), "fps": .number(fps), "duration": .number(duration),
            ],
            need: known,
            age: .seconds(index),
            limit: index % 10 == 0 ? bytes : .gibibytes(4)
        )
    }
}

var table = Table(["samples", "ms", "goal", "forms", "mean limit"])
for count in [6, 50, 200, 1000] {
    let problem = TuningProblem(skeletons: [draft], samples: samples(count), grant: grant)
    let outcome = Tuner.tune(problem)
    guard outcome.proposal != nil else {
        print("nothing was fitted: \(outcome.why)")
        exit(1)
    }
    let time = medianTime(rounds: 7, runs: count < 200 ? 50 : 10) { _ = Tuner.tune(problem) }
    table.add([
        "\(count)", fixed(time.inSeconds * 1e3, 2), count == 1000 ? "10" : "", "\(outcome.candidates.count)",
        "\(outcome.meanLimit ?? .zero)",
    ])
}
table.print("A tuning run")
