package import NIOCore
package import NIOHTTP1
import NIOPosix

/// One keep-alive connection on which one request at a time is answered.
///
/// Made and used on one event loop only.
///
/// Connects with the first request. After a failure or a missed deadline it is closed for good: what would arrive late
/// could not be told from the answer to the next request.
package final class ExchangeConnection: ChannelInboundHandler {
    package typealias InboundIn = HTTPClientResponsePart
    package typealias OutboundOut = HTTPClientRequestPart
    package typealias Completion = (Result<ClientResponse, ClientFailure>) -> Void

    private enum State {
        case fresh
        case connecting
        case open(any Channel)
        case closed
    }

    private struct Exchange {
        var completion: Completion
        var timer: Scheduled<Void>
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private let eventLoop: any EventLoop
    private let endpoint: Endpoint
    private let maximumBodySize: Int
    private var state = State.fresh
    private var exchange: Exchange?
    private var unsent: ClientRequest?
    private let writer = RequestWriter()

    /// Called once, when the connection has closed and its exchange has been answered.
    package var onClose: (() -> Void)?

    /// Makes a connection that is not connected yet.
    package init(endpoint: Endpoint, eventLoop: any EventLoop, maximumBodySize: Int) {
        self.endpoint = endpoint
        self.eventLoop = eventLoop
        self.maximumBodySize = maximumBodySize
    }

    /// Whether a request can be sent: not closed, and the one before is answered.
    package var isFree: Bool {
        if case .closed = state { return false }
        return exchange == nil
    }

    /// Whether a request was answered on this connection before.
    package private(set) var isReused = false

    /// Sends a request; `completion` is called exactly once, at the deadline at the latest, and never before this
    /// returns unless the connection is closed already.
    package func send(_ request: ClientRequest, deadline: NIODeadline, _ completion: @escaping Completion) {
        eventLoop.assertInEventLoop()
        guard isFree else { return completion(.failure(exchange == nil ? .closed : .busy)) }
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            self.fail(.timedOut)
        }
        exchange = Exchange(completion: completion, timer: timer)
        switch state {
        case .fresh:
            unsent = request
            connect()
        case .open(let channel): write(request, to: channel)
        case .connecting, .closed: unsent = request
        }
    }

    /// Closes the connection; an exchange in flight fails with `closed`.
    package func close() { fail(.closed) }

    private func connect() {
        state = .connecting
        let address: SocketAddress
        do {
            address = try endpoint.socketAddress()
        } catch {
            return failSoon(.unreachable("\(error)"))
        }
        let me = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(me.value.writer)
                    try pipeline.addHandler(
                        ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes))
                    )
                    try pipeline.addHandler(me.value)
                }
            }
            .connect(to: address)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): self.connected(channel)
                case .failure(let error): self.fail(.unreachable(Self.words(error)))
                }
            }
    }

    private func failSoon(_ failure: ClientFailure) {
        eventLoop.assumeIsolated().execute { self.fail(failure) }
    }

    private func connected(_ channel: any Channel) {
        guard case .connecting = state else {
            channel.close(promise: nil)
            return
        }
        state = .open(channel)
        guard let request = unsent else { return }
        unsent = nil
        write(request, to: channel)
    }

    private func write(_ request: ClientRequest, to channel: any Channel) {
        writer.request = request
        // One write for head and body. The decoder above the writer wants to know the method, and nothing else.
        channel.pipeline.syncOperations.writeAndFlush(
            NIOAny(HTTPClientRequestPart.head(request.method == .get ? RequestWriter.get : RequestWriter.post)),
            promise: nil
        )
    }

    // MARK: Channel events

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard exchange != nil else { return fail(.malformed("an answer to nothing")) }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): exchange?.head = head
        case .body(var part):
            guard (exchange?.body.readableBytes ?? 0) + part.readableBytes <= maximumBodySize else {
                return fail(.tooLarge)
            }
            if exchange?.body.readableBytes == 0 { exchange?.body = part } else { exchange?.body.writeBuffer(&part) }
        case .end:
            guard let finished = exchange, let head = finished.head else { return fail(.malformed("no head")) }
            exchange = nil
            finished.timer.cancel()
            isReused = true
            let response = ClientResponse(
                status: Int(head.status.code),
                headers: head.headers.map { (name: $0.name, value: $0.value) },
                body: finished.body
            )
            if !head.isKeepAlive { shut() }
            finished.completion(.success(response))
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPParserError, is NIOHTTPDecoderError: fail(.malformed("not HTTP"))
        default: fail(.closed)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        fail(.closed)
        context.fireChannelInactive()
    }

    // MARK: Ends

    private func fail(_ failure: ClientFailure) {
        // First of all: closing the channel calls back here.
        let failed = exchange
        exchange = nil
        unsent = nil
        shut()
        guard let failed else { return }
        failed.timer.cancel()
        failed.completion(.failure(failure))
    }

    private func shut() {
        let before = state
        state = .closed
        switch before {
        case .closed: return
        case .open(let channel): channel.close(promise: nil)
        case .fresh, .connecting: break
        }
        let tell = onClose
        onClose = nil
        tell?()
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return "\(error)"
    }
}

extension HTTPRequestEncoder.Configuration {
    /// Framing headers are the caller's.
    package static var manualFraming: Self {
        var configuration = Self()
        configuration.automaticallySetFramingHeaders = false
        return configuration
    }
}
