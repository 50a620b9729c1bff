import FuyunPolicy
import GRDB

extension SQLiteStore {
    /// Notes that a draft is asked for.
    public func addDraft(_ draft: NewDraft, at time: Timestamp) async throws(StoreError) -> StoredDraft {
        try Bounds.check(function: draft.function)
        return try await write { db in
            let id = try db.knownFunctionID(draft.function)
            try db.run(
                """
                INSERT INTO draft (function_id, cause, dry_run, state, record, created_at)
                VALUES (?, ?, ?, 'open', '', ?)
                """,
                [id, draft.cause.rawValue, draft.isDryRun, time.milliseconds]
            )
            let draftID = db.lastInsertedRowID
            try db.run(
                """
                DELETE FROM draft WHERE function_id = ?1 AND state <> 'open' AND id NOT IN
                    (SELECT id FROM draft WHERE function_id = ?1 ORDER BY id DESC LIMIT ?2)
                """,
                [id, Bounds.draftsOfFunction]
            )
            return StoredDraft(id: draftID, createdAt: time, draft: draft)
        }
    }

    /// Writes down what came of a draft, once.
    public func endDraft(_ id: Int64, _ result: DraftResult, at time: Timestamp) async throws(StoreError) {
        try Bounds.check(result)
        try await write { db in
            guard let state = try String.fetchOne(db, sql: "SELECT state FROM draft WHERE id = ?", arguments: [id])
            else { throw StoreError(.notFound, "draft \(id) is not there") }
            guard state == "open" else { throw StoreError(.conflict, "draft \(id) has ended before") }
            try db.run(
                """
                UPDATE draft SET state = ?, summary = ?, version = ?, versions = ?, model = ?, prompt_digest = ?,
                    calls = ?, prompt_tokens = ?, completion_tokens = ?, cost = ?, record = ?, ended_at = ?
                WHERE id = ?
                """,
                [
                    result.isDone ? "done" : "failed", result.summary, result.versions.first,
                    result.versions.map(String.init).joined(separator: ","), result.model, result.promptDigest,
                    result.calls, result.promptTokens, result.completionTokens, result.cost, result.record ?? "",
                    time.milliseconds, id,
                ]
            )
        }
    }

    /// Ends all drafts that have not ended.
    public func endOpenDrafts(_ summary: String, at time: Timestamp) async throws(StoreError) -> Int {
        try Bounds.check(summary, "summary", 0...Bounds.message)
        return try await write { db in
            try db.run(
                "UPDATE draft SET state = 'failed', summary = ?, ended_at = ? WHERE state = 'open'",
                [summary, time.milliseconds]
            )
            return db.changesCount
        }
    }

    /// A draft of a function.
    public func draft(of function: String, id: Int64) async throws(StoreError) -> StoredDraft? {
        try await read { db in
            let sql = """
                SELECT d.* FROM draft AS d JOIN function AS f ON f.id = d.function_id WHERE f.name = ? AND d.id = ?
                """
            return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [function, id])
                .map { try DraftRows.stored($0, function, withRecord: true) }
        }
    }

    /// A function's drafts, newest first.
    public func drafts(
        of function: String,
        before id: Int64?,
        limit: Int
    ) async throws(StoreError) -> [StoredDraft] {
        try await read { db in
            let sql = """
                SELECT d.id, d.version, d.model, d.prompt_digest, d.created_at, d.cause, d.dry_run, d.state, d.summary,
                    d.versions, d.calls, d.prompt_tokens, d.completion_tokens, d.cost, d.ended_at
                FROM draft AS d JOIN function AS f ON f.id = d.function_id
                WHERE f.name = ? AND d.id < ? ORDER BY d.id DESC LIMIT ?
                """
            return try Row.fetchAll(
                db.cachedStatement(sql: sql),
                arguments: [function, id ?? Int64.max, Bounds.clip(limit)]
            ).map { try DraftRows.stored($0, function, withRecord: false) }
        }
    }

    /// What the drafts that ended since a moment took, oldest first.
    public func draftExpenses(since time: Timestamp) async throws(StoreError) -> [DraftExpense] {
        try await read { db in
            let sql = """
                SELECT ended_at, calls, coalesce(cost, 0) AS cost FROM draft
                WHERE ended_at >= ? AND calls > 0 ORDER BY ended_at LIMIT ?
                """
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: sql),
                arguments: [time.milliseconds, Bounds.rows]
            )
            return rows.map { DraftExpense(at: $0.time("ended_at"), calls: $0["calls"], cost: $0["cost"]) }
        }
    }

    /// Keeps the source that a function is drafted from.
    public func keepSource(_ text: String, of function: String, at time: Timestamp) async throws(StoreError) {
        try Bounds.check(text, "source", 1...Bounds.source)
        try await write { db in
            let id = try db.knownFunctionID(function)
            try db.run(
                """
                INSERT INTO source (function_id, body, changed_at) VALUES (?, ?, ?)
                ON CONFLICT (function_id) DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at
                """,
                [id, text, time.milliseconds]
            )
        }
    }

    /// The source that a function was last drafted from.
    public func keptSource(of function: String) async throws(StoreError) -> KeptSource? {
        try await read { db in
            let sql = """
                SELECT s.body, s.changed_at FROM source AS s JOIN function AS f ON f.id = s.function_id WHERE f.name = ?
                """
            return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [function])
                .map { KeptSource(text: $0["body"], changedAt: $0.time("changed_at")) }
        }
    }

    /// Merges what nodes saw of payloads into what is known of each function.
    public func mergeShapes(_ shapes: [FunctionShape], at time: Timestamp) async throws(StoreError) {
        for shape in shapes { try Bounds.check(function: shape.function) }
        try await write { db in
            for shape in shapes {
                let name = shape.function
                let id =
                    try db.functionID(name)
                    ?? FunctionRows.insert(FunctionRegistration(name: name), at: time, db)
                let known = try ShapeRows.fetch(id, db)?.shape
                let merged = known.map { $0.merged(with: shape.shape) } ?? shape.shape
                guard merged != known else { continue }
                try db.run(
                    """
                    INSERT INTO shape (function_id, body, changed_at) VALUES (?, ?, ?)
                    ON CONFLICT (function_id) DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at
                    """,
                    [id, String(decoding: merged.encoded, as: UTF8.self), time.milliseconds]
                )
            }
        }
    }

    /// What a function's payloads look like.
    public func shape(of function: String) async throws(StoreError) -> StoredShape? {
        try await read { db in try db.functionID(function).flatMap { try ShapeRows.fetch($0, db) } }
    }
}

/// Rows of `shape` → values.
enum ShapeRows {
    /// The shape of a function; nil when there is none, or one that cannot be read any more.
    static func fetch(_ function: Int64, _ db: Database) throws -> StoredShape? {
        let sql = "SELECT body, changed_at FROM shape WHERE function_id = ?"
        guard let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [function]),
            let shape = try? PayloadShape(parsing: Array((row["body"] as String).utf8))
        else { return nil }
        return StoredShape(shape: shape, changedAt: row.time("changed_at"))
    }
}

/// Rows of `draft` → values.
enum DraftRows {
    static func stored(_ row: Row, _ function: String, withRecord: Bool) throws -> StoredDraft {
        var draft = StoredDraft(
            id: row["id"],
            createdAt: row.time("created_at"),
            draft: NewDraft(function: function, cause: try row.word("cause"), isDryRun: row["dry_run"])
        )
        let state: String = row["state"]
        guard state != "open" else { return draft }
        var result = DraftResult(isDone: state == "done", summary: row["summary"])
        result.versions = (row["versions"] as String).split(separator: ",").compactMap { Int($0) }
        result.model = row["model"]
        result.promptDigest = row["prompt_digest"]
        result.calls = row["calls"]
        result.promptTokens = row["prompt_tokens"]
        result.completionTokens = row["completion_tokens"]
        result.cost = row["cost"]
        if withRecord {
            let record: String = row["record"]
            result.record = record.isEmpty ? nil : record
        }
        draft.endedAt = (row["ended_at"] as Int64?).map(Timestamp.init(milliseconds:))
        draft.result = result
        return draft
    }
}
