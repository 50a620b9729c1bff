public import FuyunPolicy

/// A version as the ladder sees it.
///
/// Times are durations since 1970, on the coordinator's clock.
public struct RolloutVersion: Hashable, Sendable {
    /// The version.
    public var version: Int
    /// Where it stands.
    public var status: PolicyStatus
    /// The version that it took the place of.
    public var supersedes: Int?
    /// When it was stored.
    public var createdAt: Duration
    /// When its status last changed.
    public var statusSince: Duration

    /// Makes a version.
    public init(
        _ version: Int,
        _ status: PolicyStatus,
        supersedes: Int? = nil,
        createdAt: Duration,
        statusSince: Duration? = nil
    ) {
        self.version = version
        self.status = status
        self.supersedes = supersedes
        self.createdAt = createdAt
        self.statusSince = statusSince ?? createdAt
    }
}

/// What operators decided, for one function and for all.
public struct RolloutSwitches: Hashable, Sendable {
    /// Nothing moves: this version stays.
    public var pinnedVersion: Int?
    /// No version that lowers anything is published.
    public var neverLower = false
    /// The function is only observed.
    public var isExcluded = false
    /// Whether new versions are made and promoted at all; versions that miss are rolled back all the same.
    public var isTuningEnabled = true

    /// Nothing is decided.
    public init() {}
}

/// Where a function stands on the ladder: nothing but what a store remembers, so that a restarted coordinator goes on
/// where the last one was.
public struct RolloutState: Hashable, Sendable {
    /// The versions, in any order; old retired ones may be left out.
    public var versions: [RolloutVersion]
    /// What operators decided.
    public var switches: RolloutSwitches

    /// Makes a state.
    public init(versions: [RolloutVersion], switches: RolloutSwitches = RolloutSwitches()) {
        self.versions = versions
        self.switches = switches
    }

    /// The active version.
    public var active: RolloutVersion? { newest { $0 == .active } }

    /// The version in shadow or canary, when it is newer than the active one: agents do not look at an older one.
    public var candidate: RolloutVersion? {
        guard let newest = newest({ $0 == .shadow || $0 == .canary }), newest.version > active?.version ?? 0 else {
            return nil
        }
        return newest
    }

    /// The candidate, if it decides for a share of the calls.
    public var canary: RolloutVersion? { candidate.flatMap { $0.status == .canary ? $0 : nil } }

    /// The version that stands for the function's formula: the newest in use.
    public var skeleton: RolloutVersion? { candidate ?? active }

    /// The version with a number.
    public subscript(version: Int) -> RolloutVersion? { versions.first { $0.version == version } }

    private func newest(_ matches: (PolicyStatus) -> Bool) -> RolloutVersion? {
        versions.filter { matches($0.status) }.max { $0.version < $1.version }
    }

    /// The versions that could take the active one's place again, the best first, at most `limit`: the one that it
    /// superseded, the ones that left when it came, then those retired, newest first.
    public func predecessors(limit: Int = 4) -> [Int] {
        guard let active else { return [] }
        let retired = versions.filter { $0.status == .retired && $0.version != active.version }
            .sorted { $0.version > $1.version }
        let superseded = retired.filter { $0.version == active.supersedes }
        let displaced = retired.filter { $0.statusSince == active.statusSince }.reversed()
        var order: [Int] = []
        for version in superseded + displaced + retired where !order.contains(version.version) {
            order.append(version.version)
        }
        return Array(order.prefix(limit))
    }
}

/// The time after a roll-back in which only raises are published.
public struct CoolDown: Hashable, Sendable {
    /// When it ends, since 1970.
    public var until: Duration
    /// How long it is in all.
    public var length: Duration
    /// Roll-backs in a row, this one included.
    public var rollBacks: Int
}

extension RolloutState {
    /// The moments at which a version was taken back, oldest first.
    ///
    /// A version that makes room for another one retires when its successor is there already. One that retires while
    /// nothing newer is there was taken back, by the ladder or by an operator. So the store's times alone tell, and
    /// nothing more needs to be remembered.
    var rollBackMoments: [Duration] {
        let moments = versions.filter { version in
            version.status == .retired
                && !versions.contains {
                    $0.version > version.version && $0.status != .draft && $0.createdAt <= version.statusSince
                }
        }
        return Set(moments.map(\.statusSince)).sorted()
    }

    /// The latest cool-down; nil when no version was ever taken back.
    public func coolDown(_ rules: RolloutRules) -> CoolDown? {
        var last: CoolDown?
        for moment in rollBackMoments {
            var next = CoolDown(until: moment, length: rules.coolDown, rollBacks: 1)
            if let last, moment < last.until + rules.coolDownMemory {
                next.length = min(last.length * 2, rules.coolDownAtMost)
                next.rollBacks = last.rollBacks + 1
            }
            next.length = min(next.length, rules.coolDownAtMost)
            next.until = moment + next.length
            last = next
        }
        return last
    }

    /// The cool-down that is on.
    public func coolDown(_ rules: RolloutRules, at now: Duration) -> CoolDown? {
        coolDown(rules).flatMap { $0.until > now ? $0 : nil }
    }
}
