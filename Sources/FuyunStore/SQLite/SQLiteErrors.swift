import GRDB
import Glibc

extension StoreError {
    /// Says in the store's terms what SQLite reported, and what to do about it.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case is CancellationError: self = StoreError(.failed, "the call was cancelled; nothing was stored")
        case is CompactBytesError:
            self = StoreError(.corrupt, "\(path): an observation cannot be read; check the file, restore a backup")
        case let error as DatabaseError: self = Self.from(error, path: path)
        default: self = StoreError(.failed, "\(path): \(error)")
        }
    }

    private static func from(_ error: DatabaseError, path: String) -> StoreError {
        let said = error.message ?? "code \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: return full(path)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return StoreError(
                .readOnly,
                "\(path) cannot be written (\(said)); make the file and its directory writable for this user"
            )
        case .SQLITE_CANTOPEN:
            return StoreError(
                .failed,
                "\(path) cannot be opened (\(said)); its directory must exist and be writable for this user"
            )
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: return damaged(path, said)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(
                .busy,
                "\(path) is held by another process (\(said)); only one coordinator may use it, and no tool for long"
            )
        case .SQLITE_CONSTRAINT: return StoreError(.conflict, said)
        case .SQLITE_TOOBIG: return StoreError(.invalid, "a value is too large (\(said))")
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            return StoreError(.failed, "the call was cancelled; nothing was stored")
        case .SQLITE_MISUSE: return StoreError(.closed, "\(path) was closed")
        case .SQLITE_IOERR where isFull(path): return full(path)
        default:
            let code = error.extendedResultCode.rawValue
            return StoreError(.failed, "\(path): \(said) (SQLite code \(code)); see the kernel's log for disk errors")
        }
    }

    /// The disk is full.
    private static func full(_ path: String) -> StoreError {
        StoreError(
            .full,
            "\(path): the disk is full; nothing of this call was stored. Make room, or shorten the retention"
        )
    }

    /// The file is damaged, as SQLite says it.
    static func damaged(_ path: String, _ said: String) -> StoreError {
        StoreError(
            .corrupt,
            "\(path) is damaged or no database (\(said)); stop the coordinator, keep the file and its -wal aside, "
                + "restore the last backup. It is never replaced by itself"
        )
    }

    /// Whether the file system has no room left.
    private static func isFull(_ path: String) -> Bool {
        var information = statvfs()
        return statvfs(path, &information) == 0 && information.f_bavail < 16
    }
}
