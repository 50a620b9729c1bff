import FuyunPolicy
import GRDB
import Glibc
import Synchronization

/// A store in one SQLite file: write-ahead log, every commit synced to disk before the call returns.
///
/// One connection writes, a few read at the same time from the last commit; calls wait without holding a thread.
/// docs/store.md has the tables and what holds for them.
public final class SQLiteStore: Store {
    /// The file.
    public let path: String
    let pool: DatabasePool
    let documents = DocumentCache()
    let known = Mutex(KnownNumbers())
    private let isClosed = Atomic(false)

    /// Opens a database; makes it, with mode 0600, when it is missing, and brings an older one up to date.
    ///
    /// - Throws: `StoreError`: the directory is missing or read-only, the file is no database, damaged, of another program
    ///   or of a newer version. A file that is there is never replaced.
    public static func open(path: String) async throws(StoreError) -> SQLiteStore {
        try SQLiteFile(path: path).prepare()
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // The pool sets NORMAL for its write-ahead log, which may lose the last commits with the power.
            try await pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            try await refuseNewer(pool, path: path)
            try await checkQuickly(pool, path: path)
            try Schema.migrator.migrate(pool)
            return SQLiteStore(path: path, pool: pool)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private init(path: String, pool: DatabasePool) {
        self.path = path
        self.pool = pool
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.label = "fuyun-store"
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA cache_size = -16000;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA trusted_schema = OFF;
                    """
            )
            guard !db.configuration.readonly else { return }
            // Pages are copied from the log to the file some 16 MiB at a time; a log that grew is cut again.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        return configuration
    }

    private static func refuseNewer(_ pool: DatabasePool, path: String) async throws {
        let unknown = try await pool.read { db in
            let applied = try Schema.migrator.appliedIdentifiers(db)
            return applied.subtracting(Schema.migrations.map(\.name)).sorted()
        }
        guard let first = unknown.first else { return }
        throw StoreError(
            .conflict,
            "\(path) was written by a newer version (migration \(first) is unknown here); use that version, or restore "
                + "the backup from before the upgrade"
        )
    }

    /// The whole file up to a size, else all tables but the largest: a start must not take minutes.
    private static func checkQuickly(_ pool: DatabasePool, path: String) async throws {
        let found = try await pool.read { db -> String? in
            let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let size = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            let checks: [String]
            if pages * size <= wholeCheckLimit {
                checks = ["PRAGMA quick_check(1)"]
            } else {
                let tables = try String.fetchAll(
                    db,
                    sql: """
                        SELECT name FROM sqlite_schema
                        WHERE type = 'table' AND name NOT IN ('observation', 'spool_block', 'event')
                            AND name NOT LIKE 'sqlite_%'
                        """
                )
                checks = tables.map { "PRAGMA quick_check('\($0)')" }
            }
            for check in checks {
                let answer = try String.fetchOne(db, sql: check)
                if answer != "ok" { return answer ?? "no answer" }
            }
            return nil
        }
        if let found { throw StoreError.damaged(path, found) }
    }

    private static let wholeCheckLimit: Int64 = 64 << 20

    // MARK: Running

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try refuseClosed()
        do { return try await pool.read(body) } catch { throw StoreError(error, path: path) }
    }

    /// One transaction: whole, or not at all.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try refuseClosed()
        do { return try await pool.write(body) } catch { throw StoreError(error, path: path) }
    }

    private func refuseClosed() throws(StoreError) {
        if isClosed.load(ordering: .relaxed) { throw StoreError(.closed, "\(path) was closed") }
    }

    // MARK: Store

    /// Whether the file answers a read.
    public func check() async throws(StoreError) {
        _ = try await read { db in try Int64.fetchOne(db, sql: "SELECT revision FROM store") }
    }

    /// Writes the log out into the file and closes; further calls throw `closed`, closing again does nothing.
    public func close() async throws(StoreError) {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        do {
            // Commits are on disk already; this spares the next start the log. Someone else's long read may forbid it.
            _ = try? await pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
            // Who closes last removes the log, and readers may not: the pool would close them after its writer.
            pool.releaseMemory()
            try pool.close()
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
