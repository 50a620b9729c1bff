import FoundationEssentials
import GRDB

extension SQLiteStore {
    /// Removes in slices of a few thousand rows, each a transaction of its own, so that a batch of observations that comes
    /// meanwhile waits for milliseconds.
    public func prune(_ rules: RetentionRules, at time: Timestamp) async throws(StoreError) -> PruneReport {
        var report = PruneReport(observations: 0, events: 0, versions: 0)
        let oldest = time.milliseconds &- rules.observationAge.milliseconds
        report.observations = try await repeated { db in
            let sql = """
                SELECT id, function_id, received_at, body FROM (SELECT * FROM observation ORDER BY id LIMIT ?)
                WHERE received_at < ?
                """
            return try ObservationRows.remove(sql, [Pruning.slice, oldest], db)
        }
        let most = max(0, rules.observationsPerFunction)
        for (function, cut) in try await cuts(keeping: most) {
            report.observations += try await repeated { db in
                let sql = """
                    SELECT id, function_id, received_at, body FROM observation
                    WHERE function_id = ? AND id <= ? ORDER BY id LIMIT ?
                    """
                return try ObservationRows.remove(sql, [function, cut, Pruning.slice], db)
            }
        }
        let oldestEvent = time.milliseconds &- rules.eventAge.milliseconds
        let events = max(0, rules.events)
        report.events = try await repeated { db in
            let sql = """
                DELETE FROM event WHERE id IN (
                    SELECT id FROM (SELECT id, time FROM event ORDER BY id LIMIT ?1)
                    WHERE time < ?2 OR id <= (SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET ?3)
                )
                """
            try db.run(sql, [Pruning.slice, oldestEvent, events])
            return db.changesCount
        }
        report.versions = try await repeated { db in
            try db.run(Pruning.retiredVersions, [max(0, rules.retiredVersionsPerFunction), Pruning.versions])
            return db.changesCount
        }
        try await forget(before: oldest, removalsBefore: oldestEvent)
        return report
    }

    /// Runs a slice until it finds nothing more; returns how much it removed.
    private func repeated(_ slice: @escaping @Sendable (Database) throws -> Int) async throws(StoreError) -> Int {
        var total = 0
        while true {
            let removed = try await write(slice)
            if removed == 0 { return total }
            total += removed
        }
    }

    /// The functions that have more observations than may stay, with the newest one that goes.
    private func cuts(keeping most: Int) async throws(StoreError) -> [(function: Int64, cut: Int64)] {
        let rows = try await read { db in
            let functions = try Int64.fetchAll(
                db,
                sql: "SELECT function_id FROM figure GROUP BY function_id HAVING sum(calls) > ?",
                arguments: [most]
            )
            let sql = "SELECT id FROM observation WHERE function_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
            return try functions.compactMap { function in
                try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: [function, most]).map { [function, $0] }
            }
        }
        return rows.map { ($0[0], $0[1]) }
    }

    /// Forgets sequence numbers of spools that nothing came from for as long as observations are kept, and the names of
    /// functions that were removed before the oldest event.
    private func forget(before oldest: Int64, removalsBefore oldestRemoval: Int64) async throws(StoreError) {
        _ = try await repeated { db in
            // A spool's newest block stays: its other numbers may still come.
            let sql = """
                SELECT spool_id, block FROM spool_block AS old WHERE changed_at < ?
                AND block < (SELECT max(block) FROM spool_block WHERE spool_id = old.spool_id) LIMIT ?
                """
            let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [oldest, Pruning.slice])
            for row in rows {
                let (spool, block): (Int64, Int64) = (row["spool_id"], row["block"])
                // What lies below counts as arrived from now on, so that nothing is ever stored twice.
                try db.run("UPDATE spool SET first_block = max(first_block, ?) WHERE id = ?", [block + 1, spool])
                try db.run("DELETE FROM spool_block WHERE spool_id = ? AND block = ?", [spool, block])
            }
            return rows.count
        }
        try await write { db in
            // An agent that was away for longer gets everything.
            try db.run(
                """
                UPDATE store SET remembered_from = max(
                    remembered_from,
                    coalesce((SELECT max(revision) FROM removed_function WHERE removed_at < ?), 0)
                )
                """,
                [oldestRemoval]
            )
            try db.run("DELETE FROM removed_function WHERE removed_at < ?", [oldestRemoval])
        }
    }
}

private enum Pruning {
    /// Rows of one transaction.
    static let slice = 2000
    /// Versions of one transaction; each may have a long document and notes.
    static let versions = 200

    /// The newest retired versions of a function stay, and those that something in use goes back to: the predecessor of an
    /// active version or a candidate, and a pinned version.
    static let retiredVersions = """
        DELETE FROM policy WHERE id IN (
            SELECT r.id
            FROM (
                SELECT id, function_id, version,
                    row_number() OVER (PARTITION BY function_id ORDER BY version DESC) AS rank
                FROM policy WHERE status = 'retired'
            ) AS r JOIN function AS f ON f.id = r.function_id
            WHERE r.rank > ?1 AND r.version IS NOT f.pinned_version
                AND NOT EXISTS (
                    SELECT 1 FROM policy AS u
                    WHERE u.function_id = r.function_id AND u.supersedes = r.version
                        AND u.status IN ('shadow', 'canary', 'active')
                )
            LIMIT ?2
        )
        """
}

/// Rows of `observation` that go.
private enum ObservationRows {
    /// Removes the rows that a query gives, and what they added to the figures; returns how many they were.
    static func remove(_ sql: String, _ arguments: StatementArguments, _ db: Database) throws -> Int {
        var words = WordLookup(db)
        var figures = Figures()
        let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
        for row in rows {
            let record = try ObservationCodec.read(
                Array(row["body"] as Data),
                function: "",
                receivedAt: row.time("received_at"),
                words: &words
            )
            figures.add(record, of: row["function_id"])
            try db.run("DELETE FROM observation WHERE id = ?", [row["id"] as Int64])
        }
        try figures.remove(from: db)
        return rows.count
    }
}

extension Duration {
    /// Whole milliseconds, ending at what a moment can hold.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflowToo) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflow || overflowToo ? (seconds < 0 ? .min : .max) : sum
    }
}
