import FuyunClient
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// A connection to the function's server, which belongs to one connection of a client.
///
/// Reads only when asked to.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The client's side; nil once it is not interested any more.
    weak var client: ClientHandler?
    private var context: ChannelHandlerContext?
    /// When the last answer ended; for connections that wait for the next request.
    private(set) var idleSince = NIODeadline.now()
    private var isClosed = false

    init(client: ClientHandler) { self.client = client }

    /// Connects; `done` gets the connection, or the system's error number.
    static func connect(
        to endpoint: Endpoint,
        core: ShimCore,
        for client: ClientHandler,
        _ done: @escaping (Result<UpstreamConnection, ConnectFailure>) -> Void
    ) {
        let connection = UpstreamConnection(client: client)
        let me = NIOLoopBound(connection, eventLoop: core.eventLoop)
        let limits = core.configuration.decoderLimits
        var bootstrap = ClientBootstrap(group: core.eventLoop)
            .connectTimeout(.seconds(5))
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: .shim)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPRequestEncoder(configuration: .manualFraming))
                    let decoder = HTTPResponseDecoder(
                        leftOverBytesStrategy: .dropBytes,
                        informationalResponseStrategy: .forward,
                        limitConfiguration: limits
                    )
                    try pipeline.addHandler(ByteToMessageHandler(decoder))
                    try pipeline.addHandler(me.value)
                }
            }
        if case .internet = endpoint { bootstrap = bootstrap.channelOption(.receiveBuffer, value: .receiveBuffer) }
        let address: SocketAddress
        do {
            address = try endpoint.socketAddress()
        } catch {
            return done(.failure(ConnectFailure(error)))
        }
        bootstrap.connect(to: address).assumeIsolated().whenComplete { result in
            switch result {
            case .success: done(.success(connection))
            case .failure(let error): done(.failure(ConnectFailure(error)))
            }
        }
    }

    /// Whether the server is likely to still want this connection: open, and not idle for longer than servers keep one.
    func isFresh(within limit: Duration) -> Bool { !isClosed && NIODeadline.now() - idleSince < TimeAmount(limit) }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Bytes that the server has not taken yet.
    var pendingBytes: Int { Int((try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0) }

    func write(_ part: HTTPClientRequestPart) { context?.write(Self.wrapOutboundOut(part), promise: nil) }

    /// Writes a part and says when the kernel has taken it, or it was lost.
    func write(_ part: HTTPClientRequestPart, then taken: @escaping () -> Void) {
        guard let context else { return taken() }
        context.write(Self.wrapOutboundOut(part)).assumeIsolated().whenComplete { _ in taken() }
    }

    func flush() { context?.flush() }

    func read() { context?.read() }

    func rest() { idleSince = .now() }

    func close() {
        client = nil
        context?.close(promise: nil)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client?.upstreamSent(Self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) { client?.upstreamPaused() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { client?.upstreamWritabilityChanged() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { lost(context) }

    func channelInactive(context: ChannelHandlerContext) { lost(context) }

    private func lost(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        isClosed = true
        let told = client
        client = nil
        context.close(promise: nil)
        told?.upstreamLost(self)
    }
}

/// Why the function's server could not be reached.
struct ConnectFailure: Error, CustomStringConvertible {
    var errno: CInt?
    var description: String

    init(_ error: any Error) {
        let cause = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
        errno = (cause as? IOError)?.errnoCode
        description = errno.map { String(cString: strerror($0)) } ?? "\(cause)"
    }
}

extension ShimConfiguration {
    var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maximumHeaderSize
        limits.maxHeaderListSize = maximumHeaderSize
        return limits
    }
}

extension RecvByteBufferAllocator where Self == AdaptiveRecvByteBufferAllocator {
    /// Small at first: most payloads and answers are, and an idle connection keeps what its last read took.
    static var shim: Self { AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 2 << 10, maximum: 32 << 10) }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
    /// The kernel's receive buffer.
    ///
    /// When a peer closes, NIO reads all that is left at once: this bounds how much.
    static var receiveBuffer: Self { .socketOption(.so_rcvbuf) }
}

extension SocketOptionValue {
    /// 128 KiB, which the kernel doubles for its own bookkeeping (socket(7)).
    static var receiveBuffer: SocketOptionValue { 128 << 10 }
}
