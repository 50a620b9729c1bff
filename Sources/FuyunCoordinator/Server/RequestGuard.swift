import FuyunProtocol
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose requests do not arrive in time, and those whose last answer said that they end.
///
/// A request is given a fixed time from its head to its end, and a new connection the same time for its first head:
/// bytes that drip in buy no more. Whoever is too slow is told so (408) when nothing was answered yet. Whoever does not
/// read its answers for that time is closed.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private let onTimeout: @Sendable () -> Void
    private var timer: Scheduled<Void>?
    /// Runs while the peer does not read what is written for it.
    private var readingTimer: Scheduled<Void>?
    /// A head was read, and its end not yet.
    private var isReading = false
    /// Requests whose answers are not written to their ends.
    private var unanswered = 0
    private var isAnswering = false
    private var endsAfterAnswer = false

    init(limit: TimeAmount, onTimeout: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.onTimeout = onTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { startTimer(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimers() }

    func channelActive(context: ChannelHandlerContext) {
        startTimer(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimers()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readingTimer?.cancel()
        readingTimer = nil
        if !context.channel.isWritable {
            readingTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
                self.onTimeout()
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReading = true
            unanswered += 1
            startTimer(context)
        case .body: break
        case .end:
            isReading = false
            stopTimer()
        }
        context.fireChannelRead(data)
        if endsAfterAnswer, unanswered == 0, !isReading { context.close(promise: nil) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isAnswering = head.status.kind != .informational
            if head.headerFields[.connection]?.lowercased() == "close" { endsAfterAnswer = true }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            isAnswering = false
            unanswered -= 1
            // What is left of the request is read first, for as long as it may take anyway: a connection that is closed
            // with unread bytes is reset, and the answer lost.
            if endsAfterAnswer, unanswered == 0, !isReading {
                context.writeAndFlush(data, promise: promise)
                context.close(promise: nil)
            } else {
                context.write(data, promise: promise)
            }
        }
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        stopTimer()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { self.timeIsUp(context) }
    }

    private func stopTimers() {
        stopTimer()
        readingTimer?.cancel()
        readingTimer = nil
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        onTimeout()
        // An answer that was begun cannot be taken back, one that was given is not given twice, and one to a request
        // before comes first.
        guard !isAnswering, unanswered == (isReading ? 1 : 0) else { return context.close(promise: nil) }
        let body = Self.tooSlow
        var fields = HTTPFields()
        fields[.contentType] = "application/json"
        fields[.contentLength] = String(body.readableBytes)
        fields[.connection] = "close"
        context.write(wrapOutboundOut(.head(HTTPResponse(status: .requestTimeout, headerFields: fields))), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    private static let tooSlow: ByteBuffer = {
        var body = ByteBuffer()
        let message = "the request did not arrive whole in time; send it faster, or in smaller parts"
        ErrorAnswer(.deadlinePassed, message).write(into: &body)
        return body
    }()
}
