import FuyunPolicy
import FuyunStore
import Testing

extension StoreContract {
    private static func shape(_ pointer: String, _ upper: Double, payloads: Int = 1) -> PayloadShape {
        let leaf = PayloadLeaf(pointer: pointer, kind: .number, range: .init(lower: 0, upper: upper), count: payloads)
        return PayloadShape(leaves: [leaf], payloads: payloads)
    }

    static let draftCases: [StoreContract] = [
        StoreContract("a draft is open until it has ended, once, and is found by its id") { store in
            await expectRefusal(.notFound, naming: "guest/f") {
                try await store.addDraft(NewDraft(function: "guest/f"), at: moment(0))
            }
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            _ = try await store.register(FunctionRegistration(name: "guest/g"), at: moment(0))
            let asked = NewDraft(function: "guest/f", cause: .secondThoughts, isDryRun: true)
            let first = try await store.addDraft(asked, at: moment(1))
            #expect(first.draft == asked && first.result == nil && first.createdAt == moment(1))
            #expect(try await store.draft(of: "guest/f", id: first.id) == first)
            #expect(try await store.draft(of: "guest/g", id: first.id) == nil)
            var result = DraftResult(isDone: true, summary: "two candidates")
            result.versions = [3, 4]
            result.model = "m"
            result.promptDigest = "sha256:1"
            (result.calls, result.promptTokens, result.completionTokens, result.cost) = (2, 100, 20, 0.25)
            result.record = "{}"
            try await store.endDraft(first.id, result, at: moment(5))
            let ended = try await store.draft(of: "guest/f", id: first.id)
            #expect(ended?.result == result && ended?.endedAt == moment(5))
            await expectRefusal(.conflict, naming: "ended") { [result] in
                try await store.endDraft(first.id, result, at: moment(6))
            }
            await expectRefusal(.notFound) { [result] in try await store.endDraft(99, result, at: moment(6)) }

            let second = try await store.addDraft(NewDraft(function: "guest/f"), at: moment(7))
            let list = try await store.drafts(of: "guest/f", before: nil, limit: 9)
            #expect(list.map(\.id) == [second.id, first.id])
            // The record is for those who ask for one draft.
            #expect(list.last?.result?.record == nil && list.last?.result?.versions == [3, 4])
            #expect(try await store.drafts(of: "guest/f", before: second.id, limit: 9).map(\.id) == [first.id])
            #expect(try await store.endOpenDrafts("stopped", at: moment(8)) == 1)
            let failed = try await store.draft(of: "guest/f", id: second.id)
            #expect(failed?.result == DraftResult(isDone: false, summary: "stopped"))
            #expect(try await store.endOpenDrafts("stopped", at: moment(8)) == 0)

            let expense = DraftExpense(at: moment(5), calls: 2, cost: 0.25)
            #expect(try await store.draftExpenses(since: moment(5)) == [expense])
            #expect(try await store.draftExpenses(since: moment(6)).isEmpty)
        },
        StoreContract("what a draft brings is bounded, and so is how many of a function stay") { store in
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            for number in Int64(1)...25 {
                let draft = try await store.addDraft(NewDraft(function: "guest/f"), at: moment(number))
                var result = DraftResult(isDone: true, summary: "\(number)")
                result.record = String(repeating: "r", count: 1 << 20 + 1)
                await expectRefusal(.invalid, naming: "record") { [result] in
                    try await store.endDraft(draft.id, result, at: moment(number))
                }
                result.record = nil
                try await store.endDraft(draft.id, result, at: moment(number))
            }
            let kept = try await store.drafts(of: "guest/f", before: nil, limit: 99)
            #expect(kept.count == 20 && kept.first?.result?.summary == "25")
        },
        StoreContract("a source is kept with its function, and the latest takes the place of the one before") { store in
            await expectRefusal(.notFound) { try await store.keepSource("{}", of: "guest/f", at: moment(0)) }
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(0))
            #expect(try await store.keptSource(of: "guest/f") == nil)
            try await store.keepSource("{}", of: "guest/f", at: moment(1))
            try await store.keepSource("[]", of: "guest/f", at: moment(2))
            #expect(try await store.keptSource(of: "guest/f") == KeptSource(text: "[]", changedAt: moment(2)))
            let long = String(repeating: "s", count: 4 << 20 + 1)
            await expectRefusal(.invalid, naming: "source") {
                try await store.keepSource(long, of: "guest/f", at: moment(3))
            }
            _ = try await store.removeFunction("guest/f", at: moment(4))
            _ = try await store.register(FunctionRegistration(name: "guest/f"), at: moment(5))
            #expect(try await store.keptSource(of: "guest/f") == nil)
        },
        StoreContract("what nodes see of payloads becomes one shape a function") { store in
            #expect(try await store.shape(of: "guest/f") == nil)
            try await store.mergeShapes([FunctionShape(function: "guest/f", shape: shape("/a", 8))], at: moment(1))
            #expect(try await store.function("guest/f") != nil)
            #expect(try await store.shape(of: "guest/f")?.shape == shape("/a", 8))
            try await store.mergeShapes(
                [
                    FunctionShape(function: "guest/f", shape: shape("/a", 64)),
                    FunctionShape(function: "guest/f", shape: shape("/b", 2)),
                    FunctionShape(function: "guest/g", shape: shape("/c", 2)),
                ],
                at: moment(2)
            )
            let merged = try await store.shape(of: "guest/f")
            #expect(merged?.changedAt == moment(2))
            #expect(merged?.shape == shape("/a", 8).merged(with: shape("/a", 64)).merged(with: shape("/b", 2)))
            await expectRefusal(.invalid, naming: "function") {
                try await store.mergeShapes([FunctionShape(function: "no name", shape: shape("/a", 2))], at: moment(3))
            }
            _ = try await store.removeFunction("guest/f", at: moment(4))
            #expect(try await store.shape(of: "guest/f") == nil)
        },
    ]
}
