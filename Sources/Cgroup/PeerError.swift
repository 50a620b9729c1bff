import Glibc

/// Why the cgroup of a socket's peer could not be told, with what to do about it.
public enum PeerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The process that connected has exited.
    case exited
    /// The process is outside of our pid namespace.
    case invisible
    /// The process's cgroup is outside of our cgroup namespace.
    case outsideNamespace(path: String)
    /// The process's cgroup was removed.
    case cgroupRemoved
    /// The process is in no cgroup of the v2 hierarchy, or `/proc/PID/cgroup` does not show it.
    case notInCgroup2
    /// A system call failed.
    case system(operation: String, errno: CInt)

    /// One line: what was found, and what to do.
    public var description: String {
        switch self {
        case .exited:
            "the process that connected has exited; connect from the process that sends the request"
        case .invisible:
            "the process that connected is outside of this pid namespace; run the agent on the host, or with hostPID"
        case .outsideNamespace(let path):
            "the peer's cgroup \(path) is outside of this cgroup namespace; run the agent in the host's cgroup namespace"
        case .cgroupRemoved:
            "the peer's cgroup was removed; its container is going away"
        case .notInCgroup2:
            "the peer is in no cgroup v2; boot with systemd.unified_cgroup_hierarchy=1 and mount /proc"
        case .system(let operation, let errno):
            "\(operation): \(String(cString: strerror(errno))); the agent needs Linux >= 5.8 and the rights of its unit"
        }
    }
}
