import FoundationEssentials
import FuyunProtocol
import GRDB

/// Row numbers of functions and words that are committed, from one session to the next.
struct KnownNumbers {
    /// The revision at which the functions were there.
    var revision: Int64?
    /// Functions by name.
    var functions: [String: Int64] = [:]
    /// Words by text; nil for those that get no number.
    var words: [String: UInt64?] = [:]

    /// The same, or nothing when it has grown too large to keep.
    fileprivate var bounded: KnownNumbers {
        var kept = self
        if functions.count > 50_000 { kept.functions = [:] }
        if words.count > 50_000 { kept.words = [:] }
        return kept
    }
}

/// Puts batches into the tables, within one transaction.
///
/// Each function, word and spool is looked up once; rows go in many a statement; counts are summed up and written at the end.
struct IngestSession {
    private let db: Database
    private let time: Timestamp
    private var words: WordTable
    private var functions: [String: Int64]
    private var figures = Figures()
    private var writer = CompactWriter(capacity: 256)
    private var rows = ManyRows(
        into: "observation (id, function_id, spool_id, received_at, body)",
        columns: 5
    )
    private var last: Int64
    private let revision: Int64

    /// What the next session need not look up, once this one is committed.
    var known: KnownNumbers { KnownNumbers(revision: revision, functions: functions, words: words.known).bounded }

    init(_ db: Database, at time: Timestamp, knowing numbers: KnownNumbers) throws {
        self.db = db
        self.time = time
        words = WordTable(db, known: numbers.words)
        // A removed function's number is never given again, and each removal raises the revision.
        revision = try db.revision()
        functions = numbers.revision == revision ? numbers.functions : [:]
        last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT last FROM observation_number")) ?? 0
    }

    /// Takes a batch in.
    mutating func add(_ batch: ObservationBatch) throws -> IngestReceipt {
        let node = try nodeID(batch.node)
        var spool = try SpoolBlocks(db, node: node, epoch: batch.epoch)
        var stored = 0
        for (sequence, record) in batch.records where try spool.insert(sequence) {
            try add(record, spool: spool.id)
            stored += 1
        }
        try spool.save(at: time)
        try db.run("UPDATE node SET observations = observations + ? WHERE id = ?", [stored, node])
        return IngestReceipt(stored: stored, duplicates: batch.records.count - stored)
    }

    /// Writes what is held back.
    mutating func finish() throws {
        try rows.insert(db)
        try figures.add(to: db)
        try db.run("UPDATE observation_number SET last = ?", [last])
    }

    private mutating func add(_ record: ObservationRecord, spool: Int64) throws {
        let function = try functionID(record.function)
        writer.removeAll()
        try ObservationCodec.write(record, receivedAt: time, words: &words, into: &writer)
        figures.add(record, of: function)
        last += 1
        rows.add(last.databaseValue)
        rows.add(function.databaseValue)
        rows.add(spool.databaseValue)
        rows.add(time.milliseconds.databaseValue)
        rows.add(Data(writer.bytes).databaseValue)
        try rows.insertIfFull(db)
    }

    private mutating func functionID(_ name: String) throws -> Int64 {
        if let known = functions[name] { return known }
        let id =
            try db.functionID(name) ?? FunctionRows.insert(FunctionRegistration(name: name), at: time, db)
        functions[name] = id
        return id
    }

    private func nodeID(_ name: String) throws -> Int64 {
        let sql = "SELECT id FROM node WHERE name = ?"
        if let id = try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: [name]) { return id }
        try db.run(
            "INSERT INTO node (name, created_at, seen_at) VALUES (?, ?, ?)",
            [name, time.milliseconds, time.milliseconds]
        )
        return db.lastInsertedRowID
    }
}

/// Which numbers of one spool have arrived: its blocks, read as they are needed.
struct SpoolBlocks {
    /// The spool's row.
    let id: Int64
    private let db: Database
    /// Blocks below were removed by retention; all of their numbers count as arrived.
    private let firstBlock: Int64
    private var blocks: [Int64: SequenceBlock] = [:]

    /// Finds the spool of a node, or adds it.
    init(_ db: Database, node: Int64, epoch: UInt64) throws {
        self.db = db
        let epoch = Int64(bitPattern: epoch)
        let sql = "SELECT id, first_block FROM spool WHERE node_id = ? AND epoch = ?"
        if let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [node, epoch]) {
            (id, firstBlock) = (row["id"], row["first_block"])
        } else {
            try db.run("INSERT INTO spool (node_id, epoch) VALUES (?, ?)", [node, epoch])
            (id, firstBlock) = (db.lastInsertedRowID, 0)
        }
    }

    /// Notes that a number arrived; false when it had before.
    mutating func insert(_ sequence: UInt64) throws -> Bool {
        let index = SequenceBlock.index(of: sequence)
        guard index >= firstBlock else { return false }
        if blocks[index] == nil { blocks[index] = try block(index) }
        return blocks[index]?.insert(sequence) ?? false
    }

    private func block(_ index: Int64) throws -> SequenceBlock {
        let sql = "SELECT bits FROM spool_block WHERE spool_id = ? AND block = ?"
        guard let bits = try Data.fetchOne(db.cachedStatement(sql: sql), arguments: [id, index]) else {
            return SequenceBlock()
        }
        guard let block = SequenceBlock(Array(bits)) else { throw CompactBytesError() }
        return block
    }

    /// Writes the changed blocks.
    func save(at time: Timestamp) throws {
        for (index, block) in blocks where block.isChanged {
            try db.run(
                """
                INSERT INTO spool_block (spool_id, block, bits, changed_at) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET bits = excluded.bits, changed_at = excluded.changed_at
                """,
                [id, index, Data(block.bytes), time.milliseconds]
            )
        }
    }
}
