import FoundationEssentials
import FuyunProtocol
import GRDB
import Synchronization

extension SQLiteStore {
    /// Stores batches in one transaction, which is synced to disk before the call returns.
    public func ingest(
        _ batches: [ObservationBatch],
        at time: Timestamp
    ) async throws(StoreError) -> [IngestReceipt] {
        for batch in batches { try Bounds.check(batch) }
        guard !batches.isEmpty else { return [] }
        let (receipts, known) = try await write { [self] db in
            var session = try IngestSession(db, at: time, knowing: self.known.withLock { $0 })
            let receipts = try batches.map { try session.add($0) }
            try session.finish()
            return (receipts, session.known)
        }
        // Only now: what a transaction that failed had added is not there.
        self.known.withLock { $0 = known }
        return receipts
    }

    /// A function's latest observations, newest first.
    public func observations(of function: String, limit: Int) async throws(StoreError) -> [StoredObservation] {
        try await read { db in
            guard let id = try db.functionID(function) else { return [] }
            let sql = """
                SELECT o.id, o.received_at, o.body, n.name
                FROM observation AS o JOIN spool AS s ON s.id = o.spool_id JOIN node AS n ON n.id = s.node_id
                WHERE o.function_id = ? ORDER BY o.id DESC LIMIT ?
                """
            let rows = try Row.fetchCursor(
                db.cachedStatement(sql: sql),
                arguments: [id, Bounds.clip(limit)]
            )
            var words = WordLookup(db)
            var found: [StoredObservation] = []
            while let row = try rows.next() {
                let receivedAt = row.time("received_at")
                let record = try ObservationCodec.read(
                    Array(row["body"] as Data),
                    function: function,
                    receivedAt: receivedAt,
                    words: &words
                )
                found.append(
                    StoredObservation(id: row["id"], node: row["name"], receivedAt: receivedAt, record: record)
                )
            }
            return found
        }
    }

    /// Figures by the version whose decision applied, out of sums that ingest and retention keep up.
    public func versionFigures(of function: String) async throws(StoreError) -> [VersionFigures] {
        try await read { db in
            let sql = """
                SELECT g.* FROM figure AS g JOIN function AS f ON f.id = g.function_id
                WHERE f.name = ? ORDER BY g.version
                """
            return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [function]).map { row in
                let version: Int = row["version"]
                return VersionFigures(
                    version: version == 0 ? nil : version,
                    calls: row["calls"],
                    misses: row["misses"],
                    grantedBytes: row["granted"],
                    neededBytes: row["needed"]
                )
            }
        }
    }
}
