import CLinux
import Glibc
import Synchronization
public import SystemPackage

/// The cgroup v2 tree of this machine, or a fake one in a directory.
///
/// One per process, shared by event loop and workers: it is opened once and never changes.
public final class CgroupHierarchy: Sendable {
    /// What to demand of the mount point.
    public enum Check: Hashable, Sendable {
        /// It must be on a cgroup v2 file system.
        case cgroup2
        /// Any directory will do: for fake trees in tests.
        case unchecked
    }

    /// Where the tree is mounted.
    public let mountPoint: FilePath
    /// The root cgroup.
    public let root: CgroupDirectory
    /// The options it was mounted with.
    public let mountOptions: MountOptions
    /// Whether a peer's cgroup id may be had straight from its pidfd; tested at the start (`PeerIdentity`).
    public let trustsPidfdCgroupID: Bool
    let check: Check
    private let resolvedMountPoint: String
    private let ancestorLevels = Mutex<[CgroupID: WeakLevel]>([:])

    private struct WeakLevel {
        weak var level: AncestorLevel?
    }

    /// Opens the tree.
    ///
    /// - Throws: `CgroupError`: `notCgroup2` when the mount point is not on cgroup v2 (a v1 or hybrid machine: look for
    ///   `/sys/fs/cgroup/unified`, which has no memory controller), `absent` when there is nothing.
    public init(mountPoint: FilePath = "/sys/fs/cgroup", check: Check = .cgroup2) throws(CgroupError) {
        let raw = fuyun_openat(AT_FDCWD, mountPoint.string, O_RDONLY | O_DIRECTORY)
        guard raw >= 0 else { throw KernelFile.failure(Int(raw), mountPoint.string, "open") }
        let root = try CgroupDirectory(adopting: raw, path: "")
        if check == .cgroup2, fuyun_is_cgroup2(raw) != 1 {
            throw CgroupError(code: .notCgroup2, file: mountPoint.string, operation: "open")
        }
        self.mountPoint = mountPoint
        self.check = check
        self.resolvedMountPoint = ProcessFiles.target(ofDescriptor: raw) ?? mountPoint.string
        self.mountOptions = ProcessFiles.mountOptions(ofDescriptor: raw) ?? MountOptions()
        self.trustsPidfdCgroupID = check == .cgroup2 && PeerIdentity.selfTest(root: root)
        self.root = root
    }

    /// Opens a cgroup by its path from the mount point, with or without a leading slash.
    ///
    /// - Throws: `CgroupError`: `absent` when there is no such cgroup.
    public func directory(at path: String) throws(CgroupError) -> CgroupDirectory { try root.open(path) }

    /// Opens a cgroup by its id.
    ///
    /// Nil where the process may not open by handle (it takes CAP_DAC_READ_SEARCH), or on a fake tree.
    ///
    /// - Throws: `CgroupError`: `gone` when no cgroup has this id any more.
    public func directory(of id: CgroupID) throws(CgroupError) -> CgroupDirectory? {
        guard check == .cgroup2 else { return nil }
        let raw = fuyun_open_cgroup_id(root.rawDescriptor, id.rawValue, O_RDONLY | O_DIRECTORY)
        switch -raw {
        case EPERM, EACCES, ENOSYS, EOPNOTSUPP: return nil
        case ESTALE, ENOENT:
            throw CgroupError(code: .gone, file: "cgroup id \(id)", operation: "open", errno: .staleNFSFileHandle)
        case 1...: throw KernelFile.failure(Int(raw), "cgroup id \(id)", "open")
        default: break
        }
        guard let path = relative(ProcessFiles.target(ofDescriptor: raw)) else {
            close(raw)
            throw CgroupError(code: .gone, file: "cgroup id \(id)", operation: "open")
        }
        return try CgroupDirectory(adopting: raw, path: path)
    }

    /// The path of a cgroup id, from the mount point; nil as for `directory(of:)`.
    public func path(of id: CgroupID) throws(CgroupError) -> String? {
        switch try directory(of: id) {
        case .some(let directory): directory.path
        case .none: nil
        }
    }

    /// The path of this process's own cgroup, from the mount point; nil when it lies outside of our view.
    public static func ownPath() -> String? { try? ProcessFiles.cgroupPath(ofProcess: getpid()) }

    /// The open ancestors of a cgroup, nearest first, without the root and without the cgroup itself.
    ///
    /// Levels are shared among chains.
    ///
    /// - Throws: `CgroupError` when an ancestor cannot be opened.
    public func ancestors(of path: String) throws(CgroupError) -> AncestorChain {
        var components = path.split(separator: "/")
        var levels: [AncestorLevel] = []
        while components.count > 1 {
            components.removeLast()
            levels.append(try level(at: components.joined(separator: "/")))
        }
        return AncestorChain(levels: levels)
    }

    private func level(at path: String) throws(CgroupError) -> AncestorLevel {
        let directory = try root.open(path)
        let id = directory.id
        if let known = ancestorLevels.withLock({ $0[id]?.level }) { return known }
        let fresh = try AncestorLevel(directory)
        ancestorLevels.withLock { levels in
            levels = levels.filter { $0.value.level != nil }
            levels[id] = WeakLevel(level: fresh)
        }
        return fresh
    }

    /// Takes the mount point off an absolute path; nil when it is not below it or was deleted.
    private func relative(_ absolute: String?) -> String? {
        guard let absolute, !absolute.hasSuffix(" (deleted)") else { return nil }
        let mount = resolvedMountPoint == "/" ? "" : resolvedMountPoint
        guard absolute.hasPrefix(mount) else { return nil }
        let rest = absolute.dropFirst(mount.count)
        guard rest.isEmpty || rest.first == "/" else { return nil }
        return String(rest.drop { $0 == "/" })
    }
}
