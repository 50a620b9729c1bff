import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Logging
import MemoryUnits
import Synchronization

@testable import FuyunCoordinator

/// A model that says what a test tells it to, and remembers what it was asked.
final class StubModel: LanguageModel {
    private let asked = Mutex([ChatRequest]())
    private let script: @Sendable (Int) async throws(ModelFailure) -> String

    init(_ script: @escaping @Sendable (Int) async throws(ModelFailure) -> String) { self.script = script }

    var requests: [ChatRequest] { asked.withLock { $0 } }

    func complete(_ request: ChatRequest) async throws(ModelFailure) -> ChatReply {
        let number = asked.withLock { asked in
            asked.append(request)
            return asked.count - 1
        }
        return ChatReply(
            content: try await script(number),
            model: "stub-1",
            usage: TokenUsage(promptTokens: 100, completionTokens: 10, cost: 0.5),
            followedSchema: true
        )
    }
}

/// An answer in the drafter's form: two formulas over one number.
func modelReply(_ pointer: String = "/n", expression: String = "n", name: String = "n") -> String {
    func skeleton(_ title: String, _ expression: String) -> String {
        """
        {"name":"\(title)","family":"linear","select":null,"rationale":"\(title) is held once","grows_with":["\(name)"],
         "laws":[{"when":null,"base":{"expected":40000000,"low":20000000,"high":90000000},
          "terms":[{"name":"t","expression":"\(expression)","coefficient":{"expected":1000,"low":100,"high":9000},
          "exponent":null,"rate":null,"knots":null}]}]}
        """
    }
    return """
        {"analysis":{"summary":"It holds \(name).","drivers":[{"name":"\(name)","place":"\(pointer)","effect":"held"}],
         "outside_payload":[]},
         "proposal":{"variables":[{"name":"\(name)","type":"number","unit":"count","minimum":1,"maximum":100000,"values":null,
          "source":"json","at":"\(pointer)","default":null}],
          "skeletons":[\(skeleton("first", expression)),\(skeleton("second", "sqrt(\(expression))"))]}}
        """
}

/// A store, a drafter over it, and the desk between tuner and drafter.
struct DraftRig: Sendable {
    let store: SQLiteStore
    let service: DrafterService
    let desk: DoubtDesk
    let time: ManualTime
    let published: Published

    final class Published: Sendable {
        private let names = Mutex([String]())
        var all: [String] { names.withLock { $0 } }
        func add(_ name: String) { names.withLock { $0.append(name) } }
    }

    /// Runs a drafter for the time of `body`.
    static func with(
        _ model: (any LanguageModel)?,
        settings: DraftingSettings = DraftingSettings(),
        _ body: (DraftRig) async throws -> Void
    ) async throws {
        try await withStore { store in
            let time = ManualTime()
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let desk = DoubtDesk(isOpen: model != nil && settings.secondThoughts)
            let published = Published()
            let service = DrafterService(
                store: store,
                events: EventHub(store: store, clock: time.clock, logger: logger),
                settings: settings,
                model: model,
                desk: desk,
                clock: time.clock,
                metrics: CoordinatorMetrics().drafter,
                logger: logger
            ) { published.add($0) }
            var registration = FunctionRegistration(name: "guest/f")
            registration.preset = .mebibytes(512)
            registration.maximum = .gibibytes(1)
            _ = try await store.register(registration, at: time.clock.now)
            await service.recover()
            let running = Task { try await service.run() }
            let rig = DraftRig(store: store, service: service, desk: desk, time: time, published: published)
            do { try await body(rig) } catch {
                running.cancel()
                desk.announcer.close()
                _ = try? await running.value
                throw error
            }
            running.cancel()
            desk.announcer.close()
            try await running.value
        }
    }

    /// A request with a source and a payload that has a number.
    static func request(_ function: String = "guest/f", text: String = "def main(n): return bytes(n)") -> DraftRequest {
        let leaf = PayloadLeaf(pointer: "/n", kind: .number, range: .init(lower: 1, upper: 65_536), count: 9)
        return DraftRequest(
            function: function,
            runtime: "python:3.12",
            source: SourceBundle(files: [.init(path: "main.py", text: text)], digest: "sha256:aa"),
            grant: SafetyBounds(minimum: .zero, maximum: .max, preset: .max, tier: .zero),
            payload: PayloadShape(leaves: [leaf], payloads: 9)
        )
    }

    /// Asks, and waits for the end.
    func draft(_ request: DraftRequest = request(), isDryRun: Bool = false) async throws -> StoredDraft {
        let stored = try await service.submit(request, isDryRun: isDryRun)
        return try await ended(stored.id, of: request.function)
    }

    func ended(_ id: Int64, of function: String = "guest/f") async throws -> StoredDraft {
        guard let draft = try await service.wait(for: id, of: function, atMost: .seconds(20)), draft.result != nil
        else {
            throw StoreError(.failed, "draft \(id) did not end")
        }
        return draft
    }

    /// The versions with author, status and origin.
    func versions(_ function: String = "guest/f") async throws -> [StoredPolicy] {
        try await store.policies(of: function, before: nil, limit: 99).reversed()
    }

    func events(_ kind: String) async throws -> [NewEvent] {
        try await store.events(after: 0, limit: 1_000).map(\.event).filter { $0.kind == kind }
    }

    /// Polls until it is so, for ten seconds at most.
    func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}
