import FuyunPolicy
import FuyunStore
import MemoryUnits
import Testing

extension StoreContract {
    static let changeCases: [StoreContract] = [
        StoreContract("an agent that knows nothing gets everything in use, and only that") { store in
            for name in ["guest/none", "guest/draft", "guest/used"] {
                _ = try await store.register(FunctionRegistration(name: name), at: moment(0))
            }
            var granted = FunctionRegistration(name: "guest/granted")
            granted.preset = .mebibytes(256)
            _ = try await store.register(granted, at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/draft", .draft), at: moment(1))
            _ = try await store.addPolicy(newPolicy("guest/used", .active), at: moment(1))
            _ = try await store.addPolicy(newPolicy("guest/used", .active), at: moment(1))
            _ = try await store.addPolicy(newPolicy("guest/used", .canary), at: moment(1))
            let changes = try await store.policyChanges(after: nil)
            #expect(changes.isFull)
            #expect(changes.switches == GlobalSwitches())
            #expect(changes.functions.map(\.registration.name).sorted() == ["guest/granted", "guest/used"])
            let share = changes.functions.first { $0.registration.name == "guest/granted" }
            #expect(share?.registration == granted && share?.documents.isEmpty == true)
            let used = changes.functions.first { $0.registration.name == "guest/used" }?.documents.map(\.metadata) ?? []
            #expect(used.map(\.version) == [2, 3])
            #expect(used.map(\.status) == [.active, .canary])
            #expect(used.first?.supersedes == 1)
        },
        StoreContract("an agent gets what changed since its revision, whole functions at a time") { store in
            for name in ["guest/a", "guest/b"] {
                _ = try await store.register(FunctionRegistration(name: name), at: moment(0))
                _ = try await store.addPolicy(newPolicy(name, .active), at: moment(1))
            }
            let start = try await store.policyChanges(after: nil).revision
            let nothing = try await store.policyChanges(after: start)
            #expect(!nothing.isFull && nothing.functions.isEmpty && nothing.revision == start)

            _ = try await store.addPolicy(newPolicy("guest/b", .shadow), at: moment(2))
            let one = try await store.policyChanges(after: start)
            #expect(!one.isFull && one.revision > start)
            #expect(one.functions.map(\.registration.name) == ["guest/b"])
            #expect(one.functions.first?.documents.map(\.metadata.status) == [.active, .shadow])

            // A draft is nothing to an agent; all retired is.
            _ = try await store.addPolicy(newPolicy("guest/a", .draft), at: moment(3))
            #expect(try await store.policyChanges(after: one.revision).functions.isEmpty)
            let retirement = StatusChange(version: 1, to: .retired, author: "operator", reason: "")
            let revision = try await store.setStatus([retirement], of: "guest/a", at: moment(4))
            let gone = try await store.policyChanges(after: one.revision)
            #expect(gone.revision == revision)
            #expect(gone.functions.map(\.registration.name) == ["guest/a"])
            #expect(gone.functions.first?.documents.isEmpty == true)
        },
        StoreContract("switches, grants and removals reach agents") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(0))
            var revision = try await store.policyChanges(after: nil).revision

            func changed(_ what: String) async throws -> PolicyChanges {
                let changes = try await store.policyChanges(after: revision)
                #expect(!changes.isFull && changes.revision > revision, "\(what)")
                revision = changes.revision
                return changes
            }
            var switches = FunctionSwitches()
            switches.isExcluded = true
            try await store.setSwitches(switches, of: "guest/f", at: moment(1))
            #expect(try await changed("excluded").functions.first?.switches == switches)

            var registration = FunctionRegistration(name: "guest/f")
            registration.maximum = .gibibytes(1)
            _ = try await store.register(registration, at: moment(2))
            #expect(try await changed("granted").functions.first?.registration == registration)

            var global = GlobalSwitches()
            global.modeCap = .shadow
            try await store.setGlobalSwitches(global, at: moment(3))
            #expect(try await changed("capped").switches == global)

            let before = revision
            _ = try await store.removeFunction("guest/f", at: moment(4))
            let removal = try await changed("removed").functions
            #expect(removal.map(\.registration.name) == ["guest/f"])
            #expect(removal.first?.documents.isEmpty == true)

            // Who did not hear of the removal hears of it, also when the name is back.
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(5))
            let late = try await store.policyChanges(after: before).functions
            #expect(late.map(\.registration.name) == ["guest/f"])
            #expect(late.first?.documents.isEmpty == true)
        },
        StoreContract("a revision that the store never gave gets everything") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(0))
            let revision = try await store.policyChanges(after: nil).revision
            for unknown in [revision + 1, .max, .min] as [Int64] {
                let changes = try await store.policyChanges(after: unknown)
                #expect(changes.isFull && changes.revision == revision)
                #expect(changes.functions.map(\.registration.name) == ["guest/f"])
            }
        },
        StoreContract("a function that only sent observations is no change") { store in
            let revision = try await store.policyChanges(after: nil).revision
            _ = try await store.ingest([batch([observation(1, version: nil)])], at: moment(1))
            #expect(try await store.policyChanges(after: nil).revision == revision)
        },
    ]
}
