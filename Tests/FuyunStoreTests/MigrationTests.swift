import FuyunPolicy
import FuyunStore
import GRDB
import Testing

@testable import FuyunStore

@Suite struct MigrationTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.file("fuyun.db") }

    @Test(
        "a database of each earlier schema is brought up to date and keeps what it has",
        arguments: Schema.migrations.indices
    )
    func upgrade(to last: Int) async throws {
        let queue = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(queue, upTo: Schema.migrations[last].name)
        try await queue.write { db in
            try db.execute(sql: "INSERT INTO function (name, created_at, updated_at) VALUES ('guest/f', 1, 1)")
            try db.execute(sql: "UPDATE store SET revision = revision + 5")
            if last == 2 {
                try db.execute(sql: "INSERT INTO draft (function_id, record, created_at) VALUES (1, '{}', 1)")
            }
        }
        let revision = try await queue.read { try Int64.fetchOne($0, sql: "SELECT revision FROM store") }
        try queue.close()

        let store = try await SQLiteStore.open(path: path)
        #expect(try await store.function("guest/f")?.createdAt.milliseconds == 1)
        #expect(try await store.policyChanges(after: nil).revision == revision)
        _ = try await store.addPolicy(newPolicy("guest/f", .active), at: moment(0))
        _ = try await store.ingest([batch([observation(1, function: "guest/f")])], at: moment(0))
        let draft = try await store.addDraft(NewDraft(function: "guest/f"), at: moment(0))
        try await store.endDraft(draft.id, DraftResult(isDone: true, summary: ""), at: moment(1))
        // A draft of an earlier schema has ended.
        #expect(try await store.drafts(of: "guest/f", before: nil, limit: 9).allSatisfy { $0.result?.isDone == true })
        let schema = try await schema(store)
        try await store.close()

        // The same tables as in a database that was made today.
        let fresh = try await SQLiteStore.open(path: directory.file("fresh.db"))
        #expect(try await self.schema(fresh) == schema)
        try await fresh.close()
    }

    private func schema(_ store: SQLiteStore) async throws -> [String] {
        try await store.pool.read { db in
            try String.fetchAll(db, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        }
    }

    @Test("migrations that were released stay as they are")
    func names() {
        // Only ever add to this list.
        #expect(
            Schema.migrations.map(\.name) == [
                "1-functions-policies-events", "2-nodes-and-observations", "3-drafts",
                "4-shapes-sources-and-open-drafts",
            ]
        )
        #expect(Schema.migrator.migrations == Schema.migrations.map(\.name))
    }

    @Test("a database of a newer version is refused and left as it is")
    func newer() async throws {
        try await SQLiteStore.open(path: path).close()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('9-from-the-future')")
        }
        try queue.close()
        await expectRefusal(.conflict, naming: "9-from-the-future") { try await SQLiteStore.open(path: path) }
    }

    @Test(
        "the schema itself forbids what must never be",
        arguments: [
            "INSERT INTO policy SELECT 90, function_id, 9, 'active', NULL, 'a', '', NULL, '{}', 1, 1 FROM policy LIMIT 1",
            "UPDATE policy SET status = 'canary' WHERE version = 3",
            "UPDATE policy SET version = 9 WHERE version = 3",
            "UPDATE policy SET document = '{}' WHERE version = 3",
            "UPDATE policy SET status = 'finished' WHERE version = 3",
            "UPDATE policy SET supersedes = 3 WHERE version = 3",
            "INSERT INTO policy SELECT 90, function_id, 2, 'draft', NULL, 'a', '', NULL, '{}', 1, 1 FROM policy LIMIT 1",
            "UPDATE function SET last_version = 1",
            "UPDATE function SET pinned_version = 99",
            "UPDATE function SET preset = 'much'",
            "UPDATE store SET revision = revision - 1",
            "UPDATE store SET mode_cap = 'full'",
            "DELETE FROM store",
            "INSERT INTO store (id, revision, remembered_from) VALUES (2, 1, 1)",
            "UPDATE observation_number SET last = 0",
            "UPDATE observation SET function_id = 99",
            "UPDATE observation SET spool_id = 99",
            "UPDATE spool_block SET bits = x'00'",
            "UPDATE figure SET misses = calls + 1",
            "INSERT INTO spool (node_id, epoch) SELECT node_id, epoch FROM spool",
            "INSERT INTO draft (function_id, record, created_at) VALUES (99, '', 1)",
            "INSERT INTO draft (function_id, record, created_at, state) SELECT id, '', 1, 'begun' FROM function",
            "INSERT INTO shape (function_id, body, changed_at) VALUES (99, '{}', 1)",
            "INSERT INTO source (function_id, body, changed_at) VALUES (99, '{}', 1)",
        ]
    )
    func invariants(statement: String) async throws {
        let store = try await SQLiteStore.open(path: path)
        _ = try await store.register(FunctionRegistration(name: "guest/video"), at: moment(0))
        _ = try await store.addPolicy(newPolicy("guest/video", .active), at: moment(0))
        _ = try await store.addPolicy(newPolicy("guest/video", .shadow), at: moment(0))
        _ = try await store.addPolicy(newPolicy("guest/video", .draft), at: moment(0))
        _ = try await store.ingest([batch([observation(1)])], at: moment(0))
        await expectRefusal(.conflict) { try await store.write { db in try db.execute(sql: statement) } }
        try await store.close()
    }
}
