import FuyunPolicy
import FuyunProtocol
import GRDB
import MemoryUnits

/// What observations add to the figures of their function and version, or take away again when they go.
struct Figures {
    /// A function's row and the version whose decision applied; 0 for none.
    struct Key: Hashable {
        var function: Int64
        var version: Int
    }

    /// Counts and sums of one key.
    struct Counts {
        var calls = 0
        var misses = 0
        var granted = 0.0
        var needed = 0.0
    }

    private var counts: [Key: Counts] = [:]

    mutating func add(_ record: ObservationRecord, of function: Int64) {
        let key = Key(function: function, version: record.appliedVersion ?? 0)
        let memory = record.grantedAndNeeded
        counts[key, default: Counts()].calls += 1
        if record.isMiss { counts[key, default: Counts()].misses += 1 }
        guard let memory else { return }
        counts[key, default: Counts()].granted += memory.granted
        counts[key, default: Counts()].needed += memory.needed
    }

    /// Adds everything to the table.
    func add(to db: Database) throws {
        var rows = ManyRows(
            into: "figure (function_id, version, calls, misses, granted, needed)",
            columns: 6,
            onConflict: """
                ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, misses = misses + excluded.misses,
                    granted = granted + excluded.granted, needed = needed + excluded.needed
                """
        )
        // In the order of the table, so that each of its pages is changed once.
        for (key, counts) in counts.sorted(by: { ($0.key.function, $0.key.version) < ($1.key.function, $1.key.version) }
        ) {
            rows.add(key.function.databaseValue)
            rows.add(key.version.databaseValue)
            rows.add(counts.calls.databaseValue)
            rows.add(counts.misses.databaseValue)
            rows.add(counts.granted.databaseValue)
            rows.add(counts.needed.databaseValue)
            try rows.insertIfFull(db)
        }
        try rows.insert(db)
    }

    /// Takes everything away from the table; what is empty then goes, and what rounding left in its sums with it.
    func remove(from db: Database) throws {
        for (key, counts) in counts {
            try db.run(
                """
                UPDATE figure SET calls = calls - ?, misses = misses - ?, granted = granted - ?, needed = needed - ?
                WHERE function_id = ? AND version = ?
                """,
                [counts.calls, counts.misses, counts.granted, counts.needed, key.function, key.version]
            )
            try db.run(
                "DELETE FROM figure WHERE function_id = ? AND version = ? AND calls = 0",
                [key.function, key.version]
            )
        }
    }
}

extension ObservationRecord {
    /// The version whose decision set the limit; nil when something else did.
    var appliedVersion: Int? {
        guard mode >= .canary, reason == Self.decidedByPolicy, let version = decision?.version, version > 0 else {
            return nil
        }
        return version
    }

    /// `LimitReason.policy` of the agent.
    private static let decidedByPolicy = "policy"

    /// Whether the call had too little: it ran out of its own limit, was rescued or thrashed.
    var isMiss: Bool { ownLimitExceeded || rescues > 0 || isThrashing }

    /// The limit and the need of a successful call where both are known.
    var grantedAndNeeded: (granted: Double, needed: Double)? {
        guard outcome == .success, isKnown, !isCensored, let limit, let needUpper,
            limit <= Self.limitWorthCounting, needUpper <= Self.limitWorthCounting
        else { return nil }
        return (Double(limit.rawValue), Double(needUpper.rawValue))
    }

    /// 1 PiB: beyond it a limit is none, and a sum of doubles would no longer be exact.
    private static let limitWorthCounting = Bytes(1 << 50)
}
