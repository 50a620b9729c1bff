import NIOCore
import NIOPosix

/// The listening sockets and the pipeline of their connections.
///
/// It lives on the event loop.
final class Listener {
    private var channels: [any Channel] = []
    private let loop: any EventLoop
    private let budget = PayloadBudget()

    init(loop: any EventLoop) { self.loop = loop }

    /// Begins to accept on a bound (or already listening) socket, which it owns from now on.
    func listen(
        on descriptor: CInt,
        role: SocketRole,
        service: any ConnectionService,
        limits: RequestLimits,
        timedOut: @escaping () -> Void
    ) -> EventLoopFuture<Void> {
        let shared = NIOLoopBound((service, timedOut), eventLoop: loop)
        let owner = NIOLoopBound(self, eventLoop: loop)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 4096)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (service, timedOut) = shared.value
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(
                            service: service,
                            role: role,
                            limits: limits,
                            budget: owner.value.budget,
                            timedOut: timedOut
                        )
                    )
                }
            }
            .withBoundSocket(descriptor)
            .map { channel in owner.value.channels.append(channel) }
    }

    /// Stops accepting; connections that are open stay.
    func stop() {
        for channel in channels { channel.close(promise: nil) }
        channels.removeAll()
    }
}
