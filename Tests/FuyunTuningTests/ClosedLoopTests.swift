import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

/// The tuner's limits come back to it as peaks; it must not take them for needs.
@Suite struct ClosedLoopTests {
    /// Runs a function whose page cache always grows up to the limit, and tunes after each call.
    private func loop(_ calls: Int, seed: UInt64, start: Bytes, lower: Double) -> [Double] {
        let draft = document([law(base: 10e6, x: 1000)])
        var generator = SeededGenerator(seed: seed)
        var samples: [Sample] = []
        var active: PolicyDocument?
        var ratios: [Double] = []
        let grant = SafetyBounds(minimum: .zero, maximum: .gibibytes(64), preset: start, tier: .zero)
        for _ in 0..<calls {
            let x = Double.random(in: 100...100_000, using: &generator)
            let need = (20e6 + 3000 * x) * generator.noise(0.02)
            let probe = Sample(x: x, need: need)
            let limit = active.flatMap { Replay.run($0, samples: [probe], grant: grant) }?.limits[0] ?? start
            ratios.append(Double(limit.rawValue) / need)
            let bytes = Bytes(roundingUp: need) ?? .zero
            let known: Sample.Need = limit < bytes ? .above(limit) : .between(bytes.scaled(by: lower), limit)
            samples.insert(Sample(features: probe.features, need: known, limit: limit), at: 0)
            let skeletons = [active, draft].compactMap(\.self)
            let problem = TuningProblem(skeletons: skeletons, samples: Array(samples.prefix(100)), grant: grant)
            active = Tuner.tune(problem).proposal ?? active
        }
        return ratios
    }

    @Test(arguments: 1..<4 as Range<UInt64>)
    func limitsDoNotCreepUp(_ seed: UInt64) {
        let ratios = loop(60, seed: seed, start: .gibibytes(2), lower: 0.97)
        let (early, late) = (ratios[8..<18].reduce(0, +) / 10, ratios[50...].reduce(0, +) / 10)
        #expect(late <= early * 1.05, "\(ratios)")
        #expect(late < 2)
        #expect(ratios.allSatisfy { $0 < 2048.0 * 1.05 * 1_048_576 / 20e6 })
    }

    /// Where the lower end says next to nothing, limits come down step by step and never below what was needed for long.
    @Test func limitsComeDownWithCare() {
        let ratios = loop(60, seed: 4, start: .gibibytes(2), lower: 0.3)
        #expect(ratios[50...].reduce(0, +) / 10 < ratios[8..<18].reduce(0, +) / 10)
        #expect(ratios.count { $0 < 1 } <= 6, "\(ratios)")
    }

    /// Peaks well below the limit are believed, cache or not: they were enough.
    @Test func peaksBelowTheLimitArePoints() throws {
        var samples = line(20, seed: 5)
        for index in samples.indices {
            guard case .between(let bytes, _) = samples[index].need else { continue }
            samples[index].need = .between(bytes.scaled(by: 0.2), bytes)
            samples[index].limit = .gibibytes(4)
        }
        let problem = TuningProblem(skeletons: [document([law()])], samples: samples, grant: everything)
        let proposal = try #require(Tuner.tune(problem).proposal)
        #expect(try #require(Replay.run(proposal, samples: samples, grant: everything)).uncovered == 0)
    }

    /// A run that was cut short raises the limit for its input above where it failed, at once.
    @Test(arguments: 0..<10 as Range<UInt64>) func anOutOfMemoryRaisesTheLimit(_ seed: UInt64) throws {
        var samples = line(8, seed: seed)
        let failed = Sample(x: 90_000, need: 0)
        for _ in 0..<3 {
            let problem = TuningProblem(skeletons: [document([law()])], samples: samples, grant: everything)
            let before = try replay(problem, on: [failed])
            var again = problem
            again.samples.insert(Sample(features: failed.features, need: .above(before.limits[0])), at: 0)
            let after = try replay(again, on: [failed])
            #expect(after.limits[0] > before.limits[0].scaled(by: 1.1))
            samples = again.samples
        }
    }
}
