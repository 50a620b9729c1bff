public import BenchmarkSupport
import Glibc

/// The real coordinator in a process of its own, with its database in a directory of its own, open on loopback.
public final class CoordinatorRig {
    /// The process.
    public let process: ChildProcess
    /// Where it listens.
    public let port: UInt16
    /// The database.
    public let database: String
    private let folder: String

    /// Starts one, and waits until it serves.
    ///
    /// - Parameters:
    ///   - parent: Where its directory is made; the database's speed is that of this disk.
    ///   - settings: `KEY=VALUE`.
    public init(parent: String = "/var/tmp", settings: [String] = []) throws {
        var template = Array("\(parent)/fuyun-benchmark-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(description: "cannot make a directory in \(parent)") }
        folder = String(cString: made)
        database = "\(folder)/fuyun.db"
        port = Self.freePort()
        let all = ["listen.port=\(port)", "store.path=\(database)", "log.level=warning"] + settings
        process = try ChildProcess("fuyun-coordinator", all.flatMap { ["--set", $0] })
        for _ in 0..<1000 {
            if let wire = Wire(port: port) {
                wire.send(Wire.request("GET", "/readyz"))
                if wire.answer() == 200 { return }
            }
            usleep(10_000)
        }
        throw Failure(description: "the coordinator does not serve")
    }

    deinit {
        process.stop()
        for suffix in ["", "-wal", "-shm"] { unlink(database + suffix) }
        rmdir(folder)
    }

    /// Why there is none.
    public struct Failure: Error, CustomStringConvertible {
        /// What went wrong.
        public var description: String
    }

    /// Bytes of the database on disk.
    public var bytesOnDisk: Int {
        ["", "-wal"].reduce(0) { sum, suffix in
            var status = stat()
            return sum + (stat(database + suffix, &status) == 0 ? Int(status.st_size) : 0)
        }
    }

    /// A request on a connection of its own; its status and body.
    @discardableResult
    public func send(_ method: String, _ path: String, _ body: String = "") -> (status: Int, body: String) {
        guard let wire = Wire(port: port) else { return (0, "") }
        wire.send(Wire.request(method, path, body))
        let status = wire.answer()
        return (status, wire.body)
    }

    private static func freePort() -> UInt16 {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = Wire.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(probe, $0, length)
                _ = getsockname(probe, $0, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}
