import FuyunPolicy
import FuyunStore
import MemoryUnits
import Testing

extension StoreContract {
    static let functionCases: [StoreContract] = [
        StoreContract("a function is registered, changed, listed by name") { store in
            var registration = FunctionRegistration(name: "guest/b")
            registration.runtime = "python:3.11"
            registration.sourceDigest = "sha256:00"
            registration.preset = .mebibytes(512)
            registration.minimum = .mebibytes(64)
            registration.maximum = .gibibytes(2)
            registration.tier = .mebibytes(1)
            let first = try await store.register(registration, at: moment(0))
            #expect(first.registration == registration)
            #expect(first.switches == FunctionSwitches())
            #expect(first.createdAt == moment(0) && first.updatedAt == moment(0))
            #expect((first.newestVersion, first.observationCount) == (0, 0))
            #expect(first.activeVersion == nil && first.candidateVersion == nil && first.lastObservedAt == nil)

            registration.preset = nil
            let changed = try await store.register(registration, at: moment(5))
            #expect(changed.registration.preset == nil)
            #expect(changed.createdAt == moment(0) && changed.updatedAt == moment(5))
            #expect(try await store.register(registration, at: moment(9)).updatedAt == moment(5), "nothing changed")

            for name in ["guest/c", "guest/a"] {
                _ = try await store.register(FunctionRegistration(name: name), at: moment(1))
            }
            let names = try await store.functions(after: nil, limit: 2).map(\.registration.name)
            #expect(names == ["guest/a", "guest/b"])
            #expect(try await store.functions(after: "guest/b", limit: 2).map(\.registration.name) == ["guest/c"])
            #expect(try await store.functions(after: nil, limit: -1).isEmpty)
            #expect(try await store.function("guest/b") == changed)
            #expect(try await store.function("guest/none") == nil)
        },
        StoreContract("a registration that makes no sense is refused, and the field is named") { store in
            let tooLong = String(repeating: "x", count: 257)
            for (word, change) in [
                ("function", { $0.name = "" }),
                ("function", { $0.name = "with space" }),
                ("function", { $0.name = tooLong }),
                ("runtime", { $0.runtime = tooLong }),
                ("runtime", { $0.runtime = "a\0b" }),
                ("source_digest", { $0.sourceDigest = "" }),
                ("preset_bytes", { $0.preset = .zero }),
                ("maximum_bytes", { $0.maximum = .max }),
                ("tier_bytes", { $0.tier = .zero }),
                ("minimum_bytes", { ($0.minimum, $0.maximum) = (Bytes(2), Bytes(1)) }),
            ] as [(String, (inout FunctionRegistration) -> Void)] {
                var registration = FunctionRegistration(name: "guest/f")
                change(&registration)
                let wrong = registration
                await expectRefusal(.invalid, naming: word) { try await store.register(wrong, at: moment(0)) }
            }
            let functions = try await store.functions(after: nil, limit: 10)
            #expect(functions.isEmpty)
        },
        StoreContract("an operator's switches stay when the registration changes") { store in
            var switches = FunctionSwitches()
            switches.neverLower = true
            switches.isExcluded = true
            await expectRefusal(.notFound, naming: "guest/f") {
                try await store.setSwitches(FunctionSwitches(), of: "guest/f", at: moment(0))
            }
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            try await store.setSwitches(switches, of: "guest/f", at: moment(1))
            var registration = FunctionRegistration(name: "guest/f")
            registration.runtime = "nodejs:20"
            #expect(try await store.register(registration, at: moment(2)).switches == switches)

            switches.pinnedVersion = 1
            let pinned = switches
            await expectRefusal(.notFound, naming: "version 1") {
                try await store.setSwitches(pinned, of: "guest/f", at: moment(3))
            }
            _ = try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(4))
            try await store.setSwitches(pinned, of: "guest/f", at: moment(5))
            #expect(try await store.function("guest/f")?.switches == pinned)
        },
        StoreContract("a function goes with all that is its own, and its versions go on when it is back") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(1))
            _ = try await store.addPolicy(newPolicy("guest/f", .shadow), at: moment(1))
            var switches = FunctionSwitches()
            switches.pinnedVersion = 1
            try await store.setSwitches(switches, of: "guest/f", at: moment(1))
            _ = try await store.ingest([batch([observation(1, function: "guest/f")])], at: moment(2))
            let draft = NewDraft(function: "guest/f")
            _ = try await store.addDraft(draft, at: moment(2))

            let removals = [
                try await store.removeFunction("guest/f", at: moment(3)),
                try await store.removeFunction("guest/f", at: moment(4)),
            ]
            #expect(removals == [true, false])
            #expect(try await store.function("guest/f") == nil)
            #expect(try await store.policies(of: "guest/f", before: nil, limit: 10).isEmpty)
            #expect(try await store.observations(of: "guest/f", limit: 10).isEmpty)
            #expect(try await store.versionFigures(of: "guest/f").isEmpty)
            #expect(try await store.drafts(of: "guest/f", before: nil, limit: 10).isEmpty)

            let back = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(5))
            #expect((back.newestVersion, back.observationCount) == (0, 0))
            #expect(back.switches == FunctionSwitches())
            #expect(try await store.addPolicy(newPolicy("guest/f", .draft), at: moment(6)).version == 3)
        },
        StoreContract("the global switches are on at first, and stay as they are set") { store in
            #expect(try await store.globalSwitches() == GlobalSwitches())
            var switches = GlobalSwitches()
            switches.modeCap = .observe
            switches.isTuningEnabled = false
            try await store.setGlobalSwitches(switches, at: moment(0))
            #expect(try await store.globalSwitches() == switches)
        },
    ]
}
