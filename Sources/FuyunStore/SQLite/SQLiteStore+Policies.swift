import FuyunPolicy
import GRDB

extension SQLiteStore {
    /// Stores a new version and, unless it is a draft, moves it to its status like `setStatus`.
    public func addPolicy(_ policy: NewPolicy, at time: Timestamp) async throws(StoreError) -> StoredPolicy {
        let function = policy.document.metadata.policyID
        try Bounds.check(function: function, "policy_id")
        try Bounds.check(policy.author, "author", 1...Bounds.name)
        try Bounds.check(policy.reason, "reason", 0...Bounds.message)
        try Bounds.check(policy.notes, "notes", 0...Bounds.notes)
        guard policy.status != .retired else {
            throw StoreError(.invalid, "status: a version does not begin as retired")
        }
        return try await write { db in
            let id = try db.knownFunctionID(function)
            let last = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT last_version FROM function WHERE id = ?"),
                arguments: [id]
            )
            var document = policy.document
            document.metadata.version = (last ?? 0) + 1
            document.metadata.status = .draft
            document.metadata.supersedes = try PolicyRows.known(document.metadata.supersedes, of: id, db)
            let text = try PolicyRows.text(of: document)
            try db.run(
                """
                INSERT INTO policy (
                    function_id, version, status, supersedes, author, reason, notes, document, created_at, status_since
                ) VALUES (?, ?, 'draft', ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    id, document.metadata.version, document.metadata.supersedes, policy.author, policy.reason,
                    policy.notes, text, time.milliseconds, time.milliseconds,
                ]
            )
            try db.append(
                NewEvent(
                    kind: "policy.added",
                    function: function,
                    version: document.metadata.version,
                    message: Ladder.sentence("version \(document.metadata.version) added", policy.author, policy.reason)
                ),
                at: time
            )
            if policy.status != .draft {
                let step = StatusChange(
                    version: document.metadata.version,
                    to: policy.status,
                    author: policy.author,
                    reason: policy.reason
                )
                _ = try Ladder.apply([step], to: function, id: id, at: time, db)
            }
            // Not through the cache: this row is not committed yet.
            guard let row = try PolicyRows.row(of: function, version: document.metadata.version, db) else {
                throw StoreError(.failed, "version \(document.metadata.version) is gone right after it was added")
            }
            return try PolicyRows.stored(row, document: document)
        }
    }

    /// A version; nil when there is none.
    public func policy(of function: String, version: Int) async throws(StoreError) -> StoredPolicy? {
        try await read { [documents] db in
            try PolicyRows.row(of: function, version: version, db).map { try PolicyRows.stored($0, documents) }
        }
    }

    /// The versions of a function, newest first.
    public func policies(
        of function: String,
        before version: Int?,
        limit: Int
    ) async throws(StoreError) -> [StoredPolicy] {
        try await read { [documents] db in
            let sql = """
                SELECT p.* FROM policy AS p JOIN function AS f ON f.id = p.function_id
                WHERE f.name = ? AND p.version < ? ORDER BY p.version DESC LIMIT ?
                """
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: sql),
                arguments: [function, version ?? Int.max, Bounds.clip(limit)]
            )
            return try rows.map { try PolicyRows.stored($0, documents) }
        }
    }

    /// Moves versions on the ladder; who takes the place of an active version or a candidate retires it.
    public func setStatus(
        _ changes: [StatusChange],
        of function: String,
        at time: Timestamp
    ) async throws(StoreError) -> Int64 {
        guard changes.count <= Bounds.statusChanges else {
            throw StoreError(.invalid, "changes: found \(changes.count), expected at most \(Bounds.statusChanges)")
        }
        for change in changes {
            try Bounds.check(change.author, "author", 1...Bounds.name)
            try Bounds.check(change.reason, "reason", 0...Bounds.message)
        }
        return try await write { db in
            let id = try db.knownFunctionID(function)
            return try Ladder.apply(changes, to: function, id: id, at: time, db)
        }
    }

    /// What changed since a revision.
    ///
    /// Reads one commit: revision, functions and switches belong together.
    public func policyChanges(after revision: Int64?) async throws(StoreError) -> PolicyChanges {
        try await read { [documents] db in
            let sql = "SELECT revision, remembered_from FROM store"
            guard let row = try Row.fetchOne(db.cachedStatement(sql: sql)) else {
                throw StoreError(.corrupt, "the table store has no row; restore a backup")
            }
            let (current, oldest): (Int64, Int64) = (row["revision"], row["remembered_from"])
            // An agent's revision that this store never gave, or no longer remembers the changes since.
            let since = revision.flatMap { (oldest...current).contains($0) ? $0 : nil }
            var changes = PolicyChanges(
                revision: current,
                isFull: since == nil,
                functions: [],
                switches: try FunctionRows.globalSwitches(db)
            )
            guard since != current else { return changes }
            let changed = "SELECT * FROM function WHERE revision > ? AND revision > 0 ORDER BY name"
            for row in try Row.fetchAll(db.cachedStatement(sql: changed), arguments: [since ?? 0]) {
                let share = PolicyChanges.FunctionPolicies(
                    registration: FunctionRows.registration(row),
                    switches: FunctionRows.switches(row),
                    documents: try PolicyRows.inUse(row["id"], db, documents)
                )
                if since != nil || share.isInUse { changes.functions.append(share) }
            }
            guard let since else { return changes }
            let removed = "SELECT name FROM removed_function WHERE revision > ? ORDER BY name"
            for name in try String.fetchAll(db.cachedStatement(sql: removed), arguments: [since]) {
                changes.functions.append(
                    .init(registration: FunctionRegistration(name: name), switches: FunctionSwitches(), documents: [])
                )
            }
            return changes
        }
    }
}

extension PolicyChanges.FunctionPolicies {
    /// Whether an agent that knows nothing must know of it.
    fileprivate var isInUse: Bool { !documents.isEmpty || registration.grantsSomething || switches.isExcluded }
}

/// Rows of `policy` ⇄ values.
enum PolicyRows {
    static func row(of function: String, version: Int, _ db: Database) throws -> Row? {
        let sql = """
            SELECT p.* FROM policy AS p JOIN function AS f ON f.id = p.function_id
            WHERE f.name = ? AND p.version = ?
            """
        return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [function, version])
    }

    /// A version with its document out of a committed row.
    static func stored(_ row: Row, _ documents: DocumentCache) throws -> StoredPolicy {
        try stored(row, document: documents.document(row["id"]) { row["document"] })
    }

    /// A version; what the row says goes before what the document was stored with.
    static func stored(_ row: Row, document: PolicyDocument) throws -> StoredPolicy {
        StoredPolicy(
            document: try current(document, row),
            author: row["author"],
            reason: row["reason"],
            notes: row["notes"],
            createdAt: row.time("created_at"),
            statusSince: row.time("status_since")
        )
    }

    private static func current(_ document: PolicyDocument, _ row: Row) throws -> PolicyDocument {
        var document = document
        document.metadata.version = row["version"]
        document.metadata.status = try row.word("status")
        document.metadata.supersedes = row["supersedes"]
        return document
    }

    /// The versions of a function that agents use: the active one, then the candidate.
    static func inUse(_ function: Int64, _ db: Database, _ documents: DocumentCache) throws -> [PolicyDocument] {
        let sql = """
            SELECT * FROM policy WHERE function_id = ?1 AND status = 'active'
            UNION ALL
            SELECT * FROM policy WHERE function_id = ?1 AND status IN ('shadow', 'canary')
            """
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [function]).map { row in
            try current(documents.document(row["id"]) { row["document"] }, row)
        }
    }

    /// A predecessor's number when that version is there; a number out of another store means nothing here.
    static func known(_ version: Int?, of function: Int64, _ db: Database) throws -> Int? {
        guard let version else { return nil }
        return try Int.fetchOne(
            db.cachedStatement(sql: "SELECT version FROM policy WHERE function_id = ? AND version = ?"),
            arguments: [function, version]
        )
    }

    /// The text that is kept; what could not be read back is refused.
    static func text(of document: PolicyDocument) throws(StoreError) -> String {
        let bytes = document.encoded()
        guard bytes.count <= Bounds.notes else {
            throw StoreError(.invalid, "document: found \(bytes.count) bytes, expected at most \(Bounds.notes)")
        }
        let compilation = PolicyCompiler.compile(bytes)
        guard compilation.document != nil else {
            let first = compilation.diagnostics.first?.description ?? "no document"
            throw StoreError(.invalid, "document: \(first)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
