import FuyunStore
import GRDB
import Glibc
import Testing

@testable import FuyunStore

@Suite struct SQLiteFileTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.file("fuyun.db") }

    private func write(_ bytes: [UInt8], to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    @Test("a missing file is made for its owner only, and nothing else stays behind")
    func creation() async throws {
        let store = try await SQLiteStore.open(path: path)
        _ = try await store.append(NewEvent(kind: "test", message: ""), at: moment(0))
        for name in directory.names {
            var information = stat()
            #expect(stat(directory.file(name), &information) == 0)
            #expect(information.st_mode & 0o777 == 0o600, "\(name)")
        }
        try await store.close()
        #expect(directory.names == ["fuyun.db"])
    }

    @Test("every connection syncs each commit and enforces foreign keys")
    func settings() async throws {
        let store = try await SQLiteStore.open(path: path)
        let found = try await store.pool.write { db in
            try ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "application_id"].map { name in
                try String.fetchOne(db, sql: "PRAGMA \(name)")
            }
        }
        #expect(found == ["wal", "2", "1", "5000", "\(Schema.applicationID)"])
        try await store.close()
    }

    @Test("a file that is no database is refused and left as it is")
    func foreignFiles() async throws {
        for (bytes, word) in [
            (Array("not a database at all".utf8), "file is not a database"), ([], "empty"),
            ([UInt8](repeating: 0, count: 4096), "file is not a database"),
        ] {
            write(bytes, to: path)
            await expectRefusal(.corrupt, naming: word) { try await SQLiteStore.open(path: path) }
            var information = stat()
            #expect(stat(path, &information) == 0)
            #expect(information.st_size == bytes.count)
        }
        unlink(path)
        let other = try DatabaseQueue(path: path)
        try await other.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
        try other.close()
        await expectRefusal(.conflict, naming: "another program") { try await SQLiteStore.open(path: path) }
    }

    @Test("a log without its file is not overwritten")
    func loneLog() async throws {
        write([1], to: path + "-wal")
        await expectRefusal(.corrupt, naming: "-wal") { try await SQLiteStore.open(path: path) }
        #expect(directory.names == ["fuyun.db-wal"])
    }

    @Test("what a creation that was cut short left behind is in nobody's way")
    func leftovers() async throws {
        write([1, 2, 3], to: path + ".new")
        let store = try await SQLiteStore.open(path: path)
        try await store.close()
        #expect(directory.names == ["fuyun.db"])
    }

    @Test("damaged pages are found at the start")
    func damagedPages() async throws {
        let store = try await SQLiteStore.open(path: path)
        _ = try await store.ingest([batch((1...2000).map { observation($0) })], at: moment(0))
        try await store.close()
        let file = open(path, O_WRONLY)
        // Every page but the first few loses its first bytes.
        for page in 8..<40 { #expect(pwrite(file, Array(repeating: 0xA5 as UInt8, count: 64), 64, page * 4096) == 64) }
        close(file)
        await expectRefusal(.corrupt, naming: path) { try await SQLiteStore.open(path: path) }
    }

    @Test("a place that cannot be written says so")
    func badPlaces() async throws {
        for (path, codes) in [
            (directory.file("none/fuyun.db"), [StoreError.Code.failed]), (directory.path, [.invalid]), ("", [.invalid]),
            ("/sys/fuyun.db", [.readOnly]), ("/proc/fuyun.db", [.failed, .readOnly]), ("a\0b", [.invalid]),
        ] {
            do {
                _ = try await SQLiteStore.open(path: path)
                Issue.record("\(path) was opened")
            } catch {
                #expect(codes.contains(error.code), "\(error)")
            }
        }
    }

    @Test("a read-only directory says so", .enabled(if: geteuid() != 0, "root writes everywhere"))
    func readOnlyDirectory() async throws {
        chmod(directory.path, 0o500)
        defer { chmod(directory.path, 0o700) }
        await expectRefusal(.readOnly, naming: directory.path) { try await SQLiteStore.open(path: path) }
    }

    @Test("a full disk stores nothing of the call, and the store goes on when there is room")
    func fullDisk() async throws {
        let store = try await SQLiteStore.open(path: path)
        _ = try await store.ingest([batch([observation(1)])], at: moment(0))
        let limit = try await store.pool.writeWithoutTransaction { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
            return pages
        }
        #expect(limit > 0)
        let many = batch((2...2000).map { observation($0) }, from: 2)
        await expectRefusal(.full, naming: "disk is full") { try await store.ingest([many], at: moment(1)) }
        #expect(try await store.observations(of: "guest/video", limit: 9).count == 1)
        try await store.check()
        try await store.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1000000") }
        #expect(try await store.ingest([many], at: moment(2)).first?.stored == 1999)
        try await store.close()
    }

    @Test("a store that someone else holds says so")
    func heldByAnother() async throws {
        let store = try await SQLiteStore.open(path: path)
        try await store.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA busy_timeout = 1") }
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
        await expectRefusal(.busy, naming: "another process") {
            try await store.append(NewEvent(kind: "test", message: ""), at: moment(0))
        }
        try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
        try other.close()
        _ = try await store.append(NewEvent(kind: "test", message: ""), at: moment(0))
        try await store.close()
    }
}
