import FuyunStore
import Logging
import ServiceLifecycle
import Synchronization

/// Remembers which nodes were heard of, and writes it down now and then.
///
/// A poll tells where its node is. Writing that down on every poll would cost a sync of the disk each time, and a
/// thousand at once when a version comes out; so it is written down when it changed or is old, a few at a time.
final class NodeBook: Service {
    /// The most nodes that are remembered.
    static let maximumNodes = 100_000
    /// A node that says nothing new is written down again after this.
    static let refresh = Duration.seconds(30)
    /// How often is written down.
    static let interval = Duration.milliseconds(500)
    /// Nodes that are written down at a time.
    static let atOnce = 100

    private struct Page {
        var report: NodeReport
        var writtenAt: ContinuousClock.Instant?
    }

    private struct State {
        var pages: [String: Page] = [:]
        var dirty: Set<String> = []
    }

    private let store: any Store
    private let clock: WallClock
    private let logger: Logger
    private let state = Mutex(State())

    init(store: any Store, clock: WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// A node called.
    func heard(_ report: NodeReport) {
        state.withLock { state in
            var page = state.pages[report.name] ?? Page(report: report)
            let isNews = page.writtenAt.map { ContinuousClock.now - $0 > Self.refresh } ?? true
            if isNews || page.report != report {
                state.dirty.insert(report.name)
            }
            // A report that says less than the last one takes nothing back.
            page.report.agentVersion = report.agentVersion ?? page.report.agentVersion
            page.report.revision = report.revision ?? page.report.revision
            // What was written down can be forgotten: it is only written down again sooner.
            if state.pages.count >= Self.maximumNodes {
                state.pages = state.pages.filter { state.dirty.contains($0.key) }
            }
            state.pages[report.name] = page
        }
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            while true {
                try await Task.sleep(for: Self.interval)
                await write(atMost: Self.atOnce)
            }
        }
        await write(atMost: 10 * Self.atOnce)
    }

    /// Writes down what is due.
    private func write(atMost count: Int) async {
        let reports = state.withLock { state in
            state.dirty.prefix(count).compactMap { name -> NodeReport? in
                state.dirty.remove(name)
                state.pages[name]?.writtenAt = .now
                return state.pages[name]?.report
            }
        }
        for report in reports {
            do {
                try await store.touchNode(report, at: clock.now)
            } catch {
                logger.warning(
                    "a node cannot be written down",
                    metadata: ["node": "\(report.name)", "error": "\(error)"]
                )
                state.withLock { _ = $0.dirty.insert(report.name) }
                return
            }
        }
    }
}
