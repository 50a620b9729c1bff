import GRDB

/// Rows on their way into a table, many a statement: a statement of its own for each costs more than the row.
struct ManyRows {
    /// Rows of a full statement.
    private static let rowsAtOnce = 64

    private let head: String
    private let tail: String
    private let columns: Int
    private let full: String
    private var values: [DatabaseValue] = []

    /// Rows for a table with its columns in brackets.
    init(into table: String, columns: Int, onConflict: String = "") {
        head = "INSERT INTO \(table) VALUES "
        tail = onConflict
        self.columns = columns
        full = Self.statement(head, tail, columns: columns, rows: Self.rowsAtOnce)
        values.reserveCapacity(Self.rowsAtOnce * columns)
    }

    /// Adds the next column's value.
    mutating func add(_ value: DatabaseValue) { values.append(value) }

    /// Inserts when enough rows are there.
    mutating func insertIfFull(_ db: Database) throws {
        if values.count == Self.rowsAtOnce * columns { try insert(db) }
    }

    /// Inserts what is there.
    mutating func insert(_ db: Database) throws {
        let rows = values.count / columns
        guard rows > 0 else { return }
        let isFull = rows == Self.rowsAtOnce
        let statement =
            isFull
            ? try db.cachedStatement(sql: full)
            : try db.makeStatement(sql: Self.statement(head, tail, columns: columns, rows: rows))
        statement.setUncheckedArguments(StatementArguments(values))
        try statement.execute()
        values.removeAll(keepingCapacity: true)
    }

    private static func statement(_ head: String, _ tail: String, columns: Int, rows: Int) -> String {
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        return head + Array(repeating: row, count: rows).joined(separator: ", ") + " " + tail
    }
}
