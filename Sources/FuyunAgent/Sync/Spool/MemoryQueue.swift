/// Observations that wait in memory because no disk takes them: the last ones, bounded in number and bytes.
struct MemoryQueue: Sendable {
    /// One of them.
    struct Entry: Sendable {
        /// Its number.
        var sequence: UInt64
        /// Its JSON.
        var payload: [UInt8]
    }

    /// The most entries.
    static let mostEntries = 2048
    /// The most bytes of all payloads together.
    static let mostBytes = 4 << 20

    private var storage: [Entry] = []
    private var start = 0
    /// The bytes of all payloads.
    private(set) var bytes = 0

    /// What waits, the oldest first.
    var entries: ArraySlice<Entry> { storage[start...] }

    /// Takes an entry in, the oldest ones making room; how many did.
    mutating func append(_ entry: Entry) -> Int {
        var dropped = 0
        while start < storage.count, entries.count >= Self.mostEntries || bytes + entry.payload.count > Self.mostBytes {
            removeFirst()
            dropped += 1
        }
        bytes += entry.payload.count
        storage.append(entry)
        return dropped
    }

    /// Removes the entries up to a number.
    mutating func remove(through sequence: UInt64) {
        while let first = entries.first, first.sequence <= sequence { removeFirst() }
    }

    /// Removes all.
    mutating func removeAll() { self = MemoryQueue() }

    private mutating func removeFirst() {
        bytes -= storage[start].payload.count
        storage[start].payload = []
        start += 1
        // The array is moved up once half of it is gone, so that a removal costs no more than its share.
        guard start * 2 >= storage.count else { return }
        storage.removeFirst(start)
        start = 0
    }
}
