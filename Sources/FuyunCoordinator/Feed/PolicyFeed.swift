import FuyunPolicy
import FuyunProtocol
public import FuyunStore
import NIOCore
import Synchronization

/// Brings new policies to agents that wait for them.
///
/// Whoever changes what agents should know (a status, a switch, a grant) calls `publish()` after the store has it. Every
/// long poll then looks again, at once; polls from the same revision share one look.
public final class PolicyFeed: Sendable {
    /// What a poll is answered.
    struct Page: Sendable {
        /// The revision that it brings an agent to.
        var revision: Int64
        /// Whether it is everything.
        var isFull: Bool
        /// The body.
        var body: ByteBuffer
    }

    /// Answers that are kept until the next change: agents are rarely at more than a few revisions.
    private static let keptAnswers = 256

    private let store: any Store
    private let announcer = Announcer()
    private let lookups = Mutex<[Int64?: Task<Page, any Error>]>([:])

    /// Makes a feed of a store's policies.
    public init(store: any Store) { self.store = store }

    /// Something that agents should know has changed, and the store has it.
    public func publish() {
        // First the answers, then the waiters: whoever wakes must not find an old one.
        lookups.withLock { $0 = [:] }
        announcer.announce()
    }

    /// Answers all waiting polls as things stand; later polls are not kept waiting.
    func close() { announcer.close() }

    /// How many polls wait.
    var waiterCount: Int { announcer.waiterCount }

    /// What an agent at `revision` (nil: it has nothing) must know; waits for it, `limit` at most, when there is nothing.
    func page(after revision: Int64?, atMost limit: Duration) async throws(StoreError) -> Page {
        let deadline = ContinuousClock.now + limit
        while true {
            let generation = announcer.generation
            let page = try await look(after: revision)
            let left = deadline - ContinuousClock.now
            if page.isFull || page.revision != revision || left <= .zero || announcer.isClosed || Task.isCancelled {
                return page
            }
            await announcer.wait(beyond: generation, atMost: left)
        }
    }

    private func look(after revision: Int64?) async throws(StoreError) -> Page {
        let task = lookups.withLock { lookups in
            if let task = lookups[revision] { return task }
            if lookups.count >= Self.keptAnswers { lookups = [:] }
            let task = Task { [store] in
                PolicyFeed.Page(try await store.policyChanges(after: revision))
            }
            lookups[revision] = task
            return task
        }
        do {
            let page = try await task.value
            // An answer of everything is large, and the same for all who need it: it is kept once, as theirs who have
            // nothing, whatever revision they name.
            if page.isFull, let revision {
                lookups.withLock { lookups in
                    guard lookups[revision] == task else { return }
                    lookups[revision] = nil
                    if lookups[nil] == nil { lookups[nil] = task }
                }
            }
            return page
        } catch {
            lookups.withLock { if $0[revision] == task { $0[revision] = nil } }
            throw error as? StoreError ?? StoreError(.failed, "\(error)")
        }
    }
}

extension PolicyFeed.Page {
    fileprivate init(_ changes: PolicyChanges) {
        revision = changes.revision
        isFull = changes.isFull
        body = ByteBuffer()
        PoliciesAnswer(changes).write(into: &body)
    }
}

extension PoliciesAnswer {
    /// The answer that says what changed.
    init(_ changes: PolicyChanges) {
        self.init(
            revision: changes.revision,
            isFull: changes.isFull,
            modeCap: changes.switches.modeCap,
            functions: changes.functions.map { share in
                Function(
                    name: share.registration.name,
                    modeCap: share.switches.isExcluded ? .observe : .enforce,
                    preset: share.registration.preset,
                    minimum: share.registration.minimum,
                    maximum: share.registration.maximum,
                    tier: share.registration.tier,
                    documents: share.documents.map { $0.encoded() }
                )
            }
        )
    }
}
