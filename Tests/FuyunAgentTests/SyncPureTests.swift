import Cgroup
@testable import FuyunAgent
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOPosix
import Testing

@Suite("Sync: what is decided")
struct SyncPureTests {
    /// The same numbers in every run.
    struct Generator: RandomNumberGenerator {
        var state: UInt64 = 1
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
    }

    @Test("waits double up to a minute, each between half of its step and the whole")
    func backoff() {
        var backoff = Backoff()
        var random = Generator()
        for step in [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000] {
            let wait = backoff.next(&random)
            #expect(wait >= .milliseconds(step / 2) && wait <= .milliseconds(step))
        }
        for _ in 0..<100 { #expect(backoff.next(&random) <= .seconds(60)) }
        backoff.reset()
        #expect(backoff.next(&random) <= .milliseconds(250))
    }

    @Test(
        "a refused record is found by halves, wherever it is, and no other is left out",
        arguments: [1, 2, 7, 64, 500]
    )
    func isolation(count: Int) {
        for bad in [0, count / 2, count - 1] {
            var isolation = Isolation(most: 500)
            var start = 0
            var leftOut: [Int] = []
            var requests = 0
            while start < count, requests < 100 {
                let end = min(start + isolation.size, count)
                requests += 1
                if (start..<end).contains(bad) {
                    if isolation.refused(end - start) {
                        leftOut.append(start)
                        start = end
                    }
                } else {
                    isolation.accepted(end - start)
                    start = end
                }
            }
            #expect(leftOut == [bad])
            #expect(start == count)
            #expect(requests <= 22)
            #expect(isolation == Isolation(most: 500))
        }
    }

    /// An observation of a call under a policy that decided a bound of 100 MiB, and was right.
    static func observation(
        sequence: UInt64 = 1,
        function: String = "guest/f",
        _ change: (inout Observation) -> Void = { _ in }
    ) -> Observation {
        let end = EndFacts(
            id: InvocationID(epoch: 7, sequence: sequence),
            outcome: .success,
            time: MonotonicTime(nanoseconds: 1),
            epochMilliseconds: 1
        )
        var observation = Observation.unknown(
            end,
            function: function,
            activation: nil,
            container: CgroupID(rawValue: 1),
            path: "/c",
            ceiling: .max
        )
        observation.isKnown = true
        observation.mode = .enforce
        observation.reason = .policy
        observation.decision = DecisionRecord(
            Decision(limit: .mebibytes(105), predicted: .mebibytes(95), bound: .mebibytes(100), reason: .policy),
            policyVersion: 3
        )
        observation.need = NeedInterval(lower: .mebibytes(80), upper: .mebibytes(90))
        change(&observation)
        return observation
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var isRemarkable = true
        var isMiss = false
        var change: @Sendable (inout Observation) -> Void
    }

    static let rows: [Row] = [
        Row(testDescription: "as predicted", isRemarkable: false) { _ in },
        Row(testDescription: "own limit", isMiss: true) { $0.verdict = OOMVerdict(.ownLimit, ownLimitExceeded: true) },
        Row(testDescription: "rescued", isMiss: true) { $0.rescues = 1 },
        Row(testDescription: "thrashing", isMiss: true) { $0.thrash.isThrashing = true },
        Row(testDescription: "another OOM") { $0.verdict = OOMVerdict(.global) },
        Row(testDescription: "an error") { $0.outcome = .error },
        Row(testDescription: "a time-out") { $0.outcome = .timeout },
        Row(testDescription: "abandoned") { $0.outcome = .abandoned },
        Row(testDescription: "decided by a canary") { $0.mode = .canary },
        Row(testDescription: "a candidate looked at") { $0.shadow = $0.decision },
        Row(testDescription: "under a raise") { $0.decision?.step = 1 },
        Row(testDescription: "bound far above need") {
            $0.need = NeedInterval(lower: .mebibytes(10), upper: .mebibytes(66))
        },
        Row(testDescription: "bound above need, not far", isRemarkable: false) {
            $0.need = NeedInterval(lower: .mebibytes(10), upper: .mebibytes(67))
        },
        Row(testDescription: "need far above bound") { $0.need = NeedInterval(lower: .mebibytes(151), upper: nil) },
        Row(testDescription: "need without an upper end", isRemarkable: false) {
            $0.need = NeedInterval(lower: .mebibytes(20), upper: nil)
        },
        Row(testDescription: "shared figures", isRemarkable: false) {
            $0.need = NeedInterval(lower: .mebibytes(10), upper: .mebibytes(20))
            $0.concurrency = 2
        },
    ]

    @Test("what always goes up, and what goes at once", arguments: rows)
    func remarkable(row: Row) {
        let observation = Self.observation { row.change(&$0) }
        #expect(observation.isRemarkable == row.isRemarkable)
        #expect(observation.isMiss == row.isMiss)
        #expect(observation.isChosen(by: ObservationsAnswer.Sampling(standard: 0)) == row.isRemarkable)
    }

    @Test("the share that was asked for is sent, by function, and the same ones each time")
    func shares() {
        let sampling = ObservationsAnswer.Sampling(standard: 1, functions: ["guest/f": 0.05])
        let chosen = (0..<20_000).filter { Self.observation(sequence: $0).isChosen(by: sampling) }
        #expect((900...1_100).contains(chosen.count))
        #expect(chosen == (0..<20_000).filter { Self.observation(sequence: $0).isChosen(by: sampling) })
        #expect((0..<100).allSatisfy { Self.observation(sequence: $0, function: "g").isChosen(by: sampling) })
    }

    // MARK: - Grants

    struct Grant: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var local: (preset: UInt64?, minimum: UInt64, maximum: UInt64?, tier: UInt64, mode: Mode) =
            (nil, 16, nil, 1, .enforce)
        var narrowing: GrantNarrowing
        var expected: (preset: UInt64?, minimum: UInt64, maximum: UInt64?, tier: UInt64, mode: Mode)
    }

    static let grants: [Grant] = [
        Grant(
            testDescription: "nothing said",
            narrowing: GrantNarrowing(),
            expected: (nil, 16, nil, 1, .enforce)
        ),
        Grant(
            testDescription: "everything narrowed",
            narrowing: GrantNarrowing(
                mode: .shadow,
                preset: .mebibytes(256),
                minimum: .mebibytes(32),
                maximum: .mebibytes(512),
                tier: .mebibytes(16)
            ),
            expected: (256, 32, 512, 16, .shadow)
        ),
        Grant(
            testDescription: "nothing widened",
            local: (128, 64, 256, 32, .canary),
            narrowing: GrantNarrowing(
                mode: .enforce,
                preset: .mebibytes(200),
                minimum: .mebibytes(1),
                maximum: .mebibytes(9_000),
                tier: .mebibytes(1)
            ),
            expected: (128, 64, 256, 32, .canary)
        ),
        Grant(
            testDescription: "ranges that do not overlap end at the local range",
            local: (nil, 64, 256, 1, .enforce),
            narrowing: GrantNarrowing(preset: .mebibytes(8), minimum: .mebibytes(500), maximum: .mebibytes(32)),
            expected: (64, 256, 256, 1, .enforce)
        ),
    ]

    @Test("the coordinator moves within what the operator grants", arguments: grants)
    func narrowing(row: Grant) {
        func bytes(_ count: UInt64?) -> Bytes? { count.map { .mebibytes($0) } }
        var grant = AgentConfiguration.Grant(
            preset: bytes(row.local.preset),
            minimum: .mebibytes(row.local.minimum),
            maximum: bytes(row.local.maximum),
            tier: .mebibytes(row.local.tier),
            mode: row.local.mode,
            canaryShare: 1
        )
        grant.narrow(by: row.narrowing)
        #expect(grant.preset == bytes(row.expected.preset))
        #expect(grant.minimum == .mebibytes(row.expected.minimum))
        #expect(grant.maximum == bytes(row.expected.maximum))
        #expect(grant.tier == .mebibytes(row.expected.tier))
        #expect(grant.mode == row.expected.mode)
    }

    // MARK: - Policies

    static func function(
        _ name: String,
        cap: Mode = .enforce,
        _ documents: [String]
    ) -> PoliciesAnswer.Function {
        PoliciesAnswer.Function(name: name, modeCap: cap, documents: documents.map { Array($0.utf8) })
    }

    @Test("answers are merged: a part changes what it names, all replaces all, empty takes away")
    func merge() {
        var policies = CoordinatorPolicies()
        #expect(policies.revision == nil)
        let first = PoliciesAnswer(
            revision: 5,
            isFull: true,
            functions: [
                Self.function("guest/f", [Fixture.policy(version: 1), Fixture.policy(version: 2, status: "canary")]),
                Self.function("guest/g", [Fixture.policy("guest/g")]),
            ]
        )
        #expect(policies.merge(first) == [])
        #expect(policies.functions["guest/f"]?.policies.map(\.version) == [1, 2])
        let part = PoliciesAnswer(
            revision: 6,
            isFull: false,
            modeCap: .shadow,
            functions: [Self.function("guest/g", []), Self.function("guest/h", [Fixture.policy("guest/h")])]
        )
        #expect(policies.merge(part) == [])
        #expect(policies.functions.keys.sorted() == ["guest/f", "guest/h"])
        #expect(policies.modeCap == .shadow)
        let all = PoliciesAnswer(revision: 2, isFull: true, functions: [Self.function("guest/h", cap: .observe, [])])
        #expect(policies.merge(all) == [])
        #expect(policies.revision == 2)
        #expect(policies.functions.keys.sorted() == ["guest/h"])
        #expect(policies.functions["guest/h"]?.narrowing.mode == .observe)
    }

    @Test(
        "a bad policy refuses its function's change only; the last good ones stay, and the caps hold all the same",
        arguments: [
            "{", "{}", Fixture.policy("guest/other", version: 2), Fixture.policy(version: 2, status: "perfect"),
        ]
    )
    func badPolicy(document: String) throws {
        var policies = CoordinatorPolicies()
        _ = policies.merge(
            PoliciesAnswer(revision: 1, isFull: true, functions: [Self.function("guest/f", [Fixture.policy()])])
        )
        let change = PoliciesAnswer(
            revision: 2,
            isFull: true,
            functions: [
                Self.function("guest/f", cap: .shadow, [Fixture.policy(version: 3), document]),
                Self.function("guest/g", [Fixture.policy("guest/g")]),
            ]
        )
        #expect(policies.merge(change) == ["guest/f"])
        let kept = try #require(policies.functions["guest/f"])
        #expect(kept.policies.map(\.version) == [1])
        #expect(kept.narrowing.mode == .shadow)
        #expect(!kept.messages.isEmpty)
        #expect(policies.functions["guest/g"]?.policies.count == 1)

        let snapshot = PolicySnapshot(PolicySnapshot(), policies, revision: 1)
        #expect(snapshot.functions["guest/f"]?.set.active?.version == 1)
        #expect(snapshot.problems.map(\.file) == ["coordinator: guest/f"])
        #expect(snapshot.problems.first?.keptVersion == 1)

        let good = PoliciesAnswer(
            revision: 3,
            isFull: false,
            functions: [Self.function("guest/f", [Fixture.policy(version: 4)])]
        )
        #expect(policies.merge(good) == [])
        #expect(policies.refused.isEmpty)
        #expect(policies.functions["guest/f"]?.policies.map(\.version) == [4])
    }

    @Test("documents of the directory win for their function, and the coordinator's caps hold for them too")
    func composition() throws {
        let composer = PolicyComposer()
        var policies = CoordinatorPolicies()
        _ = policies.merge(
            PoliciesAnswer(
                revision: 1,
                isFull: true,
                modeCap: .canary,
                functions: [
                    Self.function("guest/f", cap: .shadow, [Fixture.policy(version: 9)]),
                    Self.function("guest/g", [Fixture.policy("guest/g", version: 9)]),
                ]
            )
        )
        #expect(composer.compose(coordinator: policies).revision == 0)
        let entries = try ["guest/f", "guest/h"].map { name in
            let policy = PolicyCompiler.compile(Array(Fixture.policy(name).utf8)).policy
            return PolicyCatalog.Entry(name: name, policy: try #require(policy))
        }
        let local = PolicySnapshot(PolicyCatalog.build(entries).catalog, problems: [], revision: 1)
        let snapshot = composer.compose(local: local)
        #expect(snapshot.revision == 1)
        #expect(snapshot.functions.mapValues { $0.set.active?.version } == ["guest/f": 1, "guest/g": 9, "guest/h": 1])
        #expect(
            snapshot.functions.mapValues { $0.narrowing?.mode }
                == ["guest/f": .shadow, "guest/g": .canary, "guest/h": .canary]
        )
        #expect(snapshot.documents == 3)
        #expect(composer.compose(coordinator: CoordinatorPolicies()).functions.keys.sorted() == ["guest/f", "guest/h"])
    }
}
