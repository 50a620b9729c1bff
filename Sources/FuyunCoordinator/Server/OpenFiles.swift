import Glibc
import Logging

/// How many files the process may have open; every connection is one.
enum OpenFiles {
    /// Files besides connections: the database, the event loops, the journal.
    private static let others = 128

    /// Raises the process's own limit as far as the connections need and the system allows.
    static func raiseLimit(for connections: Int, logger: Logger) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let needed = rlim_t(connections + others)
        guard limit.rlim_cur < needed else { return }
        limit.rlim_cur = min(needed, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < needed else { return }
        logger.warning(
            "fewer files may be open than there may be connections; raise LimitNOFILE or lower limits.connections",
            metadata: ["files": "\(limit.rlim_cur)", "connections": "\(connections)"]
        )
    }
}
