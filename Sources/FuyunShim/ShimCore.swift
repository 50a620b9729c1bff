import CLinux
import FuyunClient
import FuyunProtocol
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// What all connections of a shim share.
///
/// Lives on its event loop.
final class ShimCore {
    let configuration: ShimConfiguration
    let eventLoop: any EventLoop
    let pool: AgentPool
    var naming: CallNaming
    var failures: FailureLog

    /// Whether the function's server has been reached before.
    private(set) var upstreamHasBeenUp = false
    private let startedAt = NIODeadline.now()

    private var connections: [ObjectIdentifier: ClientHandler] = [:]
    private var isSweeping = false
    private var listener: (any Channel)?
    private var isDraining = false
    /// Whether answers should end their connections.
    var isStopping: Bool { isDraining }
    private var onDrained: (() -> Void)?

    /// Bytes of payloads that are kept for the agent at this moment.
    private var keptBytes = 0
    /// The most that was ever held in memory at once: kept payloads and what is not yet taken by either side.
    private(set) var peakHeldBytes = 0

    /// True when the function's server is a child of the shim, so that a broken connection may have an exit status.
    var hasCommand = false
    private var exitStatus: Int?
    private var crashes: [(begun: AgentPool.Begun, request: EndRequest)] = []
    private var endsInFlight = 0

    init(_ configuration: ShimConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        naming = CallNaming(configuration)
        // OpenWhisk collects the container's stderr between markers: nothing of ours may stand there.
        failures = FailureLog(isQuiet: configuration.isQuiet || naming.platform == .openwhisk)
        pool = AgentPool(
            endpoint: configuration.agent,
            eventLoop: eventLoop,
            limits: .init(beginDeadline: configuration.agentDeadline),
            wallClock: Self.wallClock
        )
    }

    static func wallClock() -> Deadline {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Deadline(nanosecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    // MARK: Listening

    func listening(on channel: any Channel) { listener = channel }

    /// No new connections; those that there are go on.
    func stopListening() {
        listener?.close(promise: nil)
        listener = nil
    }

    /// No new connections; `done` is called when the last call has been answered, at the latest after `limit`.
    func drain(within limit: Duration, _ done: @escaping () -> Void) {
        guard !isDraining else { return }
        isDraining = true
        onDrained = done
        stopListening()
        for handler in connections.values { handler.drain() }
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) { self.drained() }
        checkDrained()
    }

    private func checkDrained() {
        if isDraining, connections.isEmpty, crashes.isEmpty, endsInFlight == 0 { drained() }
    }

    private func drained() {
        let done = onDrained
        onDrained = nil
        done?()
    }

    // MARK: Connections

    func opened(_ handler: ClientHandler) {
        connections[ObjectIdentifier(handler)] = handler
        if connections.count >= configuration.maximumConnections { setAccepting(false) }
        sweepLater()
    }

    func closed(_ handler: ClientHandler) {
        connections[ObjectIdentifier(handler)] = nil
        if connections.count == configuration.maximumConnections - 1 { setAccepting(true) }
        checkDrained()
    }

    private func setAccepting(_ accepting: Bool) {
        guard let listener else { return }
        try? listener.syncOptions?.setOption(.autoRead, value: accepting)
        if accepting { listener.read() }
    }

    /// One timer for all connections, which runs only while there are any, and once more.
    private func sweepLater() {
        guard !isSweeping else { return }
        isSweeping = true
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) {
            self.isSweeping = false
            let now = NIODeadline.now()
            for handler in Array(self.connections.values) { handler.expire(at: now) }
            // Large calls leave holes in the heap, which nobody else would give back.
            malloc_trim(0)
            if !self.connections.isEmpty { self.sweepLater() }
        }
    }

    // MARK: Memory

    /// How much one more call may keep: the whole limit, or less while many calls keep much.
    ///
    /// 16 KiB always.
    var payloadRoom: Int {
        let limit = configuration.payloadLimit
        return min(limit, max(16 << 10, 4 * limit - keptBytes))
    }

    func kept(_ change: Int) { keptBytes += change }

    func held(_ bytes: Int) { peakHeldBytes = max(peakHeldBytes, keptBytes + bytes) }

    // MARK: The function's server

    /// Whether a refused connection is worth another try: the server has not come up yet.
    var mayComeUp: Bool {
        !upstreamHasBeenUp && exitStatus == nil && !isDraining
            && NIODeadline.now() - startedAt < TimeAmount(configuration.upstreamWait)
    }

    func upstreamIsUp() { upstreamHasBeenUp = true }

    // MARK: Ends

    /// Tells the agent how a call ended.
    ///
    /// A crash waits a moment for the exit status of the command, when there is one.
    func end(_ begun: AgentPool.Begun, _ request: EndRequest) {
        guard request.outcome == .crashed, hasCommand, exitStatus == nil else { return send(begun, request) }
        crashes.append((begun, request))
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { self.flushCrashes() }
    }

    /// The command has ended; what crashed in the last moment, crashed with it.
    func commandExited(with status: Int) {
        exitStatus = status
        flushCrashes()
    }

    /// Sends the ends that wait for an exit status: it came, the wait is over, or the next call begins.
    func flushCrashes() {
        let waiting = crashes
        crashes = []
        for (begun, request) in waiting { send(begun, request) }
    }

    private func send(_ begun: AgentPool.Begun, _ request: EndRequest) {
        var request = request
        if request.outcome == .crashed { request.exitStatus = exitStatus }
        endsInFlight += 1
        pool.end(begun, request) { _ in
            self.endsInFlight -= 1
            self.checkDrained()
        }
    }
}
