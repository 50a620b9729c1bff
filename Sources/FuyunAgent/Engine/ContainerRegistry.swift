import Cgroup
import FuyunInvocation
import FuyunProtocol
import MemoryUnits

/// Which parts of the cgroup tree are containers that this agent may manage.
///
/// A pure function of a path.
struct ManagedTree: Sendable, Equatable {
    /// Directories in which containers are looked for, from the mount point.
    var roots: [String]
    /// Parts of the tree in which every cgroup counts as a container.
    var plainRoots: [ContainerPath.PlainRoot]
    /// The agent's own cgroup, which is never managed.
    var own: String?

    /// Reads the configuration's roots and patterns.
    init(roots: [String], containers: [String], own: String?) {
        plainRoots = containers.compactMap { ContainerPath.PlainRoot($0) }
        self.roots = roots.map(Self.trimmed) + plainRoots.map(\.path)
        self.own = own.map(Self.trimmed)
    }

    /// The container that a cgroup belongs to; nil when it is none, or not ours to manage.
    func container(at path: String) -> ContainerPath? {
        let path = Self.trimmed(path)
        guard roots.contains(where: { Self.isInside(path, $0) && Self.isGranted(path, by: $0) }),
            let found = ContainerPath.parse(path, plainRoots: plainRoots)
        else { return nil }
        if let own, Self.isInside(own, found.path) || own == found.path { return nil }
        return found
    }

    /// Whether containers may lie at or below a path, so that it is worth watching.
    func isWorthWatching(_ path: String) -> Bool {
        path.isEmpty
            || roots.contains { root in
                (root == path || Self.isInside(path, root) || Self.isInside(root, path))
                    && Self.isGranted(path, by: root)
            }
    }

    /// Whether a root speaks for a path: the whole tree as a root leaves out what users make below their sessions, where
    /// anyone can make cgroups with any name.
    private static func isGranted(_ path: String, by root: String) -> Bool {
        !root.isEmpty || (path != "user.slice" && !isInside(path, "user.slice"))
    }

    static func trimmed(_ path: String) -> String {
        var text = path[...]
        while text.hasPrefix("/") { text = text.dropFirst() }
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }

    /// Whether a path lies strictly below another.
    static func isInside(_ path: String, _ root: String) -> Bool {
        path.utf8.count > root.utf8.count && path.hasPrefix(root)
            && (root.isEmpty || path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: root.utf8.count)] == 0x2F)
    }
}

/// The containers that are known, by cgroup id, by the path of the container and by its runtime's id.
///
/// It lives on the event loop and does no I/O: admission is the engine's.
final class ContainerRegistry {
    private var byID: [CgroupID: ManagedContainer] = [:]
    private var byPath: [String: CgroupID] = [:]
    private var byRuntimeID: [String: CgroupID] = [:]

    /// How many containers are known.
    var count: Int { byID.count }

    /// All containers, in no order.
    var all: some Collection<ManagedContainer> { byID.values }

    /// The container whose processes live in this cgroup.
    subscript(id: CgroupID) -> ManagedContainer? { byID[id] }

    /// The container whose own cgroup has this path.
    func container(atScope path: String) -> ManagedContainer? { byPath[path].flatMap { byID[$0] } }

    /// Adds a container; one at the same place that it replaces must have been removed before.
    func add(_ container: ManagedContainer) {
        byID[container.id] = container
        byPath[container.identity.path] = container.id
        byRuntimeID[container.identity.id] = container.id
    }

    /// Forgets a container.
    func remove(_ container: ManagedContainer) {
        byID[container.id] = nil
        if byPath[container.identity.path] == container.id { byPath[container.identity.path] = nil }
        if byRuntimeID[container.identity.id] == container.id { byRuntimeID[container.identity.id] = nil }
    }

    /// The containers at or below a path.
    func containers(atOrBelow path: String) -> [ManagedContainer] {
        byID.values.filter { $0.path == path || ManagedTree.isInside($0.path, path) }
    }

    /// The container that a caller on `platform.sock` names; nil when there is none or more than one.
    func container(named reference: ContainerReference) -> ManagedContainer? {
        switch reference {
        case .path(let path):
            let path = ManagedTree.trimmed(path)
            if let exact = container(atScope: path) { return exact }
            return byID.values.first { $0.path == path }
        case .id(let prefix):
            // A whole id is the common case; a prefix takes a walk over all.
            if let whole = byRuntimeID[prefix] { return byID[whole] }
            var found: ManagedContainer?
            for container in byID.values where container.identity.id.hasPrefix(prefix) {
                if found != nil { return nil }
                found = container
            }
            return found
        }
    }
}
