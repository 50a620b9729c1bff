import Cgroup
import Glibc
import SystemPackage

/// A cgroup made for one test on this machine's real cgroup v2 tree, and removed with it.
final class RealCgroup: Sendable {
    /// Where cgroup v2 is mounted and may be written; nil where tests on it cannot run.
    static let mount: FilePath? = {
        guard geteuid() == 0 else { return nil }
        for path in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            guard (try? CgroupHierarchy(mountPoint: FilePath(path))) != nil else { continue }
            return access(path, W_OK) == 0 ? FilePath(path) : nil
        }
        return nil
    }()

    /// Whether tests on it can run.
    static var isAvailable: Bool { mount != nil }
    /// Why not.
    static let missing = "needs root and a writable cgroup v2 mount at /sys/fs/cgroup or /sys/fs/cgroup/unified"

    let hierarchy: CgroupHierarchy
    /// The path from the mount point.
    let path: String
    private let full: String

    init(_ name: String) throws {
        guard let mount = Self.mount else { throw Errno.operationNotSupportedByDevice }
        hierarchy = try CgroupHierarchy(mountPoint: mount)
        path = "fuyun-test-\(name)-\(getpid())"
        full = mount.appending(path).string
        guard mkdir(full, 0o755) == 0 else { throw Errno(rawValue: errno) }
    }

    deinit {
        // A cgroup is busy for a moment after its last process was reaped.
        for _ in 0..<200 where rmdir(full) != 0 && errno == EBUSY { usleep(10_000) }
    }
}

/// A child process that moves into a cgroup, connects to a socket and waits for its end.
final class Client: Sendable {
    /// The child needs an interpreter; every Debian has this one.
    static var isAvailable: Bool { access("/usr/bin/perl", X_OK) == 0 }

    let process: pid_t

    init(in cgroup: RealCgroup, socket: String) throws {
        guard let mount = RealCgroup.mount else { throw Errno.operationNotSupportedByDevice }
        let members = mount.appending(cgroup.path).appending("cgroup.procs").string
        let program = """
            open(F, ">", $ARGV[0]) or die; print F $$; close(F) or die;
            my $s = IO::Socket::UNIX->new(Peer => $ARGV[1]) or die; $s->autoflush(1); print $s "x"; sleep 60;
            """
        let words = ["/usr/bin/perl", "-MIO::Socket::UNIX", "-e", program, members, socket]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, words[0], nil, nil, arguments, nil)
        guard result == 0 else { throw Errno(rawValue: result) }
        self.process = process
    }

    /// Ends the child, and waits until it is no more.
    func end() {
        kill(process, SIGKILL)
        var status: CInt = 0
        waitpid(process, &status, 0)
    }
}

/// A listening Unix socket in a temporary place.
struct Listener: ~Copyable {
    let path: String
    private let descriptor: CInt

    init() throws {
        path = "/tmp/fuyun-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(descriptor, 8) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Takes one connection and its first byte, or fails after ten seconds.
    func accept() throws -> CInt {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, 10_000) == 1 else { throw Errno.timedOut }
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0 else { throw Errno(rawValue: errno) }
        var byte: UInt8 = 0
        guard recv(connection, &byte, 1, 0) == 1 else { throw Errno.connectionReset }
        return connection
    }

    deinit {
        close(descriptor)
        unlink(path)
    }
}
