import FuyunPolicy

/// What payloads of each function looked like, and what of it the coordinator does not know yet: a pure value.
///
/// Bounded in functions and in leaves; the function that was looked at longest ago is forgotten first.
struct ShapeTable {
    private struct Entry {
        /// All that was seen.
        var known: PayloadShape
        /// What was seen since the coordinator was told.
        var unsent: PayloadShape
        /// Whether that changes what the coordinator knows.
        var isNews: Bool
        /// Counts payloads of all functions: the higher, the later this one was looked at.
        var lastUse: UInt64
    }

    /// The most functions.
    static let mostFunctions = 1_000
    /// The most leaves of all functions together: about four megabytes.
    static let mostLeaves = 20_000

    private var entries: [String: Entry] = [:]
    private var leaves = 0
    private var clock: UInt64 = 0

    /// How many functions are known.
    var count: Int { entries.count }

    /// Takes in one payload's shape; true when it says something new of the function.
    mutating func add(_ shape: PayloadShape, of function: String) -> Bool {
        clock += 1
        guard var entry = entries[function] else {
            makeRoom(shape.leaves.count)
            entries[function] = Entry(known: shape, unsent: shape, isNews: true, lastUse: clock)
            leaves += shape.leaves.count
            return true
        }
        let known = entry.known.merged(with: shape)
        leaves += known.leaves.count - entry.known.leaves.count
        let isNews = !known.hasSameForm(as: entry.known)
        entry.known = known
        entry.unsent.merge(shape)
        entry.isNews = entry.isNews || isNews
        entry.lastUse = clock
        entries[function] = entry
        if leaves > Self.mostLeaves { makeRoom(0) }
        return isNews
    }

    /// Whether there is something to tell.
    var hasNews: Bool { entries.values.contains { $0.isNews } }

    /// Takes out what the coordinator is to be told: of at most so many functions, with at most so many leaves.
    mutating func news(most: Int, leaves: Int = .max) -> [(function: String, shape: PayloadShape)] {
        var names: [String] = []
        var room = leaves
        for (name, entry) in entries where entry.isNews && names.count < most {
            room -= entry.unsent.leaves.count
            guard room >= 0 else { break }
            names.append(name)
        }
        return names.sorted().map { name in
            let shape = entries[name]?.unsent ?? PayloadShape()
            entries[name]?.unsent = PayloadShape()
            entries[name]?.isNews = false
            return (name, shape)
        }
    }

    /// Takes back what could not be told.
    mutating func giveBack(_ news: [(function: String, shape: PayloadShape)]) {
        for (function, shape) in news {
            guard let place = entries.index(forKey: function) else { continue }
            entries.values[place].unsent.merge(shape)
            entries.values[place].isNews = true
        }
    }

    private mutating func makeRoom(_ wanted: Int) {
        while !entries.isEmpty, entries.count >= Self.mostFunctions || leaves + wanted > Self.mostLeaves {
            guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
            entries[oldest.key] = nil
            leaves -= oldest.value.known.leaves.count
        }
    }
}

/// Which calls of a function have their payload looked at: the first ones, then fewer and fewer, at last one in a thousand.
struct ShapeSampling {
    /// So many calls in a row are looked at.
    static let first: UInt64 = 8
    /// From then on the steps grow by half, up to this.
    static let longestStep: UInt64 = 1_000

    /// The number of the next call that is looked at, counted from 1.
    private(set) var next: UInt64 = 1

    /// Whether a call is looked at.
    mutating func chooses(_ call: UInt64) -> Bool {
        guard call >= next else { return false }
        next = call < Self.first ? call + 1 : call + min(max(call / 2, 1), Self.longestStep)
        return true
    }
}
