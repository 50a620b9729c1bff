import Cgroup
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Glibc
import Logging
import MemoryUnits
import Systemd

/// The heart of the agent: takes calls in, decides, has limits written before it answers, and meters until the end.
///
/// It lives on one event loop and belongs to it alone, so it has no locks; what may block is handed to workers and comes
/// back as a task of the loop.
final class Engine: ConnectionService {
    /// What the engine stands on.
    struct Parts {
        /// The loop that it lives on.
        var loop: AgentLoop
        /// The cgroup tree.
        var hierarchy: CgroupHierarchy
        /// Who is at the other end of a connection.
        var resolver: PeerResolver
        /// Told of ceilings where systemd owns the scope; nil: nobody is.
        var bus: SystemBus?
        /// Where observations go.
        var log: ObservationLog
        /// What the node could give without swapping; nil when it cannot be told.
        var availableMemory: () -> Bytes?
        /// Gives page cache back.
        var settler: BoundedWorker
        /// All counters.
        var metrics: AgentMetrics
        /// The log.
        var logger: Logger
        /// Identifies this run of the agent: the second since 1970 at which it started.
        var epoch: UInt32
    }

    let parts: Parts
    let epoch: UInt32
    let metrics: AgentMetrics
    let logger: Logger
    var configuration: AgentConfiguration
    var tree: ManagedTree
    var settings: LimiterSettings
    var policies: PolicySnapshot
    let registry = ContainerRegistry()
    var meter = Meter()
    var history: InvocationHistory
    var functions: FunctionTable
    /// Raises after misses, until the coordinator has a better version.
    var bumps = LocalBumps()
    /// What was advised for calls that ran out.
    var retries = RetryBook()
    /// Calls in flight by sequence number.
    var calls: [UInt64: Call] = [:]
    var lastSequence: UInt64 = 0
    /// Open connections, in no order.
    var connections: [ObjectIdentifier: Connection] = [:]
    /// Open connections by the container of their peer.
    var connectionsByPeer: [String: Int] = [:]
    /// Whether new calls are refused because the agent stops.
    var isStopping = false
    /// Saves calls in flight; set once, right after the engine is made.
    private(set) lazy var rescue = RescueDesk(engine: self, availableMemory: parts.availableMemory)
    /// Whether the kernel's memory.high can be relied on.
    let canRescue = KernelRelease.isAtLeast(5, 9)
    /// Told of births and deaths of watches; set once by whoever watches the tree.
    var watcher: TreeWatcher?
    /// How peers were told so far.
    var peerMethods: Set<PeerIdentity.Method> = []
    /// Looks at payloads' shapes for the coordinator; nil when nobody does.
    var shapes: ShapeCollector?
    /// The way to the coordinator, for the status page; nil without one.
    var sync: CoordinatorSync?
    /// What the kernel can do, for the status page; nil when it could not be found out.
    var features: KernelFeatures?
    /// Where the sockets are, for the status page.
    var sockets: [SocketRole: String] = [:]
    let startedAt = Clocks.monotonic()
    /// Whether ceilings cannot be stored, so that a restart may mistake a limit for one; logged once.
    var hasNoAttributes = false

    init(_ parts: Parts, configuration: AgentConfiguration) {
        self.parts = parts
        epoch = parts.epoch
        metrics = parts.metrics
        logger = parts.logger
        self.configuration = configuration
        tree = Self.tree(configuration)
        settings = LimiterSettings(configuration)
        policies = PolicySnapshot()
        history = InvocationHistory()
        functions = FunctionTable(measured: configuration.measuredFunctions, metrics: metrics)
    }

    var loop: AgentLoop { parts.loop }

    private static func tree(_ configuration: AgentConfiguration) -> ManagedTree {
        ManagedTree(
            roots: configuration.cgroups.roots,
            containers: configuration.cgroups.containers,
            own: CgroupHierarchy.ownPath()
        )
    }

    /// Takes a new configuration into use.
    ///
    /// What was set when the agent started (sockets, directories, queues, the cgroup mount) stays; see
    /// docs/configuration.md.
    func reconfigure(_ fresh: AgentConfiguration) {
        configuration = fresh
        settings = LimiterSettings(fresh)
        rescue.reconfigure(fresh.rescue)
        let managed = Self.tree(fresh)
        guard managed != tree else { return }
        tree = managed
        for container in Array(registry.all) where managed.container(at: container.path) == nil { release(container) }
        watcher?.rescan()
    }

    /// Runs a task of the loop later.
    func after(_ time: Duration, _ body: @escaping () -> Void) {
        loop.after(time, body)
    }
}

extension LimiterSettings {
    /// The limiter's constants as configured.
    init(_ configuration: AgentConfiguration) {
        self.init(
            cacheAllowance: configuration.limiter.cacheAllowance,
            // The kernel keeps limits in whole pages: one that is not would read back as someone else's.
            pageSize: Bytes(UInt64(max(sysconf(CInt(_SC_PAGESIZE)), 4096))),
            thrash: ThrashDetector(
                fullShare: configuration.thrashing.fullStallShare,
                someShare: configuration.thrashing.someStallShare,
                hitsPerSecondWithoutPressure: Double(configuration.thrashing.limitHitsPerSecond)
            ),
            fightLimit: configuration.limiter.fights,
            rescue: RescueSettings(growth: configuration.rescue.growth)
        )
    }
}
