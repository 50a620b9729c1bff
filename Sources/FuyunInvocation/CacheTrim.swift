public import MemoryUnits

/// When clean page cache of an idle warm container is given back, and how much: little by little, and never again soon when
/// it was read right back.
///
/// The kernel counts pages that were dropped and read again (`workingset_refault_file`). A trim whose pages come back was no
/// gain: the wait doubles and the step halves. One whose pages stay away lets both recover. A frozen container is left
/// alone, as is one with calls in flight; swap is never asked for (only file pages beyond the allowance are).
public struct CacheTrim: Hashable, Sendable {
    /// The constants.
    public struct Settings: Hashable, Sendable {
        /// How long a container is idle before its first trim, and the least time between two.
        public var idle: Duration
        /// The longest time between two.
        public var longest: Duration
        /// The greatest step.
        public var step: Bytes
        /// The cache that a container keeps.
        public var allowance: Bytes
        /// The share of a trim's pages that may come back.
        public var refaultShare: Double

        /// Makes settings; every one at its default unless given.
        public init(
            idle: Duration = .seconds(30),
            longest: Duration = .seconds(3_600),
            step: Bytes = .mebibytes(64),
            allowance: Bytes = .mebibytes(64),
            refaultShare: Double = 0.1
        ) {
            self.idle = idle
            self.longest = longest
            self.step = step
            self.allowance = allowance
            self.refaultShare = refaultShare
        }
    }

    /// What was trimmed last, until it is judged.
    private struct Trim: Hashable, Sendable {
        var amount: Bytes
        var refaults: UInt64
    }

    private let settings: Settings
    private var wait: Duration
    private var step: Bytes
    private var due: MonotonicTime?
    private var last: Trim?
    /// How often cache was given back in vain.
    public private(set) var setbacks = 0

    /// Makes a state for one container.
    public init(_ settings: Settings) {
        self.settings = settings
        wait = settings.idle
        step = settings.step
    }

    /// A call began: whatever was planned is off.
    public mutating func busy() { due = nil }

    /// The last call ended; `refaults` is the kernel's count of file pages read again, nil when it has none.
    public mutating func idle(refaults: UInt64?, pageSize: Bytes, at time: MonotonicTime) {
        judge(refaults, pageSize)
        due = time.advanced(by: wait)
    }

    /// How much to ask for now; nil: nothing, or not yet.
    ///
    /// - Parameters:
    ///   - cache: Page cache that is neither shared memory nor tmpfs.
    ///   - dirty: The part of it that would have to be written first.
    ///   - refaults: The kernel's count of file pages read again.
    ///   - isFrozen: Whether the container is frozen.
    public mutating func next(
        cache: Bytes,
        dirty: Bytes,
        refaults: UInt64,
        pageSize: Bytes,
        isFrozen: Bool,
        at time: MonotonicTime
    ) -> Bytes? {
        guard let due, time >= due else { return nil }
        judge(refaults, pageSize)
        self.due = time.advanced(by: wait)
        guard !isFrozen else { return nil }
        let amount = min(cache - dirty - settings.allowance, step)
        guard amount > .zero else { return nil }
        last = Trim(amount: amount, refaults: refaults)
        return amount
    }

    private mutating func judge(_ refaults: UInt64?, _ pageSize: Bytes) {
        guard let last, let refaults else { return }
        let back = pageSize.multiplied(by: refaults > last.refaults ? refaults - last.refaults : 0)
        if back > last.amount.scaled(by: settings.refaultShare) {
            setbacks += 1
            wait = min(wait * 2, settings.longest)
            step = max(Bytes(step.rawValue / 2), .mebibytes(1))
        } else {
            wait = max(wait / 2, settings.idle)
            step = min(step.multiplied(by: 2), settings.step)
        }
        self.last = nil
    }
}
