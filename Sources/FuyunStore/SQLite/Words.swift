import GRDB

/// The table of words, from text to number, within one transaction.
struct WordTable: WordNumbers {
    /// So many words get a number; beyond, a word is written out where it is used, so that nobody can make the table grow
    /// without end.
    static let capacity: Int64 = 100_000
    /// Longer words are written out.
    static let longestWord = 64

    private let db: Database
    /// Numbers, nil for words that get none.
    private(set) var known: [String: UInt64?]

    init(_ db: Database, known: [String: UInt64?]) {
        self.db = db
        self.known = known
    }

    mutating func number(of word: String) throws -> UInt64? {
        if let number = known[word] { return number }
        let number = try find(word)
        known[word] = .some(number)
        return number
    }

    private func find(_ word: String) throws -> UInt64? {
        guard word.utf8.count <= Self.longestWord else { return nil }
        let found = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM word WHERE text = ?"),
            arguments: [word]
        )
        if let found { return UInt64(found) }
        let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM word")) ?? 0
        guard last < Self.capacity else { return nil }
        try db.run("INSERT INTO word (id, text) VALUES (?, ?)", [last + 1, word])
        return UInt64(last + 1)
    }
}

/// The table of words, from number to text, within one transaction.
struct WordLookup: WordTexts {
    private let db: Database
    private var known: [UInt64: String] = [:]

    init(_ db: Database) { self.db = db }

    mutating func text(of number: UInt64) throws -> String {
        if let text = known[number] { return text }
        guard let id = Int64(exactly: number),
            let text = try String.fetchOne(
                db.cachedStatement(sql: "SELECT text FROM word WHERE id = ?"),
                arguments: [id]
            )
        else { throw CompactBytesError() }
        known[number] = text
        return text
    }
}
