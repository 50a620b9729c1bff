import FuyunInvocation

/// Something to be done at a moment; kept by whoever wants to cancel it.
final class LoopTimer {
    /// When it is due.
    let moment: MonotonicTime
    /// Tells timers of the same moment apart: the one that was set first comes first.
    fileprivate let number: UInt64
    /// What is to be done; nil once it was done or cancelled.
    fileprivate var body: (() -> Void)?

    fileprivate init(moment: MonotonicTime, number: UInt64, body: @escaping () -> Void) {
        self.moment = moment
        self.number = number
        self.body = body
    }

    fileprivate func isBefore(_ other: LoopTimer) -> Bool {
        moment == other.moment ? number < other.number : moment < other.moment
    }
}

/// Timers in the order in which they are due: a binary heap.
///
/// A cancelled timer stays in it, without what it would have done, until its moment comes or half of the heap is such.
struct TimerQueue {
    private var heap: [LoopTimer] = []
    private var lastNumber: UInt64 = 0
    private var cancelled = 0

    /// How many places are taken, those of cancelled timers included.
    var places: Int { heap.count }

    /// Sets a timer.
    mutating func set(at moment: MonotonicTime, _ body: @escaping () -> Void) -> LoopTimer {
        lastNumber += 1
        let timer = LoopTimer(moment: moment, number: lastNumber, body: body)
        heap.append(timer)
        rise(from: heap.count - 1)
        return timer
    }

    /// Cancels a timer; nothing happens when it was done already.
    mutating func cancel(_ timer: LoopTimer) {
        guard timer.body != nil else { return }
        timer.body = nil
        cancelled += 1
        guard cancelled > 32, cancelled * 2 > heap.count else { return }
        heap.removeAll { $0.body == nil }
        // A sorted array is a heap.
        heap.sort { $0.isBefore($1) }
        cancelled = 0
    }

    /// When the next timer is due; nil when there is none.
    mutating func nextMoment() -> MonotonicTime? {
        dropCancelled()
        return heap.first?.moment
    }

    /// Takes out what is to be done first; nil when nothing is due yet.
    mutating func due(at time: MonotonicTime) -> (() -> Void)? {
        dropCancelled()
        guard let first = heap.first, first.moment <= time else { return nil }
        removeFirst()
        let body = first.body
        first.body = nil
        return body
    }

    private mutating func dropCancelled() {
        while let first = heap.first, first.body == nil {
            removeFirst()
            cancelled -= 1
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        sink()
    }

    private mutating func rise(from place: Int) {
        var place = place
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].isBefore(heap[parent]) else { return }
            heap.swapAt(place, parent)
            place = parent
        }
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
