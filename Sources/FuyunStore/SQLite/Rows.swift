import FuyunPolicy
import GRDB
import MemoryUnits

// Helpers that several parts of the store use inside a transaction.

extension Database {
    /// A function's row number; nil when it is not known.
    func functionID(_ name: String) throws -> Int64? {
        try Int64.fetchOne(
            cachedStatement(sql: "SELECT id FROM function WHERE name = ?"),
            arguments: [name]
        )
    }

    /// A function's row number; `notFound` when it is not known.
    func knownFunctionID(_ name: String) throws -> Int64 {
        if let id = try functionID(name) { return id }
        throw StoreError(.notFound, "function \(name) is not known; register it first")
    }

    /// The revision that agents are at when they know everything.
    func revision() throws -> Int64 {
        guard let revision = try Int64.fetchOne(cachedStatement(sql: "SELECT revision FROM store")) else {
            throw StoreError(.corrupt, "the table store has no row; restore a backup")
        }
        return revision
    }

    /// Raises the revision, and gives the function the new one.
    @discardableResult
    func raiseRevision(of function: Int64? = nil) throws -> Int64 {
        try cachedStatement(sql: "UPDATE store SET revision = revision + 1").execute()
        let revision = try revision()
        if let function {
            try run("UPDATE function SET revision = ? WHERE id = ?", [revision, function])
        }
        return revision
    }

    /// Runs a statement that gives no rows; it is prepared once.
    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Writes an event down.
    @discardableResult
    func append(_ event: NewEvent, at time: Timestamp) throws -> Int64 {
        try run(
            "INSERT INTO event (time, kind, function, version, node, message) VALUES (?, ?, ?, ?, ?, ?)",
            [time.milliseconds, event.kind, event.function, event.version, event.node, event.message]
        )
        return lastInsertedRowID
    }
}

extension Row {
    /// A quantity of memory in a column.
    func bytes(_ column: String) -> Bytes? {
        (self[column] as Int64?).map { Bytes(UInt64(bitPattern: $0)) }
    }

    /// A moment in a column.
    func time(_ column: String) -> Timestamp { Timestamp(milliseconds: self[column]) }

    /// A word of a known set in a column.
    func word<Word: RawRepresentable<String>>(_ column: String, _: Word.Type = Word.self) throws -> Word {
        let text: String = self[column]
        guard let word = Word(rawValue: text) else {
            throw StoreError(.corrupt, "column \(column) has the unknown word \(text); restore a backup")
        }
        return word
    }
}

extension Optional<Bytes> {
    /// As it is stored; `Bounds` saw to it that it fits.
    var column: Int64? { map { Int64(clamping: $0.rawValue) } }
}
