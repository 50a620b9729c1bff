import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

@Suite("Raises after a miss")
struct LocalBumpTests {
    static let bounds = SafetyBounds(minimum: .zero, maximum: .mebibytes(512), preset: .mebibytes(512), tier: .zero)

    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Limit, decided limit, step and most seen, in MiB, of each miss.
        var misses: [(limit: UInt64, decided: UInt64, step: UInt8, seen: UInt64)]
        var decided: UInt64 = 100
        var part: UInt64?
        var reason = DecisionReason.policy
        /// In MiB.
        var limit: UInt64
        var expectedPart: UInt64?
    }

    static let rows: [Row] = [
        Row(testDescription: "1.3 times the limit", misses: [(100, 100, 0, 0)], limit: 130),
        Row(testDescription: "other inputs in proportion", misses: [(100, 100, 0, 0)], decided: 50, limit: 65),
        Row(testDescription: "1.1 times the most seen", misses: [(100, 100, 0, 200)], limit: 220),
        Row(
            testDescription: "the part of the input grows with it",
            misses: [(100, 100, 0, 0)],
            part: 50,
            limit: 130,
            expectedPart: 65
        ),
        Row(testDescription: "a warm container's limit counts", misses: [(150, 100, 0, 0)], limit: 195),
        Row(testDescription: "second: doubled", misses: [(100, 100, 0, 0), (130, 130, 1, 0)], limit: 260),
        Row(
            testDescription: "third: the ceiling",
            misses: [(100, 100, 0, 0), (130, 130, 1, 0), (260, 260, 2, 0)],
            limit: 512
        ),
        Row(
            testDescription: "calls that fail side by side count once",
            misses: [(100, 100, 0, 0), (100, 100, 0, 0), (100, 100, 0, 0)],
            limit: 130
        ),
        Row(
            testDescription: "but the one that needs most decides",
            misses: [(100, 100, 0, 0), (100, 50, 0, 0)],
            limit: 260
        ),
        Row(
            testDescription: "a late one of the first step does not widen the second",
            misses: [(100, 100, 0, 0), (130, 130, 1, 0), (100, 20, 0, 0)],
            limit: 260
        ),
        Row(testDescription: "never above the ceiling", misses: [(100, 100, 0, 0)], decided: 500, limit: 512),
        Row(
            testDescription: "a preset is not the version's",
            misses: [(100, 100, 0, 0)],
            reason: .missingFeature,
            limit: 100
        ),
    ]

    @Test("what a version decides after its misses", arguments: rows)
    func limits(row: Row) throws {
        let misses = row.misses.map {
            LocalBump.Miss(
                limit: .mebibytes($0.limit),
                decided: .mebibytes($0.decided),
                step: $0.step,
                mostSeen: .mebibytes($0.seen)
            )
        }
        var bump = LocalBump(version: 3, after: try #require(misses.first))
        for miss in misses.dropFirst() { bump.add(miss) }
        let record = Driver.decision(limit: row.decided, part: row.part, reason: row.reason)
        let raised = bump.raised(record, within: Self.bounds)
        #expect(Self.mebibytes(raised.decision.limit) == row.limit)
        if let part = row.expectedPart { #expect(Self.mebibytes(raised.decision.inputPart) == part) }
        #expect(raised.decision.adjustments.contains(.raisedAfterMiss) == (row.limit != row.decided))
    }

    private static func mebibytes(_ bytes: Bytes) -> UInt64 { (bytes.rawValue + (1 << 19)) >> 20 }

    @Test("another version's decisions stay as they are, and limits end at a tier")
    func versionsAndTiers() {
        let bump = LocalBump(version: 4, after: LocalBump.Miss(limit: .mebibytes(100), decided: .mebibytes(100)))
        let record = Driver.decision(limit: 100)
        #expect(bump.raised(record, within: Self.bounds) == record)
        var bounds = Self.bounds
        bounds.tier = .mebibytes(64)
        var own = record
        own.policyVersion = 4
        #expect(bump.raised(own, within: bounds).decision.limit == .mebibytes(192))
    }

    /// A call of version 3 under a limit that the policy decided, as it ended.
    private func observation(
        function: String = "guest/f",
        record: DecisionRecord = Driver.decision(limit: 100, part: 0),
        mode: Mode = .enforce,
        missed: Bool
    ) throws -> Observation {
        var driver = Driver()
        _ = driver.begin(record, mode: mode, function: function)
        let end = driver.end()
        var observation = try #require(end).observation
        if missed {
            observation.outcome = .crashed
            observation.verdict = OOMVerdict(.ownLimit, ownLimitExceeded: true)
        }
        return observation
    }

    @Test("twenty successes end a raise, and calls without it do not count")
    func successes() throws {
        var bumps = LocalBumps()
        #expect(bumps.add(try observation(missed: true), mostSeen: .zero))
        let bump = try #require(bumps["guest/f"])
        for _ in 0..<30 { bumps.add(try observation(missed: false), mostSeen: .zero) }
        #expect(bumps["guest/f"] == bump)
        let raised = bump.raised(Driver.decision(limit: 100), within: Self.bounds)
        for _ in 0..<19 { bumps.add(try observation(record: raised, missed: false), mostSeen: .zero) }
        #expect(!bumps.isEmpty)
        bumps.add(try observation(record: raised, missed: false), mostSeen: .zero)
        #expect(bumps.isEmpty)
    }

    @Test("an OOM under no decided limit, or of no own limit, raises nothing")
    func others() throws {
        var bumps = LocalBumps()
        bumps.add(try observation(mode: .shadow, missed: true), mostSeen: .zero)
        bumps.add(
            try observation(record: Driver.decision(limit: 9, reason: .missingFeature), missed: true),
            mostSeen: .zero
        )
        var other = try observation(missed: true)
        other.verdict = OOMVerdict(.ancestorLimit)
        bumps.add(other, mostSeen: .zero)
        #expect(bumps.isEmpty)
    }

    @Test("a newer version's miss takes the place of an older one's, and a version that is gone ends")
    func versions() throws {
        var bumps = LocalBumps()
        bumps.add(try observation(missed: true), mostSeen: .zero)
        var newer = Driver.decision(limit: 50)
        newer.policyVersion = 4
        bumps.add(try observation(record: newer, missed: true), mostSeen: .zero)
        #expect(bumps["guest/f"]?.version == 4)
        bumps.retain { $0 == "guest/f" && $1 == 4 }
        #expect(bumps.count == 1)
        bumps.retain { _, version in version == 5 }
        #expect(bumps.isEmpty)
    }

    @Test("functions with a raise are bounded, the oldest makes room")
    func bounded() throws {
        var bumps = LocalBumps()
        for index in 0...LocalBumps.capacity {
            bumps.add(try observation(function: "f\(index)", missed: true), mostSeen: .zero)
        }
        #expect(bumps.count == LocalBumps.capacity)
        #expect(bumps["f0"] == nil)
        #expect(bumps["f1"] != nil)
    }

    @Test(
        "what is advised for another try",
        arguments: [
            (0, 512, 0, 130), (0, 512, 200, 220), (0, 120, 0, 120), (1, 512, 0, 200), (2, 512, 0, 512),
            (3, 512, 0, nil), (0, 100, 0, nil),
        ] as [(UInt8, UInt64, UInt64, UInt64?)]
    )
    func advice(attempt: UInt8, maximum: UInt64, seen: UInt64, limit: UInt64?) throws {
        let advice = RetryAdvice(
            after: try observation(missed: true),
            attempt: attempt,
            mostSeen: .mebibytes(seen),
            maximum: .mebibytes(maximum)
        )
        #expect(advice.map { Self.mebibytes($0.limit) } == limit)
        #expect(advice.map(\.attempt) == limit.map { _ in attempt + 1 })
    }

    @Test("nothing is advised for a call that did not run out, and a ceiling that is none ends in doubling")
    func noAdvice() throws {
        let fine = RetryAdvice(after: try observation(missed: false), attempt: 0, mostSeen: .zero, maximum: .max)
        #expect(fine == nil)
        let last = RetryAdvice(after: try observation(missed: true), attempt: 2, mostSeen: .zero, maximum: .max)
        #expect(last?.limit == .mebibytes(200))
    }

    @Test("the book of advice is bounded")
    func book() {
        var book = RetryBook()
        for sequence in 0...UInt64(RetryBook.capacity) {
            book.insert(RetryAdvice(function: "f", limit: Bytes(sequence), attempt: 1), for: sequence)
        }
        #expect(book[0] == nil)
        #expect(book[1]?.limit == Bytes(1))
        #expect(book[UInt64(RetryBook.capacity)]?.limit == Bytes(UInt64(RetryBook.capacity)))
    }
}
