import CLinux
import Glibc
import SystemPackage

/// Which cgroup the process at the other end of a Unix socket lives in.
///
/// The kernel says so, not the peer: nothing in a request is believed. It is the process that *connected*: a descriptor
/// that was passed on to another container still acts for the one that opened it.
public struct PeerIdentity: Hashable, Sendable {
    /// How the cgroup was had, from the best to the weakest.
    public enum Method: String, Hashable, Sendable, CaseIterable {
        /// SO_PEERPIDFD, then PIDFD_GET_INFO (Linux >= 6.13): no path, no process id, no race.
        case pidfdCgroupID
        /// SO_PEERPIDFD (Linux >= 6.5), then `/proc/PID/cgroup`, then a look whether the process still lives.
        case pidfdProc
        /// SO_PEERCRED and pidfd_open (Linux >= 5.3); wrong when the process id was reused before pidfd_open.
        case credentials
    }

    /// The cgroup's id.
    public var cgroup: CgroupID
    /// The cgroup's path from the mount point.
    public var path: String
    /// The process, as seen from our pid namespace; for messages only, ids are reused.
    public var process: CInt
    /// How the cgroup was had.
    public var method: Method

    /// Makes an identity.
    public init(cgroup: CgroupID, path: String, process: CInt, method: Method) {
        self.cgroup = cgroup
        self.path = path
        self.process = process
        self.method = method
    }

    /// Asks the kernel who is at the other end.
    ///
    /// - Parameters:
    ///   - socket: A connected Unix stream socket.
    ///   - hierarchy: The tree in which cgroups are looked up.
    ///   - best: The best method to try; the weaker ones follow when the kernel lacks it.
    /// - Throws: `PeerError`.
    public static func of(
        socket: CInt,
        in hierarchy: CgroupHierarchy,
        best: Method = .pidfdCgroupID
    ) throws(PeerError) -> PeerIdentity {
        guard best != .credentials else { return try ofCredentials(socket, hierarchy) }
        let raw = fuyun_peer_pidfd(socket)
        switch -raw {
        case ENOPROTOOPT: return try ofCredentials(socket, hierarchy)
        // A peer that was reaped: ESRCH or EINVAL, depending on the kernel.
        case ESRCH, EINVAL: throw .exited
        case 1...: throw .system(operation: "SO_PEERPIDFD", errno: -raw)
        default: break
        }
        let pidfd = Descriptor(adopting: raw)
        if best == .pidfdCgroupID, hierarchy.trustsPidfdCgroupID,
            let identity = try ofInformation(pidfd, hierarchy)
        {
            return identity
        }
        switch ProcessFiles.information(ofDescriptor: pidfd.raw, "Pid") {
        case .some(let process) where process > 0:
            return try ofProcess(CInt(truncatingIfNeeded: process), pidfd, hierarchy, .pidfdProc)
        case .some(0): throw .invisible
        case .some: throw .exited
        case .none: throw .system(operation: "read /proc/self/fdinfo", errno: ENOENT)
        }
    }

    /// The peer's cgroup id alone, three system calls; nil when it takes one of the weaker methods, or fails: then ask
    /// `of(socket:in:best:)`.
    ///
    /// For looking up a container that is known already.
    public static func cgroupID(ofPeer socket: CInt, in hierarchy: CgroupHierarchy) -> CgroupID? {
        guard hierarchy.trustsPidfdCgroupID else { return nil }
        let pidfd = Descriptor(adopting: fuyun_peer_pidfd(socket))
        guard pidfd.isOpen else { return nil }
        return information(pidfd).id
    }

    /// Whether PIDFD_GET_INFO tells the truth: our own cgroup id, and that of a process in another cgroup where there is
    /// one to see, must equal the inode numbers of their directories. (A draft of the kernel's change answered with the
    /// caller's cgroup.)
    static func selfTest(root: borrowing CgroupDirectory) -> Bool {
        var confirmed = false
        for process in [getpid(), 1, 2, getppid()] where process > 0 {
            let pidfd = Descriptor(adopting: fuyun_pidfd_open(process))
            guard pidfd.isOpen, let path = try? ProcessFiles.cgroupPath(ofProcess: process) else { continue }
            let (id, _, error) = information(pidfd)
            guard let id else {
                if error == ESRCH || error == EREMOTE { continue }
                return false
            }
            // A process may move between the two looks: only a directory that is still its own counts.
            guard case .some(let directory) = try? root.open(path) else { continue }
            guard (try? ProcessFiles.cgroupPath(ofProcess: process)) == path else { continue }
            guard directory.id == id else { return false }
            confirmed = true
        }
        return confirmed
    }

    private static func information(_ pidfd: borrowing Descriptor) -> (id: CgroupID?, process: CInt, error: CInt) {
        var answer = fuyun_pidfd_info()
        let result = fuyun_pidfd_get_info(pidfd.raw, &answer)
        guard result == 0 else { return (nil, 0, -result) }
        let known = answer.mask & UInt64(FUYUN_PIDFD_INFO_CGROUPID) != 0 && answer.cgroup_id != 0
        return (known ? CgroupID(rawValue: answer.cgroup_id) : nil, CInt(bitPattern: answer.pid), ENODATA)
    }

    /// Nil: this kernel cannot, try the next method.
    private static func ofInformation(
        _ pidfd: borrowing Descriptor,
        _ hierarchy: CgroupHierarchy
    ) throws(PeerError) -> PeerIdentity? {
        let (id, process, error) = information(pidfd)
        guard let id else {
            switch error {
            case ESRCH: throw .exited
            case EREMOTE: throw .invisible
            default: return nil
            }
        }
        let path: String?
        do {
            path = try hierarchy.path(of: id)
        } catch {
            if error.code == .gone { throw .cgroupRemoved }
            throw .system(operation: error.description, errno: error.errno?.rawValue ?? EIO)
        }
        // Not allowed to open by id: the slower way gives the path.
        guard let path else { return nil }
        return PeerIdentity(
            cgroup: id,
            path: path,
            process: CInt(truncatingIfNeeded: max(process, 0)),
            method: .pidfdCgroupID
        )
    }

    private static func ofCredentials(_ socket: CInt, _ hierarchy: CgroupHierarchy) throws(PeerError) -> PeerIdentity {
        let process = fuyun_peer_pid(socket)
        guard process >= 0 else { throw .system(operation: "SO_PEERCRED", errno: -process) }
        guard process > 0 else { throw .invisible }
        let raw = fuyun_pidfd_open(process)
        guard raw >= 0 else {
            throw raw == -ESRCH ? .exited : .system(operation: "pidfd_open", errno: -raw)
        }
        return try ofProcess(process, Descriptor(adopting: raw), hierarchy, .credentials)
    }

    /// Reads the process's cgroup, then makes sure that it was that process which was read about.
    private static func ofProcess(
        _ process: CInt,
        _ pidfd: borrowing Descriptor,
        _ hierarchy: CgroupHierarchy,
        _ method: Method
    ) throws(PeerError) -> PeerIdentity {
        let path = try ProcessFiles.cgroupPath(ofProcess: process)
        let alive = fuyun_pidfd_alive(pidfd.raw)
        guard alive >= 0 else { throw .system(operation: "poll pidfd", errno: -alive) }
        guard alive == 1 else { throw .exited }
        do {
            let directory = try hierarchy.directory(at: path)
            return PeerIdentity(cgroup: directory.id, path: path, process: process, method: method)
        } catch {
            if error.code == .absent || error.code == .gone { throw .cgroupRemoved }
            throw .system(operation: error.description, errno: error.errno?.rawValue ?? EIO)
        }
    }
}
