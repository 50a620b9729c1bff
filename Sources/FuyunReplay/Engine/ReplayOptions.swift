public import FuyunPolicy
import MemoryUnits

/// How a replay goes.
public struct ReplayOptions: Sendable {
    /// The order in which the calls of a group come.
    public enum Order: Hashable, Sendable {
        /// As in the trace, once.
        case given
        /// Shuffled, so many times.
        case shuffled(runs: Int)

        /// How often each group is replayed.
        public var runs: Int { if case .shuffled(let runs) = self { max(runs, 1) } else { 1 } }
    }

    /// The order.
    public var order = Order.given
    /// The seed of every order and of every interval.
    public var seed: UInt64 = 1
    /// The limits that may be set, the preset of calls that have none of their own, and the tier.
    public var grant: SafetyBounds
    /// How often a call that was killed is tried again, at most.
    public var retries = 8
    /// After which share of its time a call that is too big is killed.
    public var timeToFailure = 1.0
    /// After so many calls nothing more is learnt, and only the calls that follow are scored.
    ///
    /// The first ones all get a limit that is enough, so that each shows its need. Nil: strategies learn from every call, by their own limits.
    public var learnsFirst: Int?
    /// The calls of a group that are counted together, by how many came before them.
    public var windows: [CallWindow]
    /// The share of failures at which strategies are compared with their limits scaled; nil: not at all.
    public var matchedFailures: Double?
    /// Whether every call of a group's first run is kept, for figures.
    public var keepsCalls = false
    /// How many calls of a group are kept, at most.
    public var mostKeptCalls = 5_000
    /// How many samples of the groups and runs an interval is made of.
    public var resamples = 1_000

    /// Makes options.
    public init(grant: SafetyBounds, windows: [CallWindow] = [.all]) {
        self.grant = grant
        self.windows = windows
    }

    /// What an operator who said nothing gets: 1 MiB to 1 TiB in steps of 1 MiB, and 2 GiB until there is a prediction.
    public static let defaultGrant = SafetyBounds(
        minimum: .mebibytes(1),
        maximum: .gibibytes(1024),
        preset: .gibibytes(2),
        tier: .mebibytes(1)
    )
}

/// Some of a group's calls, by how many calls of the group came before them.
///
/// So `3-9` are the calls that something could have been learnt for from three to nine others: the fourth to the tenth. The sizing
/// benchmark and docs/tuner.md count alike.
public struct CallWindow: Hashable, Sendable, CustomStringConvertible {
    /// The least number of calls before; 0 for a group's first call.
    public var first: Int
    /// The greatest number of calls before; nil: to the end.
    public var last: Int?

    /// Makes a window.
    public init(first: Int, last: Int? = nil) {
        self.first = first
        self.last = last
    }

    /// Reads `3-9`, `10-` or `5`; nil for anything else.
    public init?(_ text: String) {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = Int(ends[0]), first >= 0 else { return nil }
        switch ends.count {
        case 1: self.init(first: first, last: first)
        case _ where ends[1].isEmpty: self.init(first: first)
        default:
            guard let last = Int(ends[1]), last >= first else { return nil }
            self.init(first: first, last: last)
        }
    }

    /// Every call.
    public static let all = CallWindow(first: 0)

    /// Whether a call with so many before it belongs to it.
    public func contains(_ before: Int) -> Bool { before >= first && before <= last ?? .max }

    /// `calls with 3-9 before`.
    public var description: String {
        switch last {
        case first: "the call with \(first) before"
        case let last?: "calls with \(first)-\(last) before"
        case nil where first == 0: "all calls"
        case nil: "calls with \(first) or more before"
        }
    }
}
