import FuyunTuning

/// What an ingest brought about one function.
public struct ObservedFunction: Hashable, Sendable {
    /// The function.
    public var name: String
    /// Observations.
    public var calls: Int
    /// Those that ran out of their own limit, were rescued or thrashed.
    public var misses: Int
    /// The greatest factor, at least 1, by which a bound was off the need.
    public var worstFactor: Double

    /// Makes news.
    public init(name: String, calls: Int, misses: Int = 0, worstFactor: Double = 1) {
        self.name = name
        self.calls = calls
        self.misses = misses
        self.worstFactor = worstFactor
    }
}

/// Which functions need a look, the most urgent first: a value without a clock or a lock of its own.
///
/// News of one function are one entry, however many they are. What a look found says which news ask for the next one,
/// so that a settled function costs an addition for each batch and nothing else. Every operation takes the same time
/// however many functions there are, but for the timers (a heap).
struct NewsBoard {
    /// How urgent a look is, the least first.
    enum Urgency: Int, CaseIterable, Comparable {
        /// The sweep came by.
        case sweep
        /// Enough calls, or a moment that was waited for.
        case calls
        /// A prediction was far off.
        case error
        /// Something ran out of memory, or someone changed a policy.
        case miss

        static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
    }

    /// Which news ask for the next look.
    struct Threshold: Hashable {
        /// So many calls.
        var calls = 1
        /// A factor above this.
        var factor = Double.infinity
        /// Whether misses do.
        var misses = true
        /// Any call after this moment.
        var anyCallFrom: ContinuousClock.Instant?
        /// This moment itself.
        var moment: ContinuousClock.Instant?
    }

    /// What a look came to.
    struct Finding {
        /// Which news ask for the next one; nil forgets the function.
        var threshold: Threshold?
        /// What the last fit left behind.
        var memory: FitMemory?
        /// Whether misses brought the look about and are likely to go on: the next one waits.
        var isStormy = false
        /// The least time until the next look, storm or not.
        var pause = Duration.zero
        /// Look again after this time, whatever comes: the store did not answer.
        var retry: Duration?
    }

    /// A function that a worker took.
    struct Job {
        var name: String
        /// What the last fit left behind.
        var memory: FitMemory?
        /// Whether misses were among the news.
        var hasMisses: Bool
        /// When the first of the news came.
        var since: ContinuousClock.Instant?
        /// Looks in a row that the store did not let happen.
        var failures: Int
    }

    private struct Entry {
        var calls = 0
        var misses = 0
        var worstFactor = 1.0
        var threshold: Threshold?
        var memory: FitMemory?
        /// Queued with this urgency.
        var urgency: Urgency?
        /// To be queued with this urgency once its pause is over.
        var waiting: Urgency?
        var isWorking = false
        /// Someone changed a policy while it was worked on.
        var isChanged = false
        var notBefore: ContinuousClock.Instant?
        var since: ContinuousClock.Instant?
        var storms = 0
        var failures = 0
        /// The timer that counts; others in the heap are void.
        var timer: ContinuousClock.Instant?

        /// Whether nothing is lost but time when it is forgotten.
        var isSettled: Bool { !isWorking && urgency == nil && waiting == nil && misses == 0 }

        /// A look begins: all that is known so far goes into it.
        mutating func begin() {
            (urgency, waiting, isWorking, isChanged) = (nil, nil, true, false)
            (calls, misses, worstFactor, since) = (0, 0, 1, nil)
        }
    }

    let settings: TunerSettings
    /// News that found no room.
    private(set) var droppedCount = 0
    private var entries: [String: Entry] = [:]
    private var queues = Urgency.allCases.map { _ in Queue() }
    private var timers = TimerHeap()

    init(settings: TunerSettings) { self.settings = settings }

    /// Functions that wait for a look.
    var queuedCount: Int { entries.isEmpty ? 0 : queues.reduce(0) { $0 + $1.count } }

    /// Functions that are remembered.
    var count: Int { entries.count }

    /// Takes news in.
    /// - Returns: Whether a look is due now.
    mutating func note(_ news: ObservedFunction, at now: ContinuousClock.Instant) -> Bool {
        guard makeRoom(for: news.name) else { return false }
        return update(news.name, at: now) { entry in
            entry.calls += news.calls
            entry.misses += news.misses
            entry.worstFactor = max(entry.worstFactor, news.worstFactor)
            entry.since = entry.since ?? now
        }
    }

    /// Someone changed a function's policies or switches.
    /// - Returns: Whether a look is due now.
    mutating func noteChange(_ name: String, at now: ContinuousClock.Instant) -> Bool {
        guard makeRoom(for: name) else { return false }
        entries[name, default: Entry()].notBefore = nil
        entries[name]?.isChanged = true
        return enqueue(name, .miss, at: now)
    }

    /// The sweep came by a function that had news since `age` ago.
    /// - Returns: Whether a look is due now.
    mutating func noteSweep(_ name: String, isNews: (FitMemory?) -> Bool, at now: ContinuousClock.Instant) -> Bool {
        if let entry = entries[name], entry.threshold != nil, !isNews(entry.memory) { return false }
        guard makeRoom(for: name) else { return false }
        return enqueue(name, .sweep, at: now)
    }

    /// The most urgent function that may be looked at, with what the last fit left behind; it is the caller's until
    /// `finish`.
    mutating func take(at now: ContinuousClock.Instant) -> Job? {
        fireTimers(at: now)
        for urgency in Urgency.allCases.reversed() {
            while let name = queues[urgency.rawValue].popFirst() {
                // An entry that became more urgent is in two queues; only one of them counts.
                guard var entry = entries[name], entry.urgency == urgency, !entry.isWorking else { continue }
                let job = Job(
                    name: name,
                    memory: entry.memory,
                    hasMisses: entry.misses > 0,
                    since: entry.since,
                    failures: entry.failures
                )
                entry.begin()
                entries[name] = entry
                return job
            }
        }
        return nil
    }

    /// Takes a function that is not being looked at, whatever its news; false when it is.
    mutating func claim(_ name: String) -> Bool {
        guard entries[name]?.isWorking != true else { return false }
        entries[name, default: Entry()].begin()
        return true
    }

    /// What the last fit of a function left behind.
    func memory(of name: String) -> FitMemory? { entries[name]?.memory }

    /// Gives a function back.
    /// - Returns: Whether another look is due already.
    mutating func finish(_ name: String, _ finding: Finding, at now: ContinuousClock.Instant) -> Bool {
        guard var entry = entries[name] else { return false }
        entry.isWorking = false
        guard finding.threshold != nil || finding.retry != nil else {
            guard entry.calls > 0 || entry.isChanged else {
                entries[name] = nil
                return false
            }
            entries[name] = Entry(calls: entry.calls, misses: entry.misses)
            return enqueue(name, .calls, at: now)
        }
        if let threshold = finding.threshold { entry.threshold = threshold }
        if let memory = finding.memory { entry.memory = memory }
        let storm = settings.pause * (1 << min(entry.storms, 20))
        if finding.isStormy {
            entry.storms += 1
            entry.notBefore = now + max(min(storm, settings.pauseAtMost), finding.pause)
        } else {
            entry.storms = max(entry.storms - 1, 0)
            entry.notBefore = finding.pause > .zero ? now + finding.pause : nil
        }
        entry.failures = finding.retry == nil ? 0 : entry.failures + 1
        if let retry = finding.retry { entry.notBefore = now + retry }
        entries[name] = entry
        if finding.retry != nil {
            return enqueue(name, .calls, at: now)
        }
        if let moment = finding.threshold?.moment { setTimer(name, at: moment) }
        return update(name, at: now) { _ in }
    }

    /// When something may be due without news; nil when nothing is waited for.
    var nextMoment: ContinuousClock.Instant? { timers.first?.moment }

    /// How long until something may be due without news; nil when nothing is waited for.
    func delay(at now: ContinuousClock.Instant) -> Duration? { timers.first.map { max($0.moment - now, .zero) } }

    // MARK: - Inside

    private mutating func update(
        _ name: String,
        at now: ContinuousClock.Instant,
        _ change: (inout Entry) -> Void
    ) -> Bool {
        change(&entries[name, default: Entry()])
        guard let entry = entries[name], let urgency = urgency(of: entry, at: now) else { return false }
        return enqueue(name, urgency, at: now)
    }

    private func urgency(of entry: Entry, at now: ContinuousClock.Instant) -> Urgency? {
        if entry.isChanged { return .miss }
        guard let threshold = entry.threshold else {
            return entry.misses > 0 ? .miss : entry.calls > 0 ? .calls : nil
        }
        if entry.misses > 0, threshold.misses { return .miss }
        if entry.worstFactor > threshold.factor { return .error }
        if entry.calls >= threshold.calls { return .calls }
        if entry.calls > 0, let moment = threshold.anyCallFrom, now >= moment { return .calls }
        return nil
    }

    /// Puts a function in a queue, or behind a timer while it has to wait.
    private mutating func enqueue(_ name: String, _ urgency: Urgency, at now: ContinuousClock.Instant) -> Bool {
        var entry = entries[name] ?? Entry()
        guard !entry.isWorking else { return false }
        if let notBefore = entry.notBefore, notBefore > now {
            entry.waiting = max(entry.waiting ?? urgency, urgency)
            entries[name] = entry
            setTimer(name, at: notBefore)
            return false
        }
        if let queued = entry.urgency, queued >= urgency { return false }
        entry.urgency = urgency
        entry.waiting = nil
        entries[name] = entry
        queues[urgency.rawValue].append(name)
        return true
    }

    private mutating func setTimer(_ name: String, at moment: ContinuousClock.Instant) {
        if let timer = entries[name]?.timer, timer <= moment { return }
        entries[name]?.timer = moment
        timers.insert(moment, name)
    }

    private mutating func fireTimers(at now: ContinuousClock.Instant) {
        while let first = timers.first, first.moment <= now {
            timers.removeFirst()
            guard var entry = entries[first.name], entry.timer == first.moment else { continue }
            entry.timer = nil
            var urgency = entry.waiting
            if let moment = entry.threshold?.moment, moment <= now {
                entry.threshold?.moment = nil
                urgency = max(urgency ?? .calls, .calls)
            }
            entries[first.name] = entry
            if let urgency { _ = enqueue(first.name, urgency, at: now) }
            if let moment = entry.threshold?.moment { setTimer(first.name, at: moment) }
        }
    }

    /// Whether the function is remembered or can be: when the board is full, a settled one is forgotten for it.
    private mutating func makeRoom(for name: String) -> Bool {
        if entries[name] != nil || entries.count < settings.functions { return true }
        for (other, entry) in entries.prefix(32) where entry.isSettled {
            entries[other] = nil
            return true
        }
        droppedCount += 1
        return false
    }

    /// A queue of names; taking is as cheap as putting.
    private struct Queue {
        private var names: [String] = []
        private var head = 0

        var count: Int { names.count - head }

        mutating func append(_ name: String) { names.append(name) }

        mutating func popFirst() -> String? {
            guard head < names.count else { return nil }
            let name = names[head]
            head += 1
            if head > 1024, head * 2 > names.count {
                names.removeFirst(head)
                head = 0
            }
            return name
        }
    }
}
