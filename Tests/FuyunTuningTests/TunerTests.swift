import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

@Suite struct TunerTests {
    private func coefficient(_ document: PolicyDocument, _ term: Int = 0, law: Int = 0) -> Double {
        if case .linear(let value) = document.logic.laws[law].terms[term].shape { value } else { .nan }
    }

    // MARK: Fitting

    @Test func findsTheLaw() throws {
        let problem = TuningProblem(skeletons: [document([law()])], samples: line(40, seed: 1), grant: everything)
        let outcome = Tuner.tune(problem)
        let proposal = try #require(outcome.proposal)
        #expect(outcome.code == .fitted)
        #expect(outcome.usedSamples == 40)
        #expect(agree(proposal.logic.laws[0].base, 20e6, to: 0.05))
        #expect(agree(coefficient(proposal), 3000, to: 0.05))
        #expect(proposal.metadata.origin?.kind == "tuner")
        #expect(proposal.inputs == problem.skeletons[0].inputs)
        let report = try #require(Replay.run(proposal, samples: problem.samples, grant: everything))
        #expect(report.replayed == 40 && report.misses == 0 && report.uncovered == 0)
        #expect(try #require(report.waste) < 0.15)
        #expect(outcome.meanLimit == report.meanLimit)
    }

    /// A draft that is three times too low, as in the paper's own figures, must not hurt after six samples.
    @Test(arguments: 0..<20 as Range<UInt64>) func aDraftThatIsFarTooLow(_ seed: UInt64) throws {
        let draft = document([law(base: 20e6 / 3, x: 1000)])
        let samples = line(56, seed: seed)
        let problem = TuningProblem(skeletons: [draft], samples: Array(samples.prefix(6)), grant: everything)
        let proposal = try #require(Tuner.tune(problem).proposal)
        let report = try #require(Replay.run(proposal, samples: Array(samples.dropFirst(6)), grant: everything))
        #expect(report.replayed == 50)
        #expect(report.uncovered == 0)
        #expect(try #require(report.waste) < 0.4)
    }

    @Test func thePriorHelpsWhereTheSamplesSayNothing() throws {
        // Six samples of nearly the same small input: the slope is the draft's, within what they allow.
        let samples = (0..<6).map { Sample(x: 100 + Double($0), need: 20e6 * (1 + 0.001 * Double($0 % 3))) }
        let problem = TuningProblem(skeletons: [document([law(x: 3000)])], samples: samples, grant: everything)
        #expect(agree(coefficient(try #require(Tuner.tune(problem).proposal)), 3000, to: 0.02))
    }

    /// However wrong a slope is, a dozen samples that say otherwise win.
    @Test(arguments: [1e-9, 0.003, 3e6, 1e15]) func aSlopeWrongByOrdersOfMagnitude(_ slope: Double) throws {
        let draft = document([law(x: slope)])
        let problem = TuningProblem(skeletons: [draft], samples: line(12, seed: 2), grant: everything)
        #expect(agree(coefficient(try #require(Tuner.tune(problem).proposal)), 3000, to: 0.1))
    }

    @Test func theTunersOwnNumbersAreNoPrior() throws {
        let samples = line(6, seed: 3)
        let wrong = document([law(base: 1, x: 500_000)], kind: "tuner")
        let alone = TuningProblem(skeletons: [document([law(x: 3000)])], samples: samples, grant: everything)
        var behind = alone
        behind.skeletons.insert(wrong, at: 0)
        #expect(Tuner.tune(behind).proposal?.logic == Tuner.tune(alone).proposal?.logic)
    }

    @Test(arguments: [PolicyLogic.Family.power, .exponential, .piecewiseLinear])
    func everyFamily(_ family: PolicyLogic.Family) throws {
        let shape: PolicyTerm.Shape =
            switch family {
            case .power: .power(coefficient: 5, exponent: 1.5)
            case .exponential: .exponential(coefficient: 1e6, rate: 0.00004)
            default: .piecewiseLinear(knots: [.init(x: 0, y: 0), .init(x: 50_000, y: 1e7), .init(x: 100_000, y: 9e7)])
            }
        let term = PolicyTerm(name: "a", expression: "x", shape: shape)
        let draft = document([PolicyLaw(base: 1e6, terms: [term])], family: family)
        var generator = SeededGenerator(seed: 9)
        let samples = (0..<40).map { _ in
            let x = Double.random(in: 100...90_000, using: &generator)
            return Sample(x: x, need: (30e6 + 2 * shape.bytes(for: x)) * generator.noise(0.02))
        }
        let proposal = try #require(
            Tuner.tune(TuningProblem(skeletons: [draft], samples: samples, grant: everything)).proposal
        )
        #expect(proposal.logic.family == family)
        let fitted = proposal.logic.laws[0].terms[0].shape
        #expect(agree(fitted.bytes(for: 80_000), 2 * shape.bytes(for: 80_000), to: 0.1))
        #expect(try #require(Replay.run(proposal, samples: samples, grant: everything)).uncovered == 0)
    }

    // MARK: Choosing

    @Test(arguments: [(0, 3), (2, 3), (3, 3), (4, 3)]) func firstFit(_ count: Int, _ needed: Int) {
        for draft in [document([law(x: nil)], family: .constant), document([law()])] {
            let outcome = Tuner.tune(
                TuningProblem(skeletons: [draft], samples: line(count, seed: 4), grant: everything)
            )
            #expect((outcome.proposal != nil) == (count >= needed))
            #expect(outcome.code == (count >= needed ? .fitted : .notEnough))
            if count < needed { #expect(outcome.why == "Not enough to fit: \(count) of \(needed) samples.") }
        }
    }

    /// A slope that no draft suggests has to be seen in the samples, so it takes one more for each but the first.
    @Test func unknownSlopesTakeMoreSamples() {
        let draft = document([law(x: 0, y: 0)])
        let samples = line(4, seed: 4).map {
            Sample(features: $0.features.merging(["y": .number(1)]) { a, _ in a }, need: $0.need)
        }
        func code(_ count: Int) -> TuningOutcome.Code {
            Tuner.tune(TuningProblem(skeletons: [draft], samples: Array(samples.prefix(count)), grant: everything)).code
        }
        #expect(code(3) == .notEnough && code(4) == .fitted)
    }

    // MARK: Both bounds

    @Test func theTightBound() throws {
        var problem = TuningProblem(skeletons: [document([law()])], samples: line(40, seed: 1), grant: everything)
        let proposal = try #require(Tuner.tune(problem).proposal)
        #expect(proposal.safety.rescue?.headroom == 0)
        let safe = try #require(Replay.run(proposal, samples: problem.samples, grant: everything))
        let tight = try #require(Replay.run(proposal, samples: problem.samples, grant: everything, rescue: true))
        #expect(safe.uncovered == 0 && tight.uncovered <= 8 && tight.meanLimit < safe.meanLimit)
        #expect(zip(tight.decisions, safe.decisions).allSatisfy { $0.usesRescueBound && $0.bound <= $1.bound })
        problem.settings.rescue = false
        let without = try #require(Tuner.tune(problem).proposal)
        #expect(without.safety.rescue == nil && without.safety.calibration == proposal.safety.calibration)
    }

    @Test func aConstantWhereTheInputSaysNothing() throws {
        var generator = SeededGenerator(seed: 5)
        let samples = (0..<40).map { _ in
            Sample(x: Double.random(in: 1...1000, using: &generator), need: 50e6 * generator.noise(0.05))
        }
        let outcome = Tuner.tune(TuningProblem(skeletons: [document([law()])], samples: samples, grant: everything))
        let proposal = try #require(outcome.proposal)
        #expect(proposal.logic.family == .constant)
        #expect(outcome.candidates.first(where: \.chosen)?.name == "constant")
        #expect(outcome.why == "Fitted to 40 samples. constant, no drafted form is 10 % narrower than a constant.")
        // And back again, from the draft, when the input begins to matter.
        let next = TuningProblem(
            skeletons: [proposal, document([law()])],
            samples: line(40, seed: 6),
            grant: everything
        )
        #expect(Tuner.tune(next).proposal?.logic.family == .linear)
    }

    @Test func theLibraryWhereTheDraftMissesTheFeature() throws {
        var generator = SeededGenerator(seed: 7)
        let samples = (0..<60).map { _ in
            let (x, y) = (Double.random(in: 1...100, using: &generator), Double.random(in: 1...100, using: &generator))
            return Sample(x: x, y: y, need: (20e6 + 1e6 * y) * generator.noise(0.02))
        }
        let outcome = Tuner.tune(TuningProblem(skeletons: [document([law()])], samples: samples, grant: everything))
        let proposal = try #require(outcome.proposal)
        #expect(proposal.logic.laws[0].terms.map(\.expression) == ["y"])
        var settings = TuningSettings()
        settings.usesLibrary = false
        let without = TuningProblem(
            skeletons: [document([law()])],
            samples: samples,
            grant: everything,
            settings: settings
        )
        #expect(Tuner.tune(without).proposal?.logic.family == .constant)
    }

    @Test func theBetterOfTwoDrafts() throws {
        let wrong = document([law(x: nil, y: 1000)])
        let outcome = Tuner.tune(
            TuningProblem(skeletons: [wrong, document([law()])], samples: line(12, seed: 8), grant: everything)
        )
        #expect(outcome.candidates.filter(\.chosen).map(\.name) == ["skeleton 2"])
    }

    // MARK: Several laws

    @Test func aCategoryWithoutSamplesIsLeftOpen() throws {
        let draft = document([law("gif"), law("mark", base: 30e6, x: 500)], select: ["gif", "mark"])
        var samples = line(20, seed: 9)
        for index in samples.indices { samples[index].features["op"] = .category(index < 2 ? "mark" : "gif") }
        let outcome = Tuner.tune(TuningProblem(skeletons: [draft], samples: samples, grant: everything))
        let proposal = try #require(outcome.proposal)
        #expect(proposal.logic.laws.map(\.isOpen) == [false, true])
        #expect(proposal.logic.laws[1].terms.map(\.expression) == ["x"])
        #expect(proposal.safety.lawCalibrations.keys.sorted() == ["gif"])
        #expect(proposal.safety.rescue?.lawCalibrations.keys.sorted() == ["gif"])
        #expect(
            outcome.why
                == "Fitted to 18 samples. gif: skeleton 1, the narrowest drafted form; mark: left open, 2 of 3 samples."
        )
        let report = try #require(Replay.run(proposal, samples: samples, grant: everything))
        #expect(report.replayed == 18 && report.uncovered == 0)
        #expect(report.decisions.prefix(2).allSatisfy { $0.reason == .lawOpen })
        // Under a version that is active, the law that decides goes on deciding.
        var active = draft
        active.metadata.status = .active
        let kept = try #require(
            Tuner.tune(TuningProblem(skeletons: [active], samples: samples, grant: everything)).proposal
        )
        #expect(kept.logic.laws[1].terms == draft.logic.laws[1].terms && kept.logic.laws[1].base == 30e6)
        let sample = Sample(x: 1000, op: "mark", need: 1)
        #expect(kept.safety.rescue?.lawCalibrations.count == 2)
        let before = try #require(Replay.run(active, samples: [sample], grant: everything)).limits[0]
        let after = try #require(Replay.run(kept, samples: [sample], grant: everything)).limits[0]
        #expect(agree(Double(before.rawValue), Double(after.rawValue), to: 0.01) && after >= before - Bytes(16))
    }

    @Test func lawsOfDifferentSize() throws {
        let draft = document([law("gif"), law("mark", base: 30e6, x: 500)], select: ["gif", "mark"])
        var samples = line(6, seed: 10) + line(40, seed: 11, base: 90e6, slope: 200, noise: 0.1)
        for index in samples.indices { samples[index].features["op"] = .category(index < 6 ? "gif" : "mark") }
        let proposal = try #require(
            Tuner.tune(TuningProblem(skeletons: [draft], samples: samples, grant: everything)).proposal
        )
        #expect(proposal.safety.lawCalibrations.count == 2)
        #expect(try #require(Replay.run(proposal, samples: samples, grant: everything)).uncovered == 0)
        // Six samples ask for more headroom than forty; the document has the lesser one, the law's margin the rest.
        #expect(agree(proposal.safety.headroom, TuningSettings().headroom + TuningSettings().headroomPerSample / 40))
        #expect(try #require(proposal.safety.lawCalibrations["gif"]).scale > 0.05)
    }

    // MARK: The paper's method

    @Test func thePapersMethod() throws {
        var problem = TuningProblem(
            skeletons: [document([law()])],
            samples: line(36, seed: 12),
            grant: everything,
            settings: TuningSettings(mode: .paper)
        )
        let proposal = try #require(Tuner.tune(problem).proposal)
        #expect(proposal.safety.headroom == 0.2 && proposal.safety.calibration == nil)
        #expect(agree(coefficient(proposal), 3000, to: 0.05))
        problem.samples = Array(problem.samples.prefix(5))
        #expect(Tuner.tune(problem).code == .notEnough)
    }

    // MARK: What cannot be tuned

    @Test func refusals() {
        #expect(Tuner.tune(TuningProblem(skeletons: [], samples: [], grant: everything)).code == .noSkeleton)
        var broken = document([law()])
        broken.logic.laws[0].terms[0].expression = "z"
        let outcome = Tuner.tune(TuningProblem(skeletons: [broken], samples: line(9, seed: 1), grant: everything))
        #expect(outcome.code == .badSkeleton)
        #expect(outcome.why.contains("there is no variable \"z\""))
    }

    @Test func samplesThatSayNothingAreLeftOut() throws {
        var samples = line(10, seed: 13)
        samples.append(Sample(features: ["x": .number(5)], need: .between(Bytes(1), .max)))
        samples.append(Sample(features: ["y": .number(5)], need: .between(Bytes(1), Bytes(2))))
        samples.append(Sample(features: ["x": .number(.nan)], need: .between(Bytes(1), Bytes(2))))
        samples.append(Sample(features: ["x": .category("a")], need: .above(Bytes(2))))
        samples.append(Sample(features: ["x": .number(-1)], need: .between(Bytes(1), Bytes(2))))
        samples.append(Sample(x: 5, need: 0))
        let outcome = Tuner.tune(TuningProblem(skeletons: [document([law()])], samples: samples, grant: everything))
        #expect(outcome.usedSamples == 10)
    }
}
