import CoreMetrics
import HummingbirdCore
import Logging
import NIOCore

/// How a connection begins: TLS where it is configured, HTTP/1.1 with its bounds.
struct Door: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let identity: ServerIdentity?
    private let base: HTTP1Channel

    init(
        responder: @escaping HTTPChannelHandler.Responder,
        limits: CoordinatorConfiguration.Limits,
        identity: ServerIdentity?,
        metrics: ServerMetrics
    ) {
        self.identity = identity
        let request = TimeAmount(limits.request)
        base = HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [
                    RequestGuard(limit: request) { metrics.requestsTooSlow.increment() }
                ],
                idleTimeout: TimeAmount(limits.idle),
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: limits.headerBytes,
                    maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: 100
                )
            )
        )
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try identity?.secure(channel)
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Counts connections, and accepts no more than there may be.
struct ConnectionCount: AvailableConnectionsDelegate {
    let maximum: Int
    let gauge: Meter
    private var count = 0

    init(maximum: Int, gauge: Meter) {
        self.maximum = maximum
        self.gauge = gauge
    }

    mutating func connectionOpened() {
        count += 1
        gauge.set(count)
    }

    mutating func connectionClosed() {
        count -= 1
        gauge.set(count)
    }

    func isAcceptingNewConnections() -> Bool { count < maximum }
}
