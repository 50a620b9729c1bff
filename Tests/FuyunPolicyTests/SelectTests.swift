import FuyunPolicy
import Testing

@Suite struct PolicySetTests {
    private func version(_ version: Int, _ status: String, share: Double? = nil) throws -> CompiledPolicy {
        let safety = share.map { #"{"headroom": 0, "canary_share": \#($0)}"# } ?? #"{"headroom": 0}"#
        return try policy(
            PolicyTexts.small(logic: PolicyTexts.constant, safety: safety, version: version, status: status)
        )
    }

    private func set(_ versions: [CompiledPolicy]) -> PolicySet {
        versions.reduce(into: PolicySet()) { $0.insert($1) }
    }

    private func shown(_ plan: DecisionPlan) -> String {
        "\(plan.applied?.version ?? 0) \(plan.recorded?.version ?? 0) \(plan.mode)"
    }

    @Test(
        arguments: [
            ("draft", nil), ("shadow", .shadow), ("canary", .canary), ("active", .enforce), ("retired", nil),
        ] as [(String, Mode?)]
    )
    func modes(_ status: String, _ mode: Mode?) throws {
        #expect(try version(1, status).mode == mode)
    }

    @Test func keepsTheNewestInAnyOrder() throws {
        let versions = try [
            version(1, "active"), version(2, "shadow"), version(3, "active"), version(4, "canary"),
            version(5, "shadow"),
            version(6, "draft"), version(7, "retired"),
        ]
        var random = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let set = set(versions.shuffled(using: &random))
            #expect(set.active?.version == 3)
            #expect(set.candidate?.version == 5)
        }
        #expect(set(Array(versions.prefix(3))).candidate == nil)
        var some = set([versions[2]])
        let taken = [0, 1, 5, 3].map { some.insert(versions[$0]) }
        #expect(taken == [false, false, false, true])
    }

    /// Hashes at the start and the end of the scale: within any share, and outside all but a whole one.
    private static let chosen: UInt64 = 0
    private static let other: UInt64 = .max

    @Test func activeAndShadow() throws {
        let set = set(try [version(3, "active"), version(4, "shadow")])
        #expect(shown(set.plan(activationHash: Self.chosen, cap: .enforce)) == "3 4 enforce")
        #expect(shown(set.plan(activationHash: Self.chosen, cap: .canary)) == "3 4 canary")
        #expect(shown(set.plan(activationHash: Self.other, cap: .canary)) == "0 4 shadow")
        #expect(shown(set.plan(activationHash: Self.chosen, cap: .shadow)) == "0 4 shadow")
        #expect(shown(set.plan(activationHash: Self.chosen, cap: .observe)) == "0 3 observe")
    }

    @Test func activeAndCanary() throws {
        let set = set(try [version(3, "active"), version(4, "canary")])
        for cap in [Mode.enforce, .canary] {
            #expect(shown(set.plan(activationHash: Self.chosen, cap: cap)) == "4 3 canary")
        }
        #expect(shown(set.plan(activationHash: Self.other, cap: .enforce)) == "3 4 enforce")
        #expect(shown(set.plan(activationHash: Self.other, cap: .canary)) == "0 4 shadow")
        #expect(shown(set.plan(activationHash: Self.chosen, cap: .shadow)) == "0 4 shadow")
    }

    @Test func alone() throws {
        #expect(shown(PolicySet().plan(activationHash: 1, cap: .enforce)) == "0 0 shadow")
        #expect(shown(set([try version(1, "active")]).plan(activationHash: 1, cap: .enforce)) == "1 0 enforce")
        #expect(shown(set([try version(1, "shadow")]).plan(activationHash: 1, cap: .enforce)) == "0 1 shadow")
        #expect(shown(set([try version(1, "canary")]).plan(activationHash: Self.other, cap: .enforce)) == "0 1 shadow")
        #expect(
            shown(set([try version(1, "canary", share: 1)]).plan(activationHash: Self.other, cap: .enforce))
                == "1 0 canary"
        )
        #expect(shown(set([try version(1, "canary", share: 0)]).plan(activationHash: 0, cap: .enforce)) == "0 1 shadow")
    }

    @Test func canaryShareIsTheShareThatIsChosen() throws {
        let set = set([try version(1, "canary", share: 0.2)])
        let count = (0..<20_000).count { index in
            set.plan(activationHash: StableHash.hash("activation-\(index)"), cap: .enforce).applied != nil
        }
        #expect((3_700...4_300).contains(count))
    }

    @Test func hashIsStable() {
        // Worked out by another program: FNV-1a 64, then MurmurHash3's finaliser.
        #expect(StableHash.hash("") == 0xefd01f60ba992926)
        #expect(StableHash.hash("4479a1") == 0xdac3740757e4087d)
        #expect(StableHash.hash([0x61]) == StableHash.hash("a"))
        #expect(StableHash.hash("xü€"[...]) == StableHash.hash("xü€"))
        #expect(StableHash.hash(0x0102_0304_0506_0708 as UInt64) == StableHash.hash([8, 7, 6, 5, 4, 3, 2, 1]))
        #expect(StableHash.fraction(0) == 0)
        #expect(StableHash.fraction(.max) < 1)
    }
}

@Suite struct PolicyCatalogTests {
    private func entry(_ name: String, _ id: String, _ version: Int, _ status: String) throws -> PolicyCatalog.Entry {
        let text = PolicyTexts.small(logic: PolicyTexts.constant, version: version, status: status, id: id)
        return PolicyCatalog.Entry(name: name, policy: try policy(text))
    }

    @Test func groupsByFunction() throws {
        let (catalog, diagnostics) = PolicyCatalog.build(
            try [
                entry("a.json", "f", 1, "active"), entry("b.json", "f", 2, "shadow"), entry("c.json", "g", 1, "active"),
                entry("d.json", "h", 1, "draft"),
            ]
        )
        #expect(diagnostics.isEmpty)
        #expect(catalog.functions.keys.sorted() == ["f", "g"])
        #expect(catalog["f"]?.active?.version == 1)
        #expect(catalog["f"]?.candidate?.version == 2)
        #expect(catalog["h"] == nil)
        #expect(catalog.versionCount == 4)
    }

    @Test func refusesTheSameVersionTwice() throws {
        let (catalog, diagnostics) = PolicyCatalog.build(
            try [
                entry("a.json", "f", 1, "active"), entry("b.json", "f", 1, "retired"),
                entry("c.json", "f", 2, "active"),
            ]
        )
        #expect(catalog["f"]?.active?.version == 2)
        #expect(diagnostics.map(\.code) == ["duplicate_version"])
        #expect(diagnostics.map(\.message).first?.contains("b.json: version 1 of \"f\" is already in a.json") == true)
    }
}
