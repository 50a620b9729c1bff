import FuyunProtocol
import NIOCore

/// Turns what a connection sends into whole requests within bounds, and answers into bytes, one after the other.
///
/// Answers that come at once are written without leaving the read; while one is awaited, no more is read from the socket
/// and what was already read waits, so that pipelined requests are answered in order and nothing piles up.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Between requests.
        case idle
        /// A request is being read.
        case reading(RequestHead, Route)
        /// A request waits for its answer.
        case answering(keepAlive: Bool)
        /// Nothing more is read.
        case closing
    }

    private let service: any ConnectionService
    private let role: SocketRole
    private let limits: RequestLimits
    private let budget: PayloadBudget
    private let timedOut: () -> Void
    private var connection: Connection?
    private var context: ChannelHandlerContext?
    private var state = State.idle
    private var body = ByteBuffer()
    private var bodyLength: UInt64 = 0
    private var reader = RequestReader()
    private var wantsRead = false
    private var deadline = NIODeadline.distantFuture
    /// Until when a peer that does not read its answers is borne with.
    private var writeDeadline = NIODeadline.distantFuture
    /// What of the budget this connection holds.
    private var held = 0
    private var timer: Scheduled<Void>?
    private var stopsAfterAnswer = false

    init(
        service: any ConnectionService,
        role: SocketRole,
        limits: RequestLimits,
        budget: PayloadBudget,
        timedOut: @escaping () -> Void
    ) {
        self.service = service
        self.role = role
        self.limits = limits
        self.budget = budget
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
        reader.clear()
        dropBody()
        if let connection { service.closed(connection) }
        connection = nil
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .closing = state { return }
        reader.receive(unwrapInboundIn(data))
        takeUp(context)
    }

    /// Takes up what was received, as far as the next request that waits for its answer.
    private func takeUp(_ context: ChannelHandlerContext) {
        do throws(MalformedRequest) {
            while mayTakeUp, let part = try reader.next() { receive(part, context) }
        } catch {
            let refusal = ErrorAnswer(
                .badRequest,
                "this is not an HTTP/1.1 request within the limits of docs/protocol.md"
            )
            write(Response(refusal, closes: true), keepAlive: false)
        }
    }

    private var mayTakeUp: Bool {
        switch state {
        case .idle, .reading: true
        case .answering, .closing: false
        }
    }

    func read(context: ChannelHandlerContext) {
        if mayRead(context) {
            context.read()
        } else {
            wantsRead = true
        }
    }

    /// Nothing is read while an answer is awaited, nor while answers pile up that the peer does not read.
    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        if case .answering = state { return false }
        return context.channel.isWritable
    }

    private func readIfWanted(_ context: ChannelHandlerContext) {
        guard wantsRead, mayRead(context) else { return }
        wantsRead = false
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeDeadline = context.channel.isWritable ? .distantFuture : .now() + limits.request
        readIfWanted(context)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .closing = state { return }
        state = .closing
        context.close(promise: nil)
    }

    private func receive(_ part: RequestReader.Part, _ context: ChannelHandlerContext) {
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
            let room = budget.take(min(kept - body.readableBytes, bytes.readableBytes))
            held += room
            if body.readableBytes == 0, room == bytes.readableBytes {
                body = bytes
            } else if room > 0, let slice = bytes.readSlice(length: room) {
                body.writeImmutableBuffer(slice)
            }
            let bound = isPayload ? kept + limits.dropped : kept
            if bodyLength > UInt64(bound) { refuseTooLarge(bound) }
        case .end:
            guard case .reading(let head, let route) = state else { return }
            finishRequest(head, route)
        }
    }

    private func begin(_ head: RequestHead, _ context: ChannelHandlerContext) {
        dropBody()
        do throws(ErrorAnswer) {
            // What follows an upgrade is no HTTP any more.
            guard head.first("Upgrade") == nil else {
                throw ErrorAnswer(.badRequest, "no other protocol is spoken here; leave the Upgrade header out")
            }
            let route = try Route(target: head.target)
            guard head.method == (route.takesPost ? .post : .get) else {
                throw ErrorAnswer(.methodNotAllowed, "\(route.path) takes \(route.takesPost ? "POST" : "GET")")
            }
            state = .reading(head, route)
            if route.takesPost, head.first("Expect")?.matches("100-continue") == true {
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

    private func dropBody() {
        body = ByteBuffer()
        bodyLength = 0
        budget.give(held)
        held = 0
    }

    private func refuseTooLarge(_ bound: Int) {
        let refusal = ErrorAnswer(
            .badRequest,
            "the body is longer than \(bound) bytes; send its first part and say Fuyun-Payload-Length"
        )
        write(Response(refusal, closes: true), keepAlive: false)
    }

    private func finishRequest(_ head: RequestHead, _ route: Route) {
        guard let connection else { return }
        let keepAlive = head.keepsAlive
        let request = Request(head: head, route: route, body: body, bodyLength: bodyLength)
        dropBody()
        state = .answering(keepAlive: keepAlive)
        if let response = service.handle(request, on: connection) {
            write(response, keepAlive: keepAlive && !stopsAfterAnswer)
        }
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
        guard case .answering(let keepAlive) = state, let context else { return }
        write(response, keepAlive: keepAlive && !stopsAfterAnswer)
        takeUp(context)
        readIfWanted(context)
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
            reader.clear()
            dropBody()
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
        let now = NIODeadline.now()
        if now < writeDeadline, isWaiting || now < deadline { return tick(after: limits.request) }
        if case .closing = state {} else { timedOut() }
        state = .closing
        context.close(promise: nil)
    }
}
