import FuyunPolicy
import FuyunStore
import Testing

extension StoreContract {
    static let policyCases: [StoreContract] = [
        StoreContract("versions only grow, and documents come back but for what the store decides") { store in
            await expectRefusal(.notFound, naming: "guest/f") {
                try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(0))
            }
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for version in 1...3 {
                var policy = newPolicy("guest/f", .draft, slope: Double(version))
                policy.notes = version == 2 ? #"{"samples":9}"# : nil
                let added = try await store.addPolicy(policy, at: moment(Int64(version)))
                #expect((added.version, added.status) == (version, .draft))
                #expect((added.author, added.reason, added.notes) == ("tuner", "a better fit", policy.notes))
                #expect(added.createdAt == moment(Int64(version)) && added.statusSince == added.createdAt)
                var expected = policy.document
                expected.metadata.version = version
                expected.metadata.status = .draft
                #expect(added.document == expected)
                let read = try await store.policy(of: "guest/f", version: version)
                #expect(read?.document == expected && read?.notes == policy.notes)
            }
            let versions = try await store.policies(of: "guest/f", before: nil, limit: 2).map(\.version)
            #expect(versions == [3, 2])
            #expect(try await store.policies(of: "guest/f", before: 2, limit: 9).map(\.version) == [1])
            #expect(try await store.policies(of: "guest/none", before: nil, limit: 9).isEmpty)
            #expect(try await store.policy(of: "guest/f", version: 4) == nil)
            #expect(try await store.policy(of: "guest/none", version: 1) == nil)
            #expect(try await store.function("guest/f")?.newestVersion == 3)
        },
        StoreContract("a predecessor that is not there is not kept") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for (named, kept) in [(5, nil), (1, 1), (3, nil)] as [(Int, Int?)] {
                var policy = newPolicy("guest/f", .draft)
                policy.document = document("guest/f", supersedes: named)
                let added = try await store.addPolicy(policy, at: moment(1))
                #expect(added.document.metadata.supersedes == kept, "version \(added.version)")
            }
        },
        StoreContract("a version that makes no sense is refused, and the field is named") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for (word, change) in [
                ("status", { $0.status = .retired }),
                ("policy_id", { $0.document.metadata.policyID = "no name" }),
                ("author", { $0.author = "" }),
                ("author", { $0.author = String(repeating: "a", count: 257) }),
                ("reason", { $0.reason = String(repeating: "r", count: 5000) }),
                ("notes", { $0.notes = String(repeating: "n", count: 300_000) }),
                ("document", { $0.document.safety.headroom = .nan }),
            ] as [(String, (inout NewPolicy) -> Void)] {
                var policy = newPolicy("guest/f", .draft)
                change(&policy)
                let wrong = policy
                await expectRefusal(.invalid, naming: word) { try await store.addPolicy(wrong, at: moment(1)) }
            }
            #expect(try await store.policies(of: "guest/f", before: nil, limit: 9).isEmpty)
        },
    ]

    static let ladderCases: [StoreContract] = [
        StoreContract("up the ladder: each step retires who was there, and the active version knows its predecessor") {
            store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/f", .shadow), at: moment(1))
            _ = try await store.addPolicy(newPolicy("guest/f", .canary), at: moment(2))
            #expect(try await statuses(store) == [2: .canary, 1: .retired])
            try await step(store, 2, .active, at: 3)
            #expect(try await statuses(store) == [2: .active, 1: .retired])
            #expect(try await store.policy(of: "guest/f", version: 2)?.document.metadata.supersedes == nil)

            _ = try await store.addPolicy(newPolicy("guest/f", .shadow), at: moment(4))
            try await step(store, 3, .canary, at: 5)
            let function = try await store.function("guest/f")
            #expect((function?.activeVersion, function?.candidateVersion) == (2, 3))
            try await step(store, 3, .active, at: 6)
            #expect(try await statuses(store) == [3: .active, 2: .retired, 1: .retired])
            let third = try await store.policy(of: "guest/f", version: 3)
            #expect(third?.document.metadata.supersedes == 2)
            #expect(third?.statusSince == moment(6) && third?.createdAt == moment(4))
            #expect(try await store.policy(of: "guest/f", version: 2)?.statusSince == moment(6))

            _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(7))
            #expect(try await statuses(store) == [4: .active, 3: .retired, 2: .retired, 1: .retired])
            #expect(try await store.policy(of: "guest/f", version: 4)?.document.metadata.supersedes == 3)
        },
        StoreContract("back down: the predecessor is active again, and supersedes nothing newer than itself") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for _ in 1...2 { _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(1)) }
            let changes = [
                StatusChange(version: 2, to: .retired, author: "ladder", reason: "three misses"),
                StatusChange(version: 1, to: .active, author: "ladder", reason: "it would have covered them"),
            ]
            _ = try await store.setStatus(changes, of: "guest/f", at: moment(2))
            #expect(try await statuses(store) == [1: .active, 2: .retired])
            #expect(try await store.policy(of: "guest/f", version: 1)?.document.metadata.supersedes == nil)
            try await step(store, 2, .active, at: 3)
            #expect(try await store.policy(of: "guest/f", version: 2)?.document.metadata.supersedes == 1)
        },
        StoreContract("changes of status happen all or none") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for _ in 1...3 { _ = try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(1)) }
            try await step(store, 1, .active, at: 2)
            let before = try await statuses(store)
            let revision = try await store.policyChanges(after: nil).revision
            let event = try await store.lastEvent()
            for (code, changes) in [
                (.conflict, [(2, .active), (3, .active)]), (.conflict, [(1, .active), (2, .active)]),
                (.conflict, [(2, .shadow), (3, .canary)]), (.conflict, [(2, .shadow), (1, .draft)]),
                (.notFound, [(2, .shadow), (9, .active)]), (.invalid, [(2, .shadow), (2, .active)]),
            ] as [(StoreError.Code, [(Int, PolicyStatus)])] {
                let changes = changes.map { StatusChange(version: $0.0, to: $0.1, author: "operator", reason: "") }
                await expectRefusal(code) { try await store.setStatus(changes, of: "guest/f", at: moment(3)) }
            }
            await expectRefusal(.notFound, naming: "guest/none") {
                try await store.setStatus([], of: "guest/none", at: moment(3))
            }
            // What is so already changes nothing.
            let same = StatusChange(version: 1, to: .active, author: "operator", reason: "")
            #expect(try await store.setStatus([same], of: "guest/f", at: moment(3)) == revision)
            #expect(try await statuses(store) == before)
            #expect(try await store.lastEvent() == event)
        },
        StoreContract("each change is an event, and the revision rises once for all of them") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for _ in 1...2 { _ = try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(1)) }
            try await step(store, 1, .active, at: 2)
            let last = try await store.lastEvent()
            let revision = try await store.policyChanges(after: nil).revision
            let after = try await store.setStatus(
                [StatusChange(version: 2, to: .active, author: "operator", reason: "by hand")],
                of: "guest/f",
                at: moment(3)
            )
            #expect(after > revision)
            #expect(try await store.policyChanges(after: nil).revision == after)
            let events = try await store.events(after: last, limit: 10)
            #expect(events.map(\.event.kind) == ["policy.retired", "policy.activated"])
            #expect(events.map(\.event.version) == [1, 2])
            #expect(events.allSatisfy { $0.event.function == "guest/f" && $0.time == moment(3) })
            #expect(events.last?.event.message.contains("by hand") == true)
        },
        StoreContract("many writers at once leave one active version, and every version once") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...20 {
                    group.addTask { try await store.addPolicy(newPolicy("guest/f", .active), at: moment(1)).version }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(versions.sorted() == Array(1...20))
            let active = try await statuses(store).filter { $0.value == .active }
            #expect(active.map(\.key) == [20])
        },
    ]

    private static func statuses(_ store: any Store) async throws -> [Int: PolicyStatus] {
        let policies = try await store.policies(of: "guest/f", before: nil, limit: 100)
        return Dictionary(uniqueKeysWithValues: policies.map { ($0.version, $0.status) })
    }

    private static func step(
        _ store: any Store,
        _ version: Int,
        _ status: PolicyStatus,
        at second: Int64
    ) async throws {
        let change = StatusChange(version: version, to: status, author: "ladder", reason: "next step")
        _ = try await store.setStatus([change], of: "guest/f", at: moment(second))
    }
}
