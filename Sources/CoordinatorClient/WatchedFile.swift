import Glibc
import Synchronization

/// A small file that is read again when it has changed, and what was made of it.
final class WatchedFile<Value: Sendable>: Sendable {
    /// Tells one state of a file from another.
    private struct State: Equatable {
        var device: dev_t
        var inode: ino_t
        var size: off_t
        var seconds: Int
        var nanoseconds: Int
        var mode: mode_t
    }

    let path: String
    private let maximumSize: Int
    private let make: @Sendable ([UInt8], mode_t) throws(CoordinatorError) -> Value
    private let kept = Mutex<(state: State, value: Value)?>(nil)

    /// Watches a file; `make` gets its bytes and its mode.
    init(
        _ path: String,
        maximumSize: Int,
        _ make: @escaping @Sendable ([UInt8], mode_t) throws(CoordinatorError) -> Value
    ) {
        self.path = path
        self.maximumSize = maximumSize
        self.make = make
    }

    /// What the file holds now.
    ///
    /// - Throws: `configuration`, with the file's name.
    func value() throws(CoordinatorError) -> Value {
        // Not blocking, so that a pipe given by mistake does not hold the task for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(errno) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw unreadable(errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw CoordinatorError(.configuration, "\(path) is not a regular file", advice: "name another file")
        }
        let state = State(
            device: facts.st_dev,
            inode: facts.st_ino,
            size: facts.st_size,
            seconds: facts.st_mtim.tv_sec,
            nanoseconds: facts.st_mtim.tv_nsec,
            mode: facts.st_mode
        )
        if let known = kept.withLock({ $0 }), known.state == state { return known.value }
        let value = try make(try bytes(of: descriptor), facts.st_mode)
        kept.withLock { $0 = (state, value) }
        return value
    }

    private func bytes(of descriptor: CInt) throws(CoordinatorError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(errno) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= maximumSize else {
                throw CoordinatorError(
                    .configuration,
                    "\(path) has more than \(maximumSize) bytes",
                    advice: "name another file"
                )
            }
        }
    }

    private func unreadable(_ error: CInt) -> CoordinatorError {
        CoordinatorError(
            .configuration,
            "\(path) cannot be read: \(String(cString: strerror(error)))",
            advice: error == EACCES ? "try as root, or name another file" : "write it, or name another file"
        )
    }
}
