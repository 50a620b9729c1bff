import FuyunProtocol
import NIOCore
import NIOHTTP1

/// Turns the parts of HTTP requests into whole requests within bounds, and answers into bytes, one after the other.
///
/// Answers that come at once are written without leaving the read; while one is awaited, no more is read from the socket
/// and what was already decoded waits, so that pipelined requests are answered in order and nothing piles up.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Between requests.
        case idle
        /// A request is being read.
        case reading(HTTPRequestHead, Route)
        /// A request waits for its answer.
        case answering(keepAlive: Bool)
        /// Nothing more is read.
        case closing
    }

    private let service: any ConnectionService
    private let role: SocketRole
    private let limits: RequestLimits
    private let timedOut: () -> Void
    private var connection: Connection?
    private var context: ChannelHandlerContext?
    private var state = State.idle
    private var body = ByteBuffer()
    private var bodyLength: UInt64 = 0
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var isDraining = false
    private var wantsRead = false
    private var deadline = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    private var stopsAfterAnswer = false

    init(service: any ConnectionService, role: SocketRole, limits: RequestLimits, timedOut: @escaping () -> Void) {
        self.service = service
        self.role = role
        self.limits = limits
        self.timedOut = timedOut
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let socket = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable { (socket: CInt) in socket }
        let connection = Connection(role: role, socket: (socket ?? nil) ?? -1, handler: self)
        guard service.opened(connection) else {
            state = .closing
            context.close(promise: nil)
            return
        }
        self.connection = connection
        deadline = .now() + limits.idle
        tick(after: limits.request)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closing
        timer?.cancel()
        timer = nil
        waiting.removeAll()
        if let connection { service.closed(connection) }
        connection = nil
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .answering = state {
            waiting.append(part)
        } else if isDraining || !waiting.isEmpty {
            waiting.append(part)
        } else {
            receive(part, context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if case .answering = state {
            wantsRead = true
        } else {
            context.read()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .closing = state else {
            if error is HTTPParserError || error is NIOHTTPDecoderError {
                let refusal = ErrorAnswer(
                    .badRequest,
                    "this is not an HTTP/1.1 request within the limits of docs/protocol.md"
                )
                write(Response(refusal, closes: true), keepAlive: false)
            } else {
                state = .closing
                context.close(promise: nil)
            }
            return
        }
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            guard case .idle = state else { return }
            deadline = .now() + limits.request
            begin(head, context)
        case .body(var bytes):
            guard case .reading(_, let route) = state else { return }
            let isPayload = route == .invocations
            bodyLength += UInt64(bytes.readableBytes)
            let kept = isPayload ? limits.kept : EndRequest.maximumBodySize
            let room = kept - body.readableBytes
            if body.readableBytes == 0 {
                body = bytes.readableBytes <= room ? bytes : bytes.readSlice(length: room) ?? bytes
            } else if room > 0, let slice = bytes.readSlice(length: min(room, bytes.readableBytes)) {
                body.writeImmutableBuffer(slice)
            }
            let bound = isPayload ? kept + limits.dropped : kept
            if bodyLength > UInt64(bound) { refuseTooLarge(bound) }
        case .end:
            guard case .reading(let head, let route) = state else { return }
            finishRequest(head, route)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        body = ByteBuffer()
        bodyLength = 0
        do throws(ErrorAnswer) {
            let route = try Route(target: head.uri)
            guard head.method == (route.takesPost ? .POST : .GET) else {
                throw ErrorAnswer(.methodNotAllowed, "\(route.path) takes \(route.takesPost ? "POST" : "GET")")
            }
            state = .reading(head, route)
            if route.takesPost, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")),
                    promise: nil
                )
            }
        } catch {
            // The body of a refused request is not waited for: its end closes the connection.
            write(Response(error, closes: true), keepAlive: false)
        }
    }

    private func refuseTooLarge(_ bound: Int) {
        let refusal = ErrorAnswer(
            .badRequest,
            "the body is longer than \(bound) bytes; send its first part and say Fuyun-Payload-Length"
        )
        write(Response(refusal, closes: true), keepAlive: false)
    }

    private func finishRequest(_ head: HTTPRequestHead, _ route: Route) {
        guard let connection else { return }
        let keepAlive = head.isKeepAlive
        let request = Request(head: head, route: route, body: body, bodyLength: bodyLength)
        body = ByteBuffer()
        state = .answering(keepAlive: keepAlive)
        if let response = service.handle(request, on: connection) { answer(response) }
    }

    /// Ends the connection as soon as what was asked is answered.
    func stop() {
        switch state {
        case .idle: finish()
        default: stopsAfterAnswer = true
        }
    }

    /// Writes the answer that the service gave later.
    func answer(_ response: Response) {
        guard case .answering(let keepAlive) = state, context != nil else { return }
        write(response, keepAlive: keepAlive && !stopsAfterAnswer)
        drain()
    }

    /// Takes up what waited while an answer was awaited.
    private func drain() {
        guard !isDraining, let context else { return }
        isDraining = true
        while !waiting.isEmpty {
            if case .answering = state { break }
            receive(waiting.removeFirst(), context)
        }
        isDraining = false
        if wantsRead {
            if case .answering = state { return }
            wantsRead = false
            context.read()
        }
    }

    private func write(_ response: Response, keepAlive: Bool) {
        guard let context else { return }
        let stays = keepAlive && !response.closes
        var buffer = context.channel.allocator.buffer(capacity: 160 + response.body.readableBytes)
        response.write(into: &buffer, keepAlive: stays)
        if stays {
            state = .idle
            deadline = .now() + limits.idle
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        } else {
            state = .closing
            waiting.removeAll()
            context.write(wrapOutboundOut(buffer), promise: nil)
            finish()
        }
    }

    /// Sends what is written and closes: the sending side first, so that a peer that is still sending reads the answer.
    private func finish() {
        guard let context else { return }
        state = .closing
        deadline = .now() + .seconds(1)
        context.flush()
        context.close(mode: .output, promise: nil)
        timer?.cancel()
        tick(after: .seconds(1))
    }

    /// One timer a connection: it looks at the deadline, so that requests move a number instead of a timer.
    private func tick(after time: TimeAmount) {
        guard let context else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in self?.expire() }
    }

    private func expire() {
        guard let context else { return }
        // A call in flight keeps its connection: its end is how the agent learns of the caller's death.
        let isWaiting =
            switch state {
            case .answering: true
            case .idle: connection.map { !$0.invocations.isEmpty } ?? false
            case .reading, .closing: false
            }
        if isWaiting || NIODeadline.now() < deadline { return tick(after: limits.request) }
        if case .closing = state {} else { timedOut() }
        state = .closing
        context.close(promise: nil)
    }
}
