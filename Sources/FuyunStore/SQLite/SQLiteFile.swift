import GRDB
import Glibc

/// The database file before SQLite has it: whether it is there, is ours, and how it is made.
///
/// A missing file is made under another name and renamed when its tables are there. So an empty or half-made file under
/// the real name is never one of ours, and is reported instead of being filled anew.
struct SQLiteFile {
    var path: String

    /// Makes the file when it is missing, with mode 0600; else looks at its head.
    func prepare() throws(StoreError) {
        guard !path.isEmpty, path.utf8.count < 4000, !path.utf8.contains(0) else {
            throw StoreError(.invalid, "store.path: expected the path of a file")
        }
        var information = stat()
        if stat(path, &information) == 0 {
            guard information.st_mode & S_IFMT == S_IFREG else {
                throw StoreError(.invalid, "\(path) is no regular file; store.path must name a file")
            }
            try checkHead()
            guard access(path, R_OK | W_OK) == 0 else { throw unusable(path, errno) }
            guard access(directory, W_OK | X_OK) == 0 else { throw unusable(directory, errno) }
        } else if errno == ENOENT {
            try create()
        } else {
            throw unusable(path, errno)
        }
    }

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func checkHead() throws(StoreError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unusable(path, errno) }
        defer { close(file) }
        var head = [UInt8](repeating: 0, count: 100)
        let count = read(file, &head, head.count)
        guard count >= 0 else { throw unusable(path, errno) }
        guard count > 0 else { throw .damaged(path, "the file is empty") }
        // https://sqlite.org/fileformat.html, "The Database Header": 16 bytes of magic, the application id at 68.
        guard count == head.count, head.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw .damaged(path, "file is not a database")
        }
        let application = head[68..<72].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard application == Schema.applicationID else {
            throw StoreError(
                .conflict,
                "\(path) is a database of another program (application id \(application)); set store.path to a file of "
                    + "its own"
            )
        }
    }

    private func create() throws(StoreError) {
        let new = path + ".new"
        // What an attempt that was cut short left behind.
        for leftover in [new, new + "-wal", new + "-shm", new + "-journal"] { unlink(leftover) }
        // A write-ahead log without its file is of no use to a new one, and would be taken for its log.
        if access(path + "-wal", F_OK) == 0 {
            throw StoreError(
                .corrupt,
                "\(path) is missing while its log \(path)-wal is there; put the file back, or move the log away"
            )
        }
        let file = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unusable(path, errno) }
        close(file)
        do {
            let queue = try DatabaseQueue(path: new)
            try Schema.migrator.migrate(queue)
            try queue.close()
        } catch {
            unlink(new)
            throw StoreError(error, path: path)
        }
        guard rename(new, path) == 0 else { throw unusable(path, errno) }
        let handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if handle >= 0 {
            fsync(handle)
            close(handle)
        }
    }

    private func unusable(_ path: String, _ error: CInt) -> StoreError {
        let said = String(cString: strerror(error))
        return switch error {
        case EACCES, EPERM, EROFS:
            StoreError(
                .readOnly,
                "\(path): \(said); the database and its directory must be writable for this user (store.path)"
            )
        case ENOENT, ENOTDIR:
            StoreError(.failed, "\(path): \(said); make the directory first, or change store.path")
        case ENOSPC, EDQUOT: StoreError(.full, "\(path): \(said); make room")
        default: StoreError(.failed, "\(path): \(said) (store.path)")
        }
    }
}
