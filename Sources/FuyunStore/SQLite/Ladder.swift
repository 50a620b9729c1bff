import FuyunPolicy
import GRDB

/// Moves versions between statuses inside a transaction.
enum Ladder {
    /// A version that goes from one status to another.
    private struct Move {
        var version: Int
        var from: PolicyStatus
        var change: StatusChange
    }

    /// Applies changes with what follows from them: who becomes active or candidate retires the one that was it before, and
    /// an active version remembers whose place it took.
    ///
    /// - Returns: The revision after it; the one before when nothing changed.
    static func apply(
        _ changes: [StatusChange],
        to function: String,
        id: Int64,
        at time: Timestamp,
        _ db: Database
    ) throws -> Int64 {
        var moves = try moves(changes, of: function, id: id, db)
        let active = try version(id, in: "status = 'active'", db)
        let candidate = try version(id, in: "status IN ('shadow', 'canary')", db)
        let newActive = moves.first { $0.change.status == .active }
        let newCandidate = moves.first { $0.change.status.isCandidate }
        for (current, successor) in [(active, newActive), (candidate, newCandidate)] {
            guard let current, let successor, !moves.contains(where: { $0.version == current.version }) else {
                continue
            }
            let reason = "replaced by version \(successor.version)"
            let change = StatusChange(
                version: current.version,
                to: .retired,
                author: successor.change.author,
                reason: reason
            )
            moves.insert(Move(version: current.version, from: current.status, change: change), at: 0)
        }
        guard !moves.isEmpty else { return try db.revision() }
        // First all down, so that no two are active at any moment: the schema would not have it.
        for move in moves {
            try db.run(
                "UPDATE policy SET status = 'retired' WHERE function_id = ? AND version = ?",
                [id, move.version]
            )
        }
        for move in moves {
            try db.run(
                "UPDATE policy SET status = ?, status_since = ? WHERE function_id = ? AND version = ?",
                [move.change.status.rawValue, time.milliseconds, id, move.version]
            )
            try db.append(event(of: move, function: function), at: time)
        }
        if let newActive, let active, active.version < newActive.version {
            try db.run(
                "UPDATE policy SET supersedes = coalesce(supersedes, ?) WHERE function_id = ? AND version = ?",
                [active.version, id, newActive.version]
            )
        }
        return try db.raiseRevision(of: id)
    }

    /// The changes that change something, checked against each other.
    private static func moves(
        _ changes: [StatusChange],
        of function: String,
        id: Int64,
        _ db: Database
    ) throws -> [Move] {
        guard Set(changes.map(\.version)).count == changes.count else {
            throw StoreError(.invalid, "changes: a version of \(function) is named twice")
        }
        for (name, isMeant) in [
            ("active", { $0 == .active }), ("in shadow or canary", \.isCandidate),
        ] as [(String, (PolicyStatus) -> Bool)] {
            guard changes.count(where: { isMeant($0.status) }) <= 1 else {
                throw StoreError(.conflict, "changes: only one version of \(function) can be \(name)")
            }
        }
        return try changes.compactMap { change in
            let sql = "SELECT status FROM policy WHERE function_id = ? AND version = ?"
            let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [id, change.version])
            guard let row else {
                throw StoreError(.notFound, "version \(change.version) of \(function) is not there")
            }
            let status: PolicyStatus = try row.word("status")
            guard status != change.status else { return nil }
            guard change.status != .draft else {
                throw StoreError(.conflict, "version \(change.version) of \(function) was in use; it is no draft again")
            }
            return Move(version: change.version, from: status, change: change)
        }
    }

    private static func version(
        _ function: Int64,
        in condition: String,
        _ db: Database
    ) throws -> (version: Int, status: PolicyStatus)? {
        let sql = "SELECT version, status FROM policy WHERE function_id = ? AND \(condition)"
        guard let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [function]) else { return nil }
        return (row["version"], try row.word("status"))
    }

    private static func event(of move: Move, function: String) -> NewEvent {
        let status = move.change.status
        let kind =
            switch status {
            case .draft: "policy.added"
            case .shadow: "policy.shadow"
            case .canary: "policy.canary"
            case .active: "policy.activated"
            case .retired: "policy.retired"
            }
        let what = "version \(move.version) \(move.from.rawValue) → \(status.rawValue)"
        return NewEvent(
            kind: kind,
            function: function,
            version: move.version,
            message: sentence(what, move.change.author, move.change.reason)
        )
    }

    /// What happened, by whom, why; within an event's bound.
    static func sentence(_ what: String, _ author: String, _ reason: String) -> String {
        let text = reason.isEmpty ? "\(what) (\(author))" : "\(what) (\(author)): \(reason)"
        guard text.utf8.count > Bounds.message else { return text }
        return String(decoding: text.utf8.prefix(Bounds.message - 3), as: UTF8.self)
    }
}

extension PolicyStatus {
    /// Whether it is on trial.
    var isCandidate: Bool { self == .shadow || self == .canary }
}
