import GRDB

extension SQLiteStore {
    /// Notes that a node was heard of; what it does not say stays as it is known.
    public func touchNode(_ node: NodeReport, at time: Timestamp) async throws(StoreError) {
        try Bounds.check(node: node.name)
        try Bounds.check(node.agentVersion, "agent_version", 1...Bounds.name)
        try await write { db in
            // A call that says nothing of its version or revision leaves what is known.
            try db.run(
                """
                INSERT INTO node (name, agent_version, revision, created_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?4)
                ON CONFLICT (name) DO UPDATE SET agent_version = coalesce(excluded.agent_version, agent_version),
                    revision = coalesce(excluded.revision, revision), seen_at = excluded.seen_at
                """,
                [node.name, node.agentVersion, node.revision, time.milliseconds]
            )
        }
    }

    /// Nodes by name.
    public func nodes(after name: String?, limit: Int) async throws(StoreError) -> [StoredNode] {
        try await read { db in
            let sql = "SELECT * FROM node WHERE name > ? ORDER BY name LIMIT ?"
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: sql),
                arguments: [name ?? "", Bounds.clip(limit)]
            )
            return rows.map { row in
                let (version, revision): (String?, Int64?) = (row["agent_version"], row["revision"])
                return StoredNode(
                    report: NodeReport(name: row["name"], agentVersion: version, revision: revision),
                    createdAt: row.time("created_at"),
                    seenAt: row.time("seen_at"),
                    observationCount: row["observations"]
                )
            }
        }
    }

    /// Writes an event down.
    public func append(_ event: NewEvent, at time: Timestamp) async throws(StoreError) -> StoredEvent {
        try Bounds.check(event)
        return try await write { db in StoredEvent(id: try db.append(event, at: time), time: time, event: event) }
    }

    /// Events after an id, oldest first.
    public func events(after id: Int64, limit: Int) async throws(StoreError) -> [StoredEvent] {
        try await read { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?"),
                arguments: [id, Bounds.clip(limit)]
            )
            return rows.map { row in
                StoredEvent(
                    id: row["id"],
                    time: row.time("time"),
                    event: NewEvent(
                        kind: row["kind"],
                        function: row["function"],
                        version: row["version"],
                        node: row["node"],
                        message: row["message"]
                    )
                )
            }
        }
    }

    /// The id of the newest event; 0 when there is none.
    public func lastEvent() async throws(StoreError) -> Int64 {
        try await read { db in
            try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM event")) ?? 0
        }
    }
}
