import Glibc
import Synchronization

/// A datagram socket to journald that does not wait for it, but for a moment when it matters.
///
/// libsystemd's sd_journal_sendv blocks when journald is stopped or slow and its queue is full
/// (`net.unix.max_dgram_qlen`); on an event loop that would hold up invocations for the sake of a log line. Here such
/// an entry is dropped and counted instead. Only an important one is given a few milliseconds, and when that was in
/// vain none is until journald takes entries again. Entries are bounded well below the size from which the native
/// protocol wants a file descriptor.
final class JournalSocket: Sendable {
    static let defaultPath = "/run/systemd/journal/socket"

    private let descriptor: CInt
    private let address: UnixAddress
    private let dropped = Atomic<UInt64>(0)
    private let isStalled = Atomic<Bool>(false)

    /// Makes a socket; nothing is connected, so a journald that restarts is found again.
    init(path: String) throws(SystemdError) {
        guard let address = UnixAddress(path: path) else {
            throw SystemdError(
                code: .malformed,
                operation: "use journal socket \(path)",
                detail: "the path is too long"
            )
        }
        self.address = address
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if descriptor < 0 { throw SystemdError(operation: "open a socket to the journal", result: -errno) }
        var patience = timeval(tv_sec: 0, tv_usec: 5_000)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// How many entries journald did not take since the last call.
    func takeDropped() -> UInt64 { dropped.exchange(0, ordering: .relaxed) }

    /// Sends an entry, or drops and counts it together with the number of earlier losses that it would have told.
    func send(_ bytes: [UInt8], carrying losses: UInt64, isImportant: Bool) {
        let waits = isImportant && !isStalled.load(ordering: .relaxed)
        let flags = CInt(waits ? MSG_NOSIGNAL : MSG_DONTWAIT | MSG_NOSIGNAL)
        let sent = address.withPointer { pointer, length in
            bytes.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, flags, pointer, length) }
        }
        if sent < 0 { dropped.wrappingAdd(losses + 1, ordering: .relaxed) }
        if sent >= 0 || waits { isStalled.store(sent < 0, ordering: .relaxed) }
    }
}

/// The address of a Unix socket in the file system.
struct UnixAddress: Sendable {
    private var address = sockaddr_un()

    /// Nil when the path does not fit.
    init?(path: String) {
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
