import GRDB

/// The tables, as migrations with names: they are only ever appended to, and one that was released is never changed.
enum Schema {
    /// `FYUN`: marks a database file as ours, so that another program's file is not written to by mistake.
    static let applicationID: Int64 = 0x4659_554E

    /// Every migration, oldest first.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, statements) in migrations {
            // Tables are only added so far: a check of every foreign key of the whole file would be for nothing.
            migrator.registerMigration(name, foreignKeyChecks: .immediate) { try $0.execute(sql: statements) }
        }
        return migrator
    }

    static let migrations: [(name: String, statements: String)] = [
        ("1-functions-policies-events", functionsAndPolicies),
        ("2-nodes-and-observations", observations),
        ("3-drafts", drafts),
        ("4-shapes-sources-and-open-drafts", shapesAndSources),
    ]

    /// The revision starts at the moment at which the file is made, so that no agent's revision from an earlier file, now
    /// lost, can pass for one of this file.
    private static let functionsAndPolicies = """
        PRAGMA application_id = \(applicationID);

        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            remembered_from INTEGER NOT NULL CHECK (remembered_from <= revision),
            mode_cap TEXT NOT NULL DEFAULT 'enforce' CHECK (mode_cap IN ('observe', 'shadow', 'canary', 'enforce')),
            tuning INTEGER NOT NULL DEFAULT 1 CHECK (tuning IN (0, 1))
        ) STRICT;
        INSERT INTO store (id, revision, remembered_from)
        SELECT 1, now, now FROM (SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000 AS now);
        CREATE TRIGGER store_revision_grows BEFORE UPDATE OF revision ON store WHEN NEW.revision < OLD.revision
        BEGIN SELECT RAISE(ABORT, 'the revision only grows'); END;
        CREATE TRIGGER store_stays BEFORE DELETE ON store BEGIN SELECT RAISE(ABORT, 'the row stays'); END;

        CREATE TABLE function (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 256),
            runtime TEXT,
            source_digest TEXT,
            preset INTEGER CHECK (preset > 0),
            minimum INTEGER CHECK (minimum > 0),
            maximum INTEGER CHECK (maximum > 0),
            tier INTEGER CHECK (tier > 0),
            pinned_version INTEGER,
            never_lower INTEGER NOT NULL DEFAULT 0 CHECK (never_lower IN (0, 1)),
            excluded INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),
            last_version INTEGER NOT NULL DEFAULT 0 CHECK (last_version BETWEEN 0 AND 2147483647),
            revision INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            CHECK (minimum IS NULL OR maximum IS NULL OR minimum <= maximum),
            FOREIGN KEY (id, pinned_version) REFERENCES policy (function_id, version) DEFERRABLE INITIALLY DEFERRED
        ) STRICT;
        CREATE INDEX function_changes ON function (revision) WHERE revision > 0;
        CREATE TRIGGER function_versions_grow BEFORE UPDATE OF last_version ON function
        WHEN NEW.last_version < OLD.last_version
        BEGIN SELECT RAISE(ABORT, 'versions only grow'); END;

        CREATE TABLE removed_function (
            name TEXT PRIMARY KEY,
            last_version INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            removed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE policy (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            function_id INTEGER NOT NULL REFERENCES function (id) ON DELETE CASCADE,
            version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 2147483647),
            status TEXT NOT NULL CHECK (status IN ('draft', 'shadow', 'canary', 'active', 'retired')),
            supersedes INTEGER CHECK (supersedes BETWEEN 1 AND version - 1),
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            notes TEXT,
            document TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            status_since INTEGER NOT NULL,
            UNIQUE (function_id, version)
        ) STRICT;
        CREATE UNIQUE INDEX policy_one_active ON policy (function_id) WHERE status = 'active';
        CREATE UNIQUE INDEX policy_one_candidate ON policy (function_id) WHERE status IN ('shadow', 'canary');
        CREATE TRIGGER policy_versions_grow BEFORE INSERT ON policy
        WHEN NEW.version <= (SELECT last_version FROM function WHERE id = NEW.function_id)
        BEGIN SELECT RAISE(ABORT, 'versions only grow'); END;
        CREATE TRIGGER policy_version_is_last AFTER INSERT ON policy
        BEGIN UPDATE function SET last_version = NEW.version WHERE id = NEW.function_id; END;
        CREATE TRIGGER policy_is_fixed BEFORE UPDATE OF id, function_id, version, document ON policy
        BEGIN SELECT RAISE(ABORT, 'a version does not change'); END;

        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            function TEXT,
            version INTEGER,
            node TEXT,
            message TEXT NOT NULL
        ) STRICT;
        """

    /// A spool's sequence numbers are unique by way of their bits in `spool_block`: see `SequenceBlock`.
    private static let observations = """
        CREATE TABLE node (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 256),
            agent_version TEXT,
            revision INTEGER,
            observations INTEGER NOT NULL DEFAULT 0 CHECK (observations >= 0),
            created_at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE spool (
            id INTEGER PRIMARY KEY,
            node_id INTEGER NOT NULL REFERENCES node (id),
            epoch INTEGER NOT NULL,
            first_block INTEGER NOT NULL DEFAULT 0 CHECK (first_block >= 0),
            UNIQUE (node_id, epoch)
        ) STRICT;

        CREATE TABLE spool_block (
            spool_id INTEGER NOT NULL REFERENCES spool (id),
            block INTEGER NOT NULL CHECK (block >= 0),
            bits BLOB NOT NULL CHECK (length(bits) = 128),
            changed_at INTEGER NOT NULL,
            PRIMARY KEY (spool_id, block)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE word (
            id INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE observation (
            id INTEGER PRIMARY KEY,
            function_id INTEGER NOT NULL REFERENCES function (id) ON DELETE CASCADE,
            spool_id INTEGER NOT NULL REFERENCES spool (id),
            received_at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX observation_by_function ON observation (function_id);

        CREATE TABLE observation_number (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            last INTEGER NOT NULL
        ) STRICT;
        INSERT INTO observation_number VALUES (1, 0);
        CREATE TRIGGER observation_number_grows BEFORE UPDATE ON observation_number WHEN NEW.last < OLD.last
        BEGIN SELECT RAISE(ABORT, 'numbers of observations only grow'); END;

        CREATE TABLE figure (
            function_id INTEGER NOT NULL REFERENCES function (id) ON DELETE CASCADE,
            version INTEGER NOT NULL,
            calls INTEGER NOT NULL CHECK (calls >= 0),
            misses INTEGER NOT NULL CHECK (misses BETWEEN 0 AND calls),
            granted REAL NOT NULL,
            needed REAL NOT NULL,
            PRIMARY KEY (function_id, version)
        ) STRICT, WITHOUT ROWID;
        """

    private static let drafts = """
        CREATE TABLE draft (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            function_id INTEGER NOT NULL REFERENCES function (id) ON DELETE CASCADE,
            version INTEGER,
            model TEXT,
            prompt_digest TEXT,
            record TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX draft_by_function ON draft (function_id);
        """

    /// A draft is written down when it is asked for, and again when it has ended.
    private static let shapesAndSources = """
        ALTER TABLE draft ADD COLUMN cause TEXT NOT NULL DEFAULT 'operator'
            CHECK (cause IN ('operator', 'second_thoughts'));
        ALTER TABLE draft ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0 CHECK (dry_run IN (0, 1));
        ALTER TABLE draft ADD COLUMN state TEXT NOT NULL DEFAULT 'done' CHECK (state IN ('open', 'done', 'failed'));
        ALTER TABLE draft ADD COLUMN summary TEXT NOT NULL DEFAULT '';
        ALTER TABLE draft ADD COLUMN versions TEXT NOT NULL DEFAULT '';
        ALTER TABLE draft ADD COLUMN calls INTEGER NOT NULL DEFAULT 0 CHECK (calls >= 0);
        ALTER TABLE draft ADD COLUMN prompt_tokens INTEGER NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0);
        ALTER TABLE draft ADD COLUMN completion_tokens INTEGER NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0);
        ALTER TABLE draft ADD COLUMN cost REAL CHECK (cost >= 0);
        ALTER TABLE draft ADD COLUMN ended_at INTEGER;
        CREATE INDEX draft_open ON draft (id) WHERE state = 'open';
        CREATE INDEX draft_expenses ON draft (ended_at) WHERE calls > 0;

        CREATE TABLE shape (
            function_id INTEGER PRIMARY KEY REFERENCES function (id) ON DELETE CASCADE,
            body TEXT NOT NULL,
            changed_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE source (
            function_id INTEGER PRIMARY KEY REFERENCES function (id) ON DELETE CASCADE,
            body TEXT NOT NULL,
            changed_at INTEGER NOT NULL
        ) STRICT;
        """
}
