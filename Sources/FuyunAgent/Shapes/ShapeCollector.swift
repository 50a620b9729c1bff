import CoreMetrics
import FuyunPolicy
import FuyunProtocol
import NIOCore
import Synchronization

/// Looks at copies of payloads, on a thread of its own, and keeps what they look like; no value of one is kept.
///
/// The event loop only hands a copy over; when the thread is behind, the copy is dropped and counted.
final class ShapeCollector: Sendable {
    /// The part of a payload that is copied.
    static let mostBytes = 64 << 10
    /// Copies that may wait: a megabyte of them.
    private static let mostWaiting = 16

    private let worker = BoundedWorker(name: "fuyun.shapes", bound: mostWaiting)
    private let table = Mutex(ShapeTable())
    private let metrics: ShapeMetrics
    private let changed: @Sendable () -> Void

    /// Makes a collector; `changed` is called, on its thread, when there is news for the coordinator.
    init(metrics: ShapeMetrics, changed: @escaping @Sendable () -> Void) {
        self.metrics = metrics
        self.changed = changed
    }

    /// Takes a copy of the payload's beginning of a call that begins.
    func take(_ request: Request, of begin: BeginRequest) {
        take(
            Array(request.body.readableBytesView.prefix(Self.mostBytes)),
            length: begin.payloadLength ?? request.bodyLength,
            of: begin.function
        )
    }

    /// Takes a copy of a payload's beginning.
    func take(_ beginning: [UInt8], length: UInt64, of function: String) {
        let isAccepted = worker.submit { self.look(beginning, length, function) }
        if !isAccepted { metrics.dropped.increment() }
    }

    /// What the coordinator is to be told now, as much as fits in one request; and whether there is more.
    func news() -> (news: [(function: String, shape: PayloadShape)], isMore: Bool) {
        table.withLock { table in
            (table.news(most: ShapesBody.maximumFunctions, leaves: ShapesBody.maximumLeaves), table.hasNews)
        }
    }

    /// Takes back what could not be told.
    func giveBack(_ news: [(function: String, shape: PayloadShape)]) { table.withLock { $0.giveBack(news) } }

    /// Waits until the copies handed over so far are looked at; for tests.
    func drain(within limit: Duration) -> Bool { worker.drain(within: limit) }

    private func look(_ beginning: [UInt8], _ length: UInt64, _ function: String) {
        let shape = PayloadShape.of(beginning, totalLength: length)
        let (isNews, count) = table.withLock { ($0.add(shape, of: function), $0.count) }
        metrics.payloads.increment()
        metrics.functions.set(count)
        if isNews { changed() }
    }
}
