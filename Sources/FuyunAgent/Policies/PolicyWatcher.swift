import Glibc
import Logging
import SystemPackage

/// Follows the policy directory: a change is waited out for a moment, then the directory is read by a worker and the
/// snapshot swapped on the loop.
///
/// It lives on the event loop.
final class PolicyWatcher {
    /// How long the directory must be quiet before it is read: an atomic replace, or a copy of many files, is several events.
    static let quiet: Duration = .milliseconds(50)

    private let engine: Engine
    private let store: PolicyStore
    private let composer: PolicyComposer
    private let worker: BoundedWorker
    private let directory: FilePath
    private var isScheduled = false
    private var isLoading = false
    private var isDue = false
    /// The inotify instance; what it says is read through a second descriptor, which belongs to the loop.
    private var descriptor: CInt = -1
    /// Whether the directory was there when it was looked at last.
    private var wasWatched = true

    init(
        engine: Engine,
        store: PolicyStore,
        composer: PolicyComposer,
        worker: BoundedWorker,
        directory: FilePath
    ) {
        self.engine = engine
        self.store = store
        self.composer = composer
        self.worker = worker
        self.directory = directory
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Watches the directory, then reads it for the first time.
    ///
    /// - Parameter done: Called when the first snapshot is in use.
    func start(_ done: @escaping @Sendable () -> Void) {
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        let reader = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard reader >= 0 else {
            tellUnwatched(Errno(rawValue: errno))
            return load(done)
        }
        watch()
        do throws(Errno) {
            try InotifyReader.attach(reader, to: engine.loop) { [weak self] _ in self?.changed() }
        } catch {
            tellUnwatched(error)
        }
        load(done)
    }

    /// Watches the directory that has this path now; one that is watched already stays so.
    private func watch() {
        guard descriptor >= 0 else { return }
        let mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB
        let isWatched = inotify_add_watch(descriptor, directory.string, UInt32(mask)) >= 0
        if !isWatched, wasWatched { tellUnwatched(Errno(rawValue: errno)) }
        wasWatched = isWatched
    }

    private func tellUnwatched(_ reason: Errno) {
        engine.logger.warning(
            "cannot watch the policy directory; make it, then reload (SIGHUP)",
            metadata: ["directory": "\(directory)", "error": "\(reason)"]
        )
    }

    /// Something in the directory changed.
    func changed() {
        guard !isScheduled else { return }
        isScheduled = true
        engine.after(Self.quiet) { [weak self] in
            guard let self else { return }
            isScheduled = false
            watch()
            guard !isLoading else {
                isDue = true
                return
            }
            load {}
        }
    }

    private func load(_ done: @escaping @Sendable () -> Void) {
        isLoading = true
        let loop = engine.loop
        let shared = Confined(self, to: loop)
        let (store, composer) = (store, composer)
        let accepted = worker.submit {
            let (local, refused) = store.load()
            let snapshot = composer.compose(local: local)
            loop.execute {
                shared.value.swap(snapshot, refused: refused)
                done()
            }
        }
        // The worker does nothing else, so there is always room; a lost reload would still be repeated at the next change.
        if !accepted {
            isLoading = false
            done()
        }
    }

    private func swap(_ snapshot: PolicySnapshot, refused: Int) {
        isLoading = false
        engine.use(snapshot, refused: refused)
        if isDue {
            isDue = false
            changed()
        }
    }
}
