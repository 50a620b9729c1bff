public import FuyunClient
public import NIOCore
import NIOHTTP1
import NIOPosix

/// A running shim: the proxy itself, without the command and the signals.
///
/// For tests, and the heart of `ShimProcess`.
public struct ShimServer: Sendable {
    private let core: NIOLoopBound<ShimCore>
    private let channel: any Channel

    /// Where it listens; with the port that the kernel chose when the configuration says 0.
    public let endpoint: Endpoint

    /// Starts a shim on an event loop.
    public static func start(_ configuration: ShimConfiguration, on eventLoop: any EventLoop) async throws -> ShimServer
    {
        let descriptor = try ListeningSocket.open(configuration.listen)
        return try await eventLoop.flatSubmit {
            let core = ShimCore(configuration, eventLoop: eventLoop)
            return Self.listen(on: descriptor, core: core)
        }.get()
    }

    /// Listens on a bound socket; on the event loop of `core`.
    static func listen(on descriptor: CInt, core: ShimCore) -> EventLoopFuture<ShimServer> {
        let shared = NIOLoopBound(core, eventLoop: core.eventLoop)
        let limits = core.configuration.decoderLimits
        let listen = core.configuration.listen
        var bootstrap = ServerBootstrap(group: core.eventLoop)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.recvAllocator, value: .shim)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPResponseEncoder(configuration: .manualFraming))
                    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
                    try pipeline.addHandler(ByteToMessageHandler(decoder))
                    try pipeline.addHandler(HTTPServerPipelineHandler())
                    try pipeline.addHandler(ClientHandler(core: shared.value))
                }
            }
        if case .internet = listen { bootstrap = bootstrap.serverChannelOption(.receiveBuffer, value: .receiveBuffer) }
        return bootstrap.withBoundSocket(descriptor).map { channel in
            shared.value.listening(on: channel)
            return ShimServer(core: shared, channel: channel, listen: listen)
        }
    }

    private init(core: NIOLoopBound<ShimCore>, channel: any Channel, listen: Endpoint) {
        self.core = core
        self.channel = channel
        if case .internet(let address, _) = listen, let port = channel.localAddress?.port {
            endpoint = .internet(address: address, port: port)
        } else {
            endpoint = listen
        }
    }

    /// Stops: no new connections, calls in flight may end within the limit.
    public func stop(within limit: Duration = .seconds(1)) async {
        try? await channel.eventLoop.flatSubmit { [core, channel] in
            let promise = channel.eventLoop.makePromise(of: Void.self)
            core.value.drain(within: limit) { promise.succeed() }
            return promise.futureResult
        }.get()
        try? await channel.eventLoop.submit { [core] in core.value.pool.close() }.get()
    }

    /// What a running shim has counted.
    public struct Counts: Hashable, Sendable {
        /// Calls that went on without the agent.
        public var failedOpen: Int
        /// The most payload and answer that was held in memory at once, in bytes.
        public var peakHeldBytes: Int
    }

    /// What has been counted so far.
    public func counts() async throws -> Counts {
        try await channel.eventLoop.submit { [core] in
            Counts(failedOpen: core.value.failures.total, peakHeldBytes: core.value.peakHeldBytes)
        }.get()
    }
}

extension HTTPResponseEncoder.Configuration {
    /// Framing headers are those of the function's server.
    static var manualFraming: Self {
        var configuration = Self()
        configuration.automaticallySetFramingHeaders = false
        return configuration
    }
}
