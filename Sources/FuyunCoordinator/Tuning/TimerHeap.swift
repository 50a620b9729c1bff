/// Names by the moment at which they are due: a binary heap.
struct TimerHeap {
    private var items: [(moment: ContinuousClock.Instant, name: String)] = []

    /// The earliest.
    var first: (moment: ContinuousClock.Instant, name: String)? { items.first }

    /// How many there are.
    var count: Int { items.count }

    mutating func insert(_ moment: ContinuousClock.Instant, _ name: String) {
        items.append((moment, name))
        var child = items.count - 1
        while child > 0, items[child].moment < items[(child - 1) / 2].moment {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard !items.isEmpty else { return }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2]
            where child < items.count && items[child].moment < items[least].moment {
                least = child
            }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
