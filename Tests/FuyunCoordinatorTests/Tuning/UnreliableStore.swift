import FuyunProtocol
import FuyunStore
import Synchronization

/// A store that fails when it is told to: at every call while `failure` is set.
final class UnreliableStore: Store {
    private let store: any Store
    private let failure = Mutex<StoreError?>(nil)
    private let failed = Mutex(0)

    init(_ store: any Store) { self.store = store }

    /// From now on every call fails like this; nil: none does.
    func fail(_ error: StoreError?) { failure.withLock { $0 = error } }

    /// Calls that failed.
    var failedCount: Int { failed.withLock { $0 } }

    private func refuse() throws(StoreError) {
        if let error = failure.withLock({ $0 }) {
            failed.withLock { $0 += 1 }
            throw error
        }
    }

    func register(_ registration: FunctionRegistration, at time: Timestamp) async throws(StoreError) -> StoredFunction {
        try refuse()
        return try await store.register(registration, at: time)
    }
    func function(_ name: String) async throws(StoreError) -> StoredFunction? {
        try refuse()
        return try await store.function(name)
    }
    func functions(after name: String?, limit: Int) async throws(StoreError) -> [StoredFunction] {
        try refuse()
        return try await store.functions(after: name, limit: limit)
    }
    func setSwitches(_ switches: FunctionSwitches, of function: String, at time: Timestamp) async throws(StoreError) {
        try refuse()
        try await store.setSwitches(switches, of: function, at: time)
    }
    func removeFunction(_ name: String, at time: Timestamp) async throws(StoreError) -> Bool {
        try refuse()
        return try await store.removeFunction(name, at: time)
    }
    func addPolicy(_ policy: NewPolicy, at time: Timestamp) async throws(StoreError) -> StoredPolicy {
        try refuse()
        return try await store.addPolicy(policy, at: time)
    }
    func policy(of function: String, version: Int) async throws(StoreError) -> StoredPolicy? {
        try refuse()
        return try await store.policy(of: function, version: version)
    }
    func policies(of function: String, before version: Int?, limit: Int) async throws(StoreError) -> [StoredPolicy] {
        try refuse()
        return try await store.policies(of: function, before: version, limit: limit)
    }
    func setStatus(_ changes: [StatusChange], of function: String, at time: Timestamp) async throws(StoreError) -> Int64
    {
        try refuse()
        return try await store.setStatus(changes, of: function, at: time)
    }
    func policyChanges(after revision: Int64?) async throws(StoreError) -> PolicyChanges {
        try refuse()
        return try await store.policyChanges(after: revision)
    }
    func globalSwitches() async throws(StoreError) -> GlobalSwitches {
        try refuse()
        return try await store.globalSwitches()
    }
    func setGlobalSwitches(_ switches: GlobalSwitches, at time: Timestamp) async throws(StoreError) {
        try refuse()
        try await store.setGlobalSwitches(switches, at: time)
    }
    func ingest(_ batches: [ObservationBatch], at time: Timestamp) async throws(StoreError) -> [IngestReceipt] {
        try refuse()
        return try await store.ingest(batches, at: time)
    }
    func observations(of function: String, limit: Int) async throws(StoreError) -> [StoredObservation] {
        try refuse()
        return try await store.observations(of: function, limit: limit)
    }
    func versionFigures(of function: String) async throws(StoreError) -> [VersionFigures] {
        try refuse()
        return try await store.versionFigures(of: function)
    }
    func touchNode(_ node: NodeReport, at time: Timestamp) async throws(StoreError) {
        try refuse()
        try await store.touchNode(node, at: time)
    }
    func nodes(after name: String?, limit: Int) async throws(StoreError) -> [StoredNode] {
        try refuse()
        return try await store.nodes(after: name, limit: limit)
    }
    func append(_ event: NewEvent, at time: Timestamp) async throws(StoreError) -> StoredEvent {
        try refuse()
        return try await store.append(event, at: time)
    }
    func events(after id: Int64, limit: Int) async throws(StoreError) -> [StoredEvent] {
        try refuse()
        return try await store.events(after: id, limit: limit)
    }
    func lastEvent() async throws(StoreError) -> Int64 {
        try refuse()
        return try await store.lastEvent()
    }
    func addDraft(_ draft: NewDraft, at time: Timestamp) async throws(StoreError) -> StoredDraft {
        try refuse()
        return try await store.addDraft(draft, at: time)
    }
    func endDraft(_ id: Int64, _ result: DraftResult, at time: Timestamp) async throws(StoreError) {
        try refuse()
        try await store.endDraft(id, result, at: time)
    }
    func endOpenDrafts(_ summary: String, at time: Timestamp) async throws(StoreError) -> Int {
        try refuse()
        return try await store.endOpenDrafts(summary, at: time)
    }
    func draft(of function: String, id: Int64) async throws(StoreError) -> StoredDraft? {
        try refuse()
        return try await store.draft(of: function, id: id)
    }
    func drafts(of function: String, before id: Int64?, limit: Int) async throws(StoreError) -> [StoredDraft] {
        try refuse()
        return try await store.drafts(of: function, before: id, limit: limit)
    }
    func draftExpenses(since time: Timestamp) async throws(StoreError) -> [DraftExpense] {
        try refuse()
        return try await store.draftExpenses(since: time)
    }
    func keepSource(_ text: String, of function: String, at time: Timestamp) async throws(StoreError) {
        try refuse()
        try await store.keepSource(text, of: function, at: time)
    }
    func keptSource(of function: String) async throws(StoreError) -> KeptSource? {
        try refuse()
        return try await store.keptSource(of: function)
    }
    func mergeShapes(_ shapes: [FunctionShape], at time: Timestamp) async throws(StoreError) {
        try refuse()
        try await store.mergeShapes(shapes, at: time)
    }
    func shape(of function: String) async throws(StoreError) -> StoredShape? {
        try refuse()
        return try await store.shape(of: function)
    }
    func prune(_ rules: RetentionRules, at time: Timestamp) async throws(StoreError) -> PruneReport {
        try refuse()
        return try await store.prune(rules, at: time)
    }
    func check() async throws(StoreError) { try await store.check() }
    func close() async throws(StoreError) { try await store.close() }
}
