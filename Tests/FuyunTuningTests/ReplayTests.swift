import FuyunPolicy
import MemoryUnits
import Testing

@testable import FuyunTuning

@Suite struct ReplayTests {
    /// 10 MB + 1000 × x, 5 % headroom: 10.5 MB at nothing, 11.55 MB at 1000.
    private let draft = document([law()])

    private func sample(x: Double, _ need: Sample.Need) -> Sample {
        Sample(features: ["x": .number(x), "y": .number(1)], need: need)
    }

    @Test func countsWhatIsCertain() throws {
        let samples = [
            sample(x: 0, .between(Bytes(9_000_000), Bytes(10_000_000))),
            // Perhaps enough: between the ends.
            sample(x: 0, .between(Bytes(9_000_000), Bytes(11_000_000))),
            sample(x: 1000, .between(Bytes(12_000_000), Bytes(12_000_000))), sample(x: 1000, .above(Bytes(11_000_000))),
            sample(x: 1000, .above(Bytes(11_550_000))),
            // The preset decides.
            sample(x: -1, .above(Bytes(1))),
        ]
        let report = try #require(Replay.run(draft, samples: samples, grant: everything))
        #expect(report.replayed == 5)
        #expect(report.misses == 2)
        #expect(report.uncovered == 3)
        #expect(report.limits.count == 6 && report.limits[0] == Bytes(10_500_000))
        #expect(report.limits[5] == everything.preset)
        #expect(report.meanLimit == Bytes((2 * 10_500_000 + 3 * 11_550_000) / 5))
        #expect(agree(try #require(report.waste), 1 - 10_000_000 / 10_500_000, to: 1e-9))
    }

    @Test func aDocumentThatDoesNotCompile() {
        var broken = draft
        broken.safety.headroom = -1
        #expect(Replay.run(broken, samples: [], grant: everything) == nil)
        #expect(Replay.run(draft, samples: [], grant: everything)?.waste == nil)
    }

    // MARK: What a need is taken for

    @Test(arguments: [
        // Narrow: the upper end.
        (95.0, 100.0, 101.0, Needs.Kind.point, 100.0),
        // Wide, but the limit was far off: the upper end.
        (20, 100, 200, .point, 100),
        // Wide, and stopped by the limit: the geometric mean, or half.
        (64, 100, 101, .interval, 80), (1, 100, 100, .interval, 50), (0, 100, 100, .interval, 50),
    ])
    func needs(_ lower: Double, _ upper: Double, _ limit: Double, _ kind: Needs.Kind, _ most: Double) throws {
        let policy = try #require(PolicyCompiler.compile(draft).policy)
        let reader = SampleReader(policy: policy, others: [], grant: everything)
        let scale = 1e6
        func bytes(_ value: Double) -> Bytes { Bytes(roundingUp: value * scale) ?? .zero }
        var sample = sample(x: 1, .between(bytes(lower), bytes(upper)))
        sample.limit = bytes(limit)
        let need = try #require(reader.need(sample, reader.features(sample)))
        #expect(need.kind == kind)
        #expect(agree(need.upper, most * scale))
        #expect(need.lower <= need.upper)
    }

    /// Without a limit the given documents' own are compared.
    @Test func aPeakAtADocumentsLimit() throws {
        let policy = try #require(PolicyCompiler.compile(draft).policy)
        let reader = SampleReader(policy: policy, others: [], grant: everything)
        func kind(_ upper: UInt64) -> Needs.Kind? {
            let sample = sample(x: 0, .between(Bytes(2_000_000), Bytes(upper)))
            return reader.need(sample, reader.features(sample))?.kind
        }
        #expect(kind(10_500_000) == .interval)
        #expect(kind(9_000_000) == .point)
        #expect(kind(20_000_000) == .point)
    }
}
