public import MemoryUnits

/// One call as the ladder looks at it.
public struct RolloutCall: Hashable, Sendable {
    /// Its place in the order of arrival.
    public var id: Int64
    /// When it arrived, since 1970.
    public var receivedAt: Duration
    /// The version whose limit held; nil when it was the preset or another rule.
    public var appliedVersion: Int?
    /// Whether it ran out of its own limit, or thrashed at it: the version failed it.
    public var isMiss: Bool
    /// Whether it needed more than its limit and got it while it ran: the bound was too tight, and nothing failed.
    public var isRescued: Bool
    /// What it says about its need; nil when it says nothing clean.
    public var need: Sample.Need?

    /// Makes a call.
    public init(
        id: Int64,
        receivedAt: Duration,
        appliedVersion: Int?,
        isMiss: Bool,
        isRescued: Bool = false,
        need: Sample.Need?
    ) {
        self.id = id
        self.receivedAt = receivedAt
        self.appliedVersion = appliedVersion
        self.isMiss = isMiss
        self.isRescued = isRescued
        self.need = need
    }
}

/// What a version would give to a call.
public struct ReplayedLimit: Hashable, Sendable {
    /// The limit.
    public var limit: Bytes
    /// The calibrated bound, before headroom.
    public var bound: Bytes
    /// Whether the limit is the greatest that operator and policy allow: no version can give more.
    public var isGreatest: Bool

    /// Makes a limit.
    public init(limit: Bytes, bound: Bytes, isGreatest: Bool = false) {
        self.limit = limit
        self.bound = bound
        self.isGreatest = isGreatest
    }

    /// Whether a call with this need would have run out, for certain, where more could have been given.
    public func misses(_ need: Sample.Need) -> Bool {
        !isGreatest && !mayHold(need)
    }

    /// Whether a call with this need may have had enough: nothing that is known of it says otherwise.
    public func mayHold(_ need: Sample.Need) -> Bool {
        switch need {
        case .between(let lower, _): limit >= lower
        case .above(let bytes): limit > bytes
        }
    }

    /// The factor by which the limit falls short of what is known of the need; at least 1.
    func shortfall(_ need: Sample.Need) -> Double {
        guard !mayHold(need) else { return 1 }
        let bytes = Double(max(limit.rawValue, 1))
        return switch need {
        case .between(let lower, _): Double(lower.rawValue) / bytes
        case .above(let least): (Double(least.rawValue) + 1) / bytes
        }
    }

    /// Whether a call with this need would have had enough, for certain.
    public func covers(_ need: Sample.Need) -> Bool {
        if case .between(_, let upper) = need { limit >= upper } else { false }
    }

    /// How far the bound is from the need, as a factor of at least 1; 1 within what is known of the need.
    public func factor(off need: Sample.Need) -> Double {
        let bound = max(Double(bound.rawValue), 1)
        switch need {
        case .between(let lower, let upper):
            return max(Double(lower.rawValue) / bound, bound / max(Double(upper.rawValue), 1), 1)
        case .above(let bytes): return max(Double(bytes.rawValue) / bound, 1)
        }
    }
}

/// The latest calls of a function, and what its versions would give to each.
///
/// The order of the calls means nothing; their ids do.
public struct RolloutEvidence: Hashable, Sendable {
    /// The calls.
    public var calls: [RolloutCall]
    /// For a version its limits, call by call; nil where its formula does not decide.
    public var limits: [Int: [ReplayedLimit?]]

    /// Makes evidence.
    public init(calls: [RolloutCall], limits: [Int: [ReplayedLimit?]] = [:]) {
        self.calls = calls
        self.limits = limits
    }

    /// The newest call's id; 0 without calls.
    public var newestID: Int64 { calls.lazy.map(\.id).max() ?? 0 }

    /// How many calls say something clean.
    public var cleanCount: Int { calls.lazy.filter { $0.need != nil }.count }

    /// The clean calls to replay a version on, as indexes: the newest, and every miss since `moment`.
    func window(newest count: Int, missesSince moment: Duration) -> [Int] {
        let clean = calls.indices.filter { calls[$0].need != nil }.sorted { calls[$0].id > calls[$1].id }
        return clean.prefix(count)
            + clean.dropFirst(count).filter { calls[$0].isMiss && calls[$0].receivedAt >= moment }
    }

    /// How many of these calls the limits would miss for certain.
    func misses(of limits: [ReplayedLimit?], at indexes: [Int]) -> Int {
        indexes.lazy.filter { index in
            guard let need = calls[index].need, let limit = limits[index] else { return false }
            return limit.misses(need)
        }.count
    }

    /// How a version did since it got its status.
    public func trial(of version: RolloutVersion) -> Trial {
        var trial = Trial()
        let limits = limits[version.version]
        for index in calls.indices where calls[index].receivedAt >= version.statusSince {
            let call = calls[index]
            if call.appliedVersion == version.version {
                trial.appliedCalls += call.isMiss || call.need != nil ? 1 : 0
                trial.appliedMisses += call.isMiss ? 1 : 0
                trial.appliedRescues += call.isRescued ? 1 : 0
            } else if let need = call.need, let limit = limits?[index] {
                trial.recordedCovered += limit.covers(need) ? 1 : 0
                trial.recordedMisses += limit.misses(need) ? 1 : 0
            }
        }
        return trial
    }

    /// What calls say about a version.
    public struct Trial: Hashable, Sendable {
        /// Calls under its limit.
        public var appliedCalls = 0
        /// Those that were a miss.
        public var appliedMisses = 0
        /// Those that were rescued.
        public var appliedRescues = 0
        /// Other calls that it would have covered.
        public var recordedCovered = 0
        /// Other calls that it would have missed.
        public var recordedMisses = 0
    }
}
