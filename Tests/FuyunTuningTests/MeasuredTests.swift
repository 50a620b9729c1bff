import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

/// The measured functions: small runs of what `Benchmarks/run sizing` does in full.
@Suite struct MeasuredTests {
    private static let grant = SafetyBounds(
        minimum: .mebibytes(1),
        maximum: .gibibytes(64),
        preset: .gibibytes(64),
        tier: .mebibytes(1)
    )

    private let functions: [MeasuredFunction]

    init() throws {
        functions = MeasuredFunction.read(
            String(#filePath.dropLast("MeasuredTests.swift".count)) + "data/functions.txt"
        )
        try #require(functions.count == 17)
    }

    /// The paper's function: after six samples every other call has enough.
    @Test(arguments: [false, true]) func framesAfterSixSamples(_ rescue: Bool) throws {
        let function = try #require(functions.first { $0.name == "video-processing/frames" })
        var distinct: [Sample] = []
        for run in function.runs where !distinct.contains(where: { $0.features == run.features }) {
            distinct.append(Sample(features: run.features, need: .between(run.need, run.need)))
        }
        try #require(distinct.count == 36)
        var generator = SeededGenerator(seed: 1)
        var (calls, failures, waste) = (0, 0, 0.0)
        for _ in 0..<40 {
            let samples = distinct.shuffled(using: &generator)
            let problem = TuningProblem(
                skeletons: [function.draft],
                samples: Array(samples.prefix(6)),
                grant: Self.grant
            )
            let proposal = try #require(Tuner.tune(problem).proposal)
            let rest = Array(samples.dropFirst(6))
            let report = try #require(Replay.run(proposal, samples: rest, grant: Self.grant, rescue: rescue))
            calls += report.replayed
            failures += report.uncovered
            waste += try #require(report.waste) / 40
        }
        #expect(calls == 40 * 30)
        #expect(Double(failures) / Double(calls) < (rescue ? 0.06 : 0.006))
        #expect(waste < (rescue ? 0.08 : 0.16), "\(waste)")
    }

    /// All runs at once: covered, and tighter than the largest need for all by far.
    @Test func everyFunctionFits() throws {
        for function in functions {
            let samples = function.runs.map { Sample(features: $0.features, need: .between($0.need, $0.need)) }
            let problem = TuningProblem(skeletons: [function.draft], samples: samples, grant: Self.grant)
            let proposal = try #require(Tuner.tune(problem).proposal)
            let report = try #require(Replay.run(proposal, samples: samples, grant: Self.grant))
            #expect(report.replayed == samples.count && report.uncovered == 0)
            #expect(try #require(report.waste) < 0.5, "\(function.name) \(report.waste ?? 1)")
        }
    }
}
