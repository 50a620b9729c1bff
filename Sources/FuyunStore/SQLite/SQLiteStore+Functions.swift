import FuyunPolicy
import GRDB
import MemoryUnits

extension SQLiteStore {
    /// Registers a function or changes its registration.
    public func register(
        _ registration: FunctionRegistration,
        at time: Timestamp
    ) async throws(StoreError) -> StoredFunction {
        try Bounds.check(registration)
        return try await write { db in
            if let known = try FunctionRows.fetch(registration.name, db) {
                try FunctionRows.change(known, to: registration, at: time, db)
            } else {
                let id = try FunctionRows.insert(registration, at: time, db)
                if registration.grantsSomething { try db.raiseRevision(of: id) }
            }
            guard let stored = try FunctionRows.fetch(registration.name, db) else {
                throw StoreError(.failed, "function \(registration.name) is gone right after it was registered")
            }
            return stored
        }
    }

    /// A function; nil when it is not known.
    public func function(_ name: String) async throws(StoreError) -> StoredFunction? {
        try await read { db in try FunctionRows.fetch(name, db) }
    }

    /// Functions by name.
    public func functions(after name: String?, limit: Int) async throws(StoreError) -> [StoredFunction] {
        try await read { db in
            let sql = "\(FunctionRows.select) WHERE f.name > ? ORDER BY f.name LIMIT ?"
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: sql),
                arguments: [name ?? "", Bounds.clip(limit)]
            )
            return rows.map(FunctionRows.stored)
        }
    }

    /// Sets an operator's switches; `notFound` when the function, or the version to be pinned, is not known.
    public func setSwitches(
        _ switches: FunctionSwitches,
        of function: String,
        at time: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            let id = try db.knownFunctionID(function)
            guard let known = try FunctionRows.fetch(function, db), known.switches != switches else { return }
            if let version = switches.pinnedVersion {
                let found = try Int.fetchOne(
                    db.cachedStatement(sql: "SELECT 1 FROM policy WHERE function_id = ? AND version = ?"),
                    arguments: [id, version]
                )
                guard found != nil else {
                    throw StoreError(.notFound, "version \(version) of \(function) is not there, so nothing was pinned")
                }
            }
            try db.run(
                """
                UPDATE function SET pinned_version = ?, never_lower = ?, excluded = ?, updated_at = ? WHERE id = ?
                """,
                [switches.pinnedVersion, switches.neverLower, switches.isExcluded, time.milliseconds, id]
            )
            try db.raiseRevision(of: id)
            try db.append(
                NewEvent(
                    kind: "function.switched",
                    function: function,
                    version: switches.pinnedVersion,
                    message: switches.sentence
                ),
                at: time
            )
        }
    }

    /// Removes a function with its versions, observations and drafts; false when it was not known.
    public func removeFunction(_ name: String, at time: Timestamp) async throws(StoreError) -> Bool {
        try await write { db in
            guard let id = try db.functionID(name) else { return false }
            let revision = try db.raiseRevision()
            // Agents must hear of it, and a function of the same name must not begin again at version 1: an agent would
            // take its new version 3 for the old one.
            try db.run(
                """
                INSERT INTO removed_function (name, last_version, revision, removed_at)
                SELECT name, last_version, ?, ? FROM function WHERE id = ?
                """,
                [revision, time.milliseconds, id]
            )
            try db.run("DELETE FROM function WHERE id = ?", [id])
            try db.append(
                NewEvent(kind: "function.removed", function: name, message: "\(name) was removed"),
                at: time
            )
            return true
        }
    }

    /// The global switches.
    public func globalSwitches() async throws(StoreError) -> GlobalSwitches {
        try await read { db in try FunctionRows.globalSwitches(db) }
    }

    /// Sets the global switches; raises the revision when something changes.
    public func setGlobalSwitches(_ switches: GlobalSwitches, at time: Timestamp) async throws(StoreError) {
        try await write { db in
            guard try FunctionRows.globalSwitches(db) != switches else { return }
            try db.run(
                "UPDATE store SET mode_cap = ?, tuning = ?",
                [switches.modeCap.rawValue, switches.isTuningEnabled]
            )
            try db.raiseRevision()
            let tuning = switches.isTuningEnabled ? "on" : "off"
            try db.append(
                NewEvent(
                    kind: "switches.changed",
                    message: "for all functions: mode at most \(switches.modeCap.rawValue), tuning \(tuning)"
                ),
                at: time
            )
        }
    }
}

/// Rows of `function` ⇄ values.
enum FunctionRows {
    static let select = """
        SELECT f.*,
            (SELECT version FROM policy WHERE function_id = f.id AND status = 'active') AS active,
            (SELECT version FROM policy WHERE function_id = f.id AND status IN ('shadow', 'canary')) AS candidate,
            (SELECT max(version) FROM policy WHERE function_id = f.id) AS newest,
            (SELECT sum(calls) FROM figure WHERE function_id = f.id) AS calls,
            (SELECT received_at FROM observation WHERE function_id = f.id ORDER BY id DESC LIMIT 1) AS observed_at
        FROM function AS f
        """

    static func fetch(_ name: String, _ db: Database) throws -> StoredFunction? {
        try Row.fetchOne(db.cachedStatement(sql: "\(select) WHERE f.name = ?"), arguments: [name]).map(stored)
    }

    static func stored(_ row: Row) -> StoredFunction {
        StoredFunction(
            registration: registration(row),
            switches: switches(row),
            createdAt: row.time("created_at"),
            updatedAt: row.time("updated_at"),
            activeVersion: row["active"],
            candidateVersion: row["candidate"],
            newestVersion: row["newest"] ?? 0,
            observationCount: row["calls"] ?? 0,
            lastObservedAt: (row["observed_at"] as Int64?).map(Timestamp.init(milliseconds:))
        )
    }

    static func registration(_ row: Row) -> FunctionRegistration {
        var registration = FunctionRegistration(name: row["name"])
        registration.runtime = row["runtime"]
        registration.sourceDigest = row["source_digest"]
        registration.preset = row.bytes("preset")
        registration.minimum = row.bytes("minimum")
        registration.maximum = row.bytes("maximum")
        registration.tier = row.bytes("tier")
        return registration
    }

    static func switches(_ row: Row) -> FunctionSwitches {
        var switches = FunctionSwitches()
        switches.pinnedVersion = row["pinned_version"]
        switches.neverLower = row["never_lower"]
        switches.isExcluded = row["excluded"]
        return switches
    }

    static func globalSwitches(_ db: Database) throws -> GlobalSwitches {
        guard let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT mode_cap, tuning FROM store")) else {
            throw StoreError(.corrupt, "the table store has no row; restore a backup")
        }
        var switches = GlobalSwitches()
        switches.modeCap = try row.word("mode_cap")
        switches.isTuningEnabled = row["tuning"]
        return switches
    }

    /// Adds a function; one that was removed goes on with its versions, and agents that still have to hear of the removal
    /// hear of it as a change.
    static func insert(_ registration: FunctionRegistration, at time: Timestamp, _ db: Database) throws -> Int64 {
        let removed = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT last_version, revision FROM removed_function WHERE name = ?"),
            arguments: [registration.name]
        )
        let (lastVersion, revision): (Int64?, Int64?) = (removed?["last_version"], removed?["revision"])
        try db.run(
            """
            INSERT INTO function (
                name, runtime, source_digest, preset, minimum, maximum, tier, last_version, revision, created_at, updated_at
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                registration.name, registration.runtime, registration.sourceDigest, registration.preset.column,
                registration.minimum.column, registration.maximum.column, registration.tier.column,
                lastVersion ?? 0, revision ?? 0, time.milliseconds, time.milliseconds,
            ]
        )
        let id = db.lastInsertedRowID
        if removed != nil { try db.run("DELETE FROM removed_function WHERE name = ?", [registration.name]) }
        try db.append(
            NewEvent(
                kind: "function.registered",
                function: registration.name,
                message: "\(registration.name) was registered"
            ),
            at: time
        )
        return id
    }

    static func change(
        _ known: StoredFunction,
        to registration: FunctionRegistration,
        at time: Timestamp,
        _ db: Database
    ) throws {
        guard known.registration != registration else { return }
        try db.run(
            """
            UPDATE function
            SET runtime = ?, source_digest = ?, preset = ?, minimum = ?, maximum = ?, tier = ?, updated_at = ?
            WHERE name = ?
            """,
            [
                registration.runtime, registration.sourceDigest, registration.preset.column,
                registration.minimum.column, registration.maximum.column, registration.tier.column,
                time.milliseconds, registration.name,
            ]
        )
        if !known.registration.grantsSame(as: registration) {
            try db.raiseRevision(of: db.functionID(registration.name))
        }
        try db.append(
            NewEvent(
                kind: "function.registered",
                function: registration.name,
                message: "the registration of \(registration.name) changed"
            ),
            at: time
        )
    }
}

extension FunctionRegistration {
    /// Whether agents must know of it.
    var grantsSomething: Bool { !grantsSame(as: FunctionRegistration(name: name)) }

    /// Whether it means the same for agents.
    func grantsSame(as other: FunctionRegistration) -> Bool {
        (preset, minimum, maximum, tier) == (other.preset, other.minimum, other.maximum, other.tier)
    }
}

extension FunctionSwitches {
    /// For people.
    fileprivate var sentence: String {
        let pin = pinnedVersion.map { "pinned to version \($0)" } ?? "not pinned"
        return "\(pin), \(neverLower ? "never lower" : "may be lowered"), \(isExcluded ? "excluded" : "not excluded")"
    }
}
