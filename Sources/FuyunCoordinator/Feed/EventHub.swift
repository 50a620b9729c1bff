public import FuyunStore
public import Logging

/// What happened, for those who follow the stream.
///
/// The store is the buffer: a follower that is slow reads later what it missed, and costs nothing meanwhile.
public final class EventHub: Sendable {
    private let store: any Store
    private let clock: WallClock
    private let logger: Logger
    private let announcer = Announcer()

    /// Makes a hub of a store's events.
    public init(store: any Store, clock: WallClock = .system, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// Writes an event down and tells the followers; an event that cannot be written is logged.
    public func post(_ event: NewEvent) async {
        do {
            _ = try await store.append(event, at: clock.now)
        } catch {
            logger.error("an event cannot be written", metadata: ["kind": "\(event.kind)", "error": "\(error)"])
        }
        announcer.announce()
    }

    /// Tells the followers of events that the store wrote by itself, such as those of `setStatus`.
    public func wake() { announcer.announce() }

    /// Lets all followers go.
    func close() { announcer.close() }

    /// Whether followers shall go.
    var isClosed: Bool { announcer.isClosed }

    /// Grows with every event.
    var generation: UInt64 { announcer.generation }

    /// Waits for events after `generation`, for `limit` at most.
    func wait(beyond generation: UInt64, atMost limit: Duration) async {
        await announcer.wait(beyond: generation, atMost: limit)
    }

    /// Events after an id, oldest first.
    func events(after id: Int64, limit: Int) async throws(StoreError) -> [StoredEvent] {
        try await store.events(after: id, limit: limit)
    }

    /// The newest event's id.
    func last() async throws(StoreError) -> Int64 { try await store.lastEvent() }
}
