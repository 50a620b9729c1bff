/// Where a coordinator keeps what it knows: functions, every version of every policy, observations, nodes, drafts, events.
///
/// Small on purpose, so that a second store can take the first one's place: each call is one transaction, whole or not at
/// all, and every rule that must hold whatever the caller does (versions only grow, one active version a function,
/// an observation is stored once) is the store's. `StoreContract` in the tests is what a store must pass.
public protocol Store: Sendable {
    // MARK: Functions

    /// Registers a function or changes its registration; settings that operators switch (`FunctionSwitches`) stay.
    func register(_ registration: FunctionRegistration, at time: Timestamp) async throws(StoreError) -> StoredFunction
    /// A function; nil when it is not known.
    func function(_ name: String) async throws(StoreError) -> StoredFunction?
    /// Functions by name, at most `limit` after `name`.
    func functions(after name: String?, limit: Int) async throws(StoreError) -> [StoredFunction]
    /// Sets an operator's switches; `notFound` when the function is not known.
    func setSwitches(_ switches: FunctionSwitches, of function: String, at time: Timestamp) async throws(StoreError)
    /// Removes a function with all that belongs to it; false when it was not known.
    func removeFunction(_ name: String, at time: Timestamp) async throws(StoreError) -> Bool

    // MARK: Policies

    /// Stores a new version. The number in the document is not looked at: the store gives the next one and puts it, with
    /// the status, into the document that it keeps.
    func addPolicy(_ policy: NewPolicy, at time: Timestamp) async throws(StoreError) -> StoredPolicy
    /// A version; nil when there is none.
    func policy(of function: String, version: Int) async throws(StoreError) -> StoredPolicy?
    /// The versions of a function, newest first, at most `limit` below `version`.
    func policies(of function: String, before version: Int?, limit: Int) async throws(StoreError) -> [StoredPolicy]
    /// Moves versions on the ladder, all or none; at most one version of a function is active, and one in shadow or
    /// canary, after it. Each change is an event and raises the revision once.
    /// - Returns: The revision after it.
    func setStatus(_ changes: [StatusChange], of function: String, at time: Timestamp) async throws(StoreError) -> Int64
    /// What agents must know that they do not know after `revision`; everything in use when `revision` is nil, or older
    /// than what the store remembers, or newer than its own.
    func policyChanges(after revision: Int64?) async throws(StoreError) -> PolicyChanges
    /// The global switches.
    func globalSwitches() async throws(StoreError) -> GlobalSwitches
    /// Sets the global switches; raises the revision.
    func setGlobalSwitches(_ switches: GlobalSwitches, at time: Timestamp) async throws(StoreError)

    // MARK: Observations

    /// Stores batches in one transaction. What was stored before, by (node, epoch, sequence), is counted and left as it
    /// is. Functions that are not known yet are registered without anything but their name.
    /// - Returns: One receipt a batch, in order.
    func ingest(_ batches: [ObservationBatch], at time: Timestamp) async throws(StoreError) -> [IngestReceipt]
    /// A function's latest observations, newest first (by the order of arrival).
    func observations(of function: String, limit: Int) async throws(StoreError) -> [StoredObservation]
    /// Counts by policy version and mode: calls, misses, bytes granted and needed.
    func versionFigures(of function: String) async throws(StoreError) -> [VersionFigures]

    // MARK: Nodes and events

    /// Notes that a node was heard of.
    func touchNode(_ node: NodeReport, at time: Timestamp) async throws(StoreError)
    /// Nodes by name, at most `limit` after `name`.
    func nodes(after name: String?, limit: Int) async throws(StoreError) -> [StoredNode]
    /// Writes an event down.
    func append(_ event: NewEvent, at time: Timestamp) async throws(StoreError) -> StoredEvent
    /// Events after an id, oldest first.
    func events(after id: Int64, limit: Int) async throws(StoreError) -> [StoredEvent]
    /// The id of the newest event; 0 when there is none.
    func lastEvent() async throws(StoreError) -> Int64

    // MARK: Drafts

    /// Notes that a draft is asked for; of a function only the newest twenty stay. `notFound` when it is not known.
    func addDraft(_ draft: NewDraft, at time: Timestamp) async throws(StoreError) -> StoredDraft
    /// Writes down what came of a draft, once; `notFound` when it is not there, `conflict` when it has ended.
    func endDraft(_ id: Int64, _ result: DraftResult, at time: Timestamp) async throws(StoreError)
    /// Ends all drafts that have not ended: those who made them are gone.
    /// - Returns: How many there were.
    func endOpenDrafts(_ summary: String, at time: Timestamp) async throws(StoreError) -> Int
    /// A draft of a function; nil when there is none with this id.
    func draft(of function: String, id: Int64) async throws(StoreError) -> StoredDraft?
    /// A function's drafts, newest first, at most `limit` below an id; `record` is left out.
    func drafts(of function: String, before id: Int64?, limit: Int) async throws(StoreError) -> [StoredDraft]
    /// What the drafts that ended since a moment took, oldest first.
    func draftExpenses(since time: Timestamp) async throws(StoreError) -> [DraftExpense]
    /// Keeps the source that a function is drafted from; goes with the function. `notFound` when it is not known.
    func keepSource(_ text: String, of function: String, at time: Timestamp) async throws(StoreError)
    /// The source that a function was last drafted from; nil when there is none.
    func keptSource(of function: String) async throws(StoreError) -> KeptSource?
    /// Merges what nodes saw of payloads into what is known of each function. Functions that are not known yet are
    /// registered without anything but their name.
    func mergeShapes(_ shapes: [FunctionShape], at time: Timestamp) async throws(StoreError)
    /// What a function's payloads look like; nil when nothing was seen.
    func shape(of function: String) async throws(StoreError) -> StoredShape?

    // MARK: Keeping house

    /// Removes what is older or more than the rules keep: observations by age and by count a function, events by age and
    /// count, retired versions by count. What is in use stays.
    func prune(_ rules: RetentionRules, at time: Timestamp) async throws(StoreError) -> PruneReport
    /// Whether the store answers.
    func check() async throws(StoreError)
    /// Writes out what is held back and closes; calls after it throw `closed`.
    func close() async throws(StoreError)
}
