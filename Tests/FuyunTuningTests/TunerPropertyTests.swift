import FuyunPolicy
import FuyunTuning
import MemoryUnits
import RealModule
import Testing

/// What must hold whatever the samples are.
@Suite struct TunerPropertyTests {
    /// Drafts with one and two terms, needs that follow them or not, some censored, some only known as intervals, of all ages.
    static func problem(_ seed: UInt64) -> TuningProblem {
        var generator = SeededGenerator(seed: seed)
        let draft = document([law(base: 1e6, x: 1000, y: seed % 2 == 0 ? nil : 1e5)])
        let count = Int.random(in: 3...60, using: &generator)
        let kind = Int.random(in: 0..<4, using: &generator)
        let samples = (0..<count).map { _ -> Sample in
            let x = Double.exp(Double.random(in: 0...14, using: &generator))
            let y = Double.random(in: 0...100, using: &generator)
            let need =
                switch kind {
                case 0: 20e6 + 3000 * x + 2e5 * y
                case 1: 5e6 * Double.exp(Double.random(in: 0...3, using: &generator))
                case 2: max(1e5, 80e6 - 50 * x)
                default: 1e6 + x * y
                }
            var sample = Sample(
                x: x,
                y: y,
                need: need * max(generator.noise(0.1), 0.1),
                age: .seconds(Int.random(in: 0...9_000_000, using: &generator))
            )
            guard case .between(let bytes, _) = sample.need else { return sample }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: sample.need = .above(bytes.scaled(by: 0.7))
            case 1:
                sample.need = .between(bytes.scaled(by: 0.4), bytes)
                sample.limit = bytes
            case 2: sample.need = .between(bytes.scaled(by: 0.95), bytes)
            default: break
            }
            return sample
        }
        return TuningProblem(skeletons: [draft], samples: samples, grant: everything)
    }

    static let seeds = Array(0..<60 as Range<UInt64>)

    @Test(arguments: seeds) func neverNegativeAndNeverNoNumber(_ seed: UInt64) {
        guard let proposal = Tuner.tune(Self.problem(seed)).proposal else { return }
        for law in proposal.logic.laws {
            #expect(law.base >= 0 && law.base.isFinite)
            for term in law.terms {
                guard case .linear(let coefficient) = term.shape else { continue }
                #expect(coefficient >= 0 && coefficient.isFinite)
            }
        }
        #expect(proposal.safety.calibration?.leverage.joined().allSatisfy(\.isFinite) != false)
    }

    @Test(arguments: seeds) func theTightBoundIsNotAboveTheSafeOne(_ seed: UInt64) {
        let problem = Self.problem(seed)
        guard let policy = tuned(problem) else { return }
        let safe = Replay.run(policy, samples: problem.samples, grant: everything)
        let tight = Replay.run(policy, samples: problem.samples, grant: everything, rescue: true)
        for (safe, tight) in zip(safe.decisions, tight.decisions) where safe.reason == .policy {
            // Numbers are rounded up, to seven digits and whole bytes.
            #expect(Double(tight.bound.rawValue) <= Double(safe.bound.rawValue) * (1 + 1e-6) + 2)
        }
    }

    /// Whoever may report can report anything: the numbers of a forger must not end the process.
    @Test(arguments: [1e15, 1e19, 1.8e19]) func survivesForgedSamples(_ need: Double) {
        let forged =
            (0..<9).map { _ in Sample(x: 1, y: 1, need: need) }
            + (0..<11).map { _ in Sample(x: 1e-19, y: 1, need: 1) } + [Sample(x: 1e-19, y: 1, need: need)]
        let draft = document([law(base: 1e6, x: 1000, y: nil)])
        let outcome = Tuner.tune(TuningProblem(skeletons: [draft], samples: forged, grant: everything))
        #expect(outcome.candidates.allSatisfy { $0.meanBound < .max })
    }

    @Test(arguments: seeds) func coversWhatItWasGiven(_ seed: UInt64) throws {
        let problem = Self.problem(seed)
        guard let policy = tuned(problem) else { return }
        let report = Replay.run(policy, samples: problem.samples, grant: everything)
        for (sample, decision) in zip(problem.samples, report.decisions) where decision.reason == .policy {
            switch sample.need {
            case .above(let bytes): #expect(decision.limit > bytes)
            case .between(let lower, let upper):
                #expect(decision.bound >= lower)
                if sample.limit == nil { #expect(decision.bound >= upper) }
            }
        }
    }

    @Test(arguments: seeds) func theOrderOfTheSamplesDoesNotMatter(_ seed: UInt64) {
        var problem = Self.problem(seed)
        let proposal = Tuner.tune(problem).proposal
        var generator = SeededGenerator(seed: seed)
        problem.samples.shuffle(using: &generator)
        #expect(Tuner.tune(problem).proposal == proposal)
    }

    @Test(arguments: seeds) func theUnitsDoNotMatter(_ seed: UInt64) throws {
        let problem = Self.problem(seed)
        guard let policy = tuned(problem) else { return }
        let limits = Replay.run(policy, samples: problem.samples, grant: everything).decisions.map(\.bound)

        // x in thousandths.
        var features = problem
        features.skeletons[0].logic.laws[0].terms[0].shape = .linear(coefficient: 1)
        for index in features.samples.indices {
            guard case .number(let x) = features.samples[index].features["x"] else { continue }
            features.samples[index].features["x"] = .number(x * 1000)
        }
        let rescaled = try #require(tuned(features))
        for (limit, decision) in zip(
            limits,
            Replay.run(rescaled, samples: features.samples, grant: everything).decisions
        ) {
            #expect(agree(Double(limit.rawValue), Double(decision.bound.rawValue), to: 1e-5))
        }

        // Memory sixteen times as large.
        var bytes = problem
        bytes.skeletons[0].logic.laws[0].base *= 16
        for term in bytes.skeletons[0].logic.laws[0].terms.indices {
            guard case .linear(let slope) = bytes.skeletons[0].logic.laws[0].terms[term].shape else { continue }
            bytes.skeletons[0].logic.laws[0].terms[term].shape = .linear(coefficient: slope * 16)
        }
        for index in bytes.samples.indices {
            switch bytes.samples[index].need {
            case .above(let limit): bytes.samples[index].need = .above(limit.multiplied(by: 16))
            case .between(let lower, let upper):
                bytes.samples[index].need = .between(lower.multiplied(by: 16), upper.multiplied(by: 16))
            }
            bytes.samples[index].limit = bytes.samples[index].limit?.multiplied(by: 16)
        }
        let larger = try #require(tuned(bytes))
        for (limit, decision) in zip(limits, Replay.run(larger, samples: bytes.samples, grant: everything).decisions) {
            #expect(agree(Double(limit.rawValue) * 16, Double(decision.bound.rawValue), to: 1e-5))
        }
    }

    @Test(arguments: seeds.prefix(10)) func theSameAgain(_ seed: UInt64) {
        let problem = Self.problem(seed)
        let (first, second) = (Tuner.tune(problem), Tuner.tune(problem))
        #expect(first.proposal == second.proposal && first.candidates == second.candidates)
    }

    @Test(arguments: seeds) func whatTheProposalSaysIsWhatTheAgentDoes(_ seed: UInt64) throws {
        let problem = Self.problem(seed)
        guard let proposal = Tuner.tune(problem).proposal else { return }
        // By way of its text, as it travels.
        let again = try #require(PolicyCompiler.compile(proposal.encoded()).policy)
        #expect(again.document == proposal)
        #expect(
            Replay.run(again, samples: problem.samples, grant: everything).limits
                == Replay.run(proposal, samples: problem.samples, grant: everything)?.limits
        )
    }
}
