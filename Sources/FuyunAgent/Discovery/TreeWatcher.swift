import Cgroup
import CoreMetrics
import Glibc
import Logging
import SystemPackage

/// Follows the cgroup tree by inotify: births and deaths of containers, their counters, and writes of others to their
/// limits.
///
/// It lives on the event loop.
///
/// A directory is watched first and listed afterwards, so that nothing born in between is missed; what is seen twice is
/// taken in once. When the kernel's queue overflows everything is looked at again.
final class TreeWatcher {
    /// What a watch is on.
    private enum Target {
        case directory(path: String)
        case file(CgroupWatcher.File, of: ManagedContainer)
    }

    /// The deepest directory that is followed, counted from the mount point.
    static let deepest = 12
    /// The most directories that are watched; `fs.inotify.max_user_watches` is the other bound.
    static let mostDirectories = 20_000

    /// When a new cgroup without memory files is looked at again.
    static let admissionDelays: [Duration] = [
        .milliseconds(10), .milliseconds(50), .milliseconds(250), .seconds(1), .seconds(5),
    ]

    private let watcher: CgroupWatcher
    private let hierarchy: CgroupHierarchy
    private unowned let engine: Engine
    private var targets: [CgroupWatcher.Watch: Target] = [:]
    private var directories: [String: (watch: CgroupWatcher.Watch, id: CgroupID)] = [:]
    private var isTruncated = false
    private var isRescanDue = false

    init(hierarchy: CgroupHierarchy, engine: Engine) throws(CgroupError) {
        watcher = try CgroupWatcher()
        self.hierarchy = hierarchy
        self.engine = engine
    }

    /// How many watches there are.
    var watchCount: Int { targets.count }

    /// Begins to listen, and takes in everything that is there.
    func start() throws(Errno) {
        let descriptor = fcntl(watcher.rawDescriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        rescan()
        try InotifyReader.attach(descriptor, to: engine.loop) { [weak self] bytes in
            guard let self else { return }
            // Calls that are slowed down at their tripwire do not wait for births and deaths.
            self.engine.rescue.batch { CgroupWatcher.parse(bytes) { self.rescue($0) } }
            CgroupWatcher.parse(bytes) { self.handle($0) }
        }
    }

    /// Looks at the whole tree: what is new is taken in, what is gone is let go.
    func rescan() {
        isTruncated = false
        for container in Array(engine.registry.all) where !isThere(container) { engine.disappeared(container) }
        visit("", depth: 0)
        for container in Array(engine.registry.all) { engine.lookAtLimits(of: container) }
    }

    /// Looks at the whole tree a moment later, once for all overflows until then.
    private func rescanSoon() {
        guard !isRescanDue else { return }
        isRescanDue = true
        engine.after(.milliseconds(200)) { [weak self] in
            self?.isRescanDue = false
            self?.rescan()
        }
    }

    private func isThere(_ container: ManagedContainer) -> Bool {
        guard case .some(let directory) = try? hierarchy.directory(at: container.path) else { return false }
        return directory.id == container.id
    }

    // MARK: - Directories

    private func visit(_ path: String, depth: Int) {
        guard depth <= Self.deepest, engine.tree.isWorthWatching(path) else { return }
        do {
            let directory = try hierarchy.directory(at: path)
            try watchChildren(of: directory)
            if let found = engine.tree.container(at: path) {
                // Below a container there is nothing to find but the level where crun puts its processes.
                takeIn(found.path)
                return
            }
            for name in try directory.childNames().sorted() {
                visit(path.isEmpty ? name : "\(path)/\(name)", depth: depth + 1)
            }
        } catch {
            // Cgroups come and go while they are looked at.
            guard error.code != .absent, error.code != .gone else { return }
            engine.metrics.containers.admissionFailures.increment()
            engine.logger.warning("cannot watch a cgroup", metadata: ["cgroup": "/\(path)", "error": "\(error)"])
        }
    }

    private func watchChildren(of directory: borrowing CgroupDirectory) throws(CgroupError) {
        if let known = directories[directory.path] {
            if known.id == directory.id { return }
            forget(directory: directory.path)
        }
        guard directories.count < Self.mostDirectories else {
            if !isTruncated {
                engine.logger.warning(
                    "too many cgroups to watch; set cgroup.roots closer",
                    metadata: ["most": "\(Self.mostDirectories)"]
                )
            }
            isTruncated = true
            return
        }
        let watch = try watcher.watchChildren(of: directory)
        targets[watch] = .directory(path: directory.path)
        directories[directory.path] = (watch, directory.id)
    }

    private func forget(directory path: String) {
        guard let known = directories.removeValue(forKey: path) else { return }
        watcher.remove(known.watch)
        targets[known.watch] = nil
    }

    // MARK: - Containers

    /// Admits a container, and looks again a few times when it has no memory files yet: a cgroup is born before its maker
    /// turns the memory controller on for it, and of that the kernel tells nothing.
    private func takeIn(_ path: String, attempt: Int = 0) {
        let admitted: ManagedContainer?
        do {
            admitted = try engine.admit(path: path)
        } catch {
            if error.code != .absent, error.code != .gone {
                engine.logger.warning(
                    "cannot admit a container",
                    metadata: ["container": "/\(path)", "error": "\(error)"]
                )
            }
            return
        }
        guard admitted == nil, attempt < Self.admissionDelays.count else { return }
        engine.after(Self.admissionDelays[attempt]) { [weak self] in self?.takeIn(path, attempt: attempt + 1) }
    }

    /// Watches a container's files.
    func watch(_ container: ManagedContainer) {
        for file in CgroupWatcher.File.allCases {
            do {
                guard let watch = try watcher.watch(file, of: container.directory) else { continue }
                targets[watch] = .file(file, of: container)
                container.watches.append(watch)
            } catch {
                guard error.code != .absent, error.code != .gone else { return }
                engine.logger.warning(
                    "cannot watch a container",
                    metadata: ["container": "\(container.path)", "error": "\(error)"]
                )
                return
            }
        }
    }

    /// Ends a container's watches.
    func forget(_ container: ManagedContainer) {
        for watch in container.watches {
            watcher.remove(watch)
            targets[watch] = nil
        }
        container.watches = []
    }

    // MARK: - Events

    private func rescue(_ event: WatchEvent) {
        guard let watch = event.watch, case .file(.memoryEvents, let container) = targets[watch], !container.isGone
        else { return }
        engine.countersMoved(container)
    }

    private func handle(_ event: WatchEvent) {
        guard let watch = event.watch else {
            if event.kinds.contains(anyOf: .overflow) {
                engine.metrics.containers.eventOverflows.increment()
                rescanSoon()
            }
            return
        }
        switch targets[watch] {
        case .directory(let path): changed(path, event)
        case .file(let file, let container):
            if event.kinds.contains(anyOf: .ended) { targets[watch] = nil }
            changed(file, container)
        case nil: break
        }
    }

    private func changed(_ path: String, _ event: WatchEvent) {
        if event.kinds.contains(anyOf: [.removedSelf, .ended]) { return gone(path) }
        guard event.isDirectory, let name = event.name else { return }
        let child = path.isEmpty ? name : "\(path)/\(name)"
        // What a container makes below itself is its own affair, and may come in any number.
        if name != ContainerPath.crunLeaf, engine.tree.container(at: path) != nil { return }
        if event.kinds.contains(anyOf: .deleted) { gone(child) }
        guard event.kinds.contains(anyOf: .created) else { return }
        if let container = engine.tree.container(at: path) {
            // The level where crun puts the processes was born after its scope was taken in.
            if name == ContainerPath.crunLeaf { takeIn(container.path) }
            return
        }
        visit(child, depth: child.split(separator: "/").count)
    }

    private func gone(_ path: String) {
        for watched in directories.keys where watched == path || ManagedTree.isInside(watched, path) {
            forget(directory: watched)
        }
        for container in engine.registry.containers(atOrBelow: path) where !isThere(container) {
            engine.disappeared(container)
        }
    }

    private func changed(_ file: CgroupWatcher.File, _ container: ManagedContainer) {
        guard !container.isGone else { return }
        switch file {
        case .memoryEvents: break
        case .cgroupEvents: engine.stateChanged(container)
        case .memoryMax, .memoryHigh, .memorySwapMax: engine.lookAtLimits(of: container)
        }
    }
}
