import FuyunClient
import FuyunProtocol
import NIOCore
import NIOHTTP1

/// A client's connection: takes one request after the other, asks the agent about those that are invocations, passes
/// them on to the function's server, and passes the answers back.
///
/// Both directions are streams with back-pressure: a side is only read when the other takes what is there.
final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let core: ShimCore
    private var context: ChannelHandlerContext?
    private var call: Call?
    private var calls: UInt64 = 0
    private var upstream: UpstreamConnection?
    private var isConnecting = false
    private var retry: Scheduled<Void>?
    /// Answered, but the request's rest is still coming: it is thrown away for a moment, so that the answer is not lost
    /// in a reset.
    private var isLingering = false
    /// No request can be found in what the client sends.
    private var isUnreadable = false
    private var isFinishing = false
    private var isClosing = false
    private var expiry: NIODeadline

    init(core: ShimCore) {
        self.core = core
        expiry = .now() + TimeAmount(core.configuration.stallTimeout)
    }

    // MARK: From the client

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        core.opened(self)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        if isLingering {
            if case .end = Self.unwrapInboundIn(data) { close() }
            return
        }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let part): take(part)
        case .end(let trailers):
            call?.requestEnded = true
            call?.trailers = trailers
            stallFrom(nil)
            if call?.isRelayed == true { upstream?.write(.end(trailers)) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard !isFinishing else { return }
        if call?.isRelayed == true { upstream?.flush() } else { advance() }
        readOn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return stallFrom(.now()) }
        if call?.isRelayed == true { upstream?.read() }
        stallFrom(nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        core.closed(self)
        retry?.cancel()
        abandonCall(outcomeOfLeaving)
        upstream?.close()
        upstream = nil
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isLingering, !isClosing, call?.status == nil else { return close() }
        let isLarge = (error as? HTTPParserError) == .headerOverflow
        abandonCall(.error)
        isUnreadable = true
        respond(
            isLarge ? .requestHeaderFieldsTooLarge : .badRequest,
            "the request is not HTTP/1.1, or too large a header"
        )
    }

    private func begin(_ head: HTTPRequestHead) {
        guard head.method != .CONNECT, !HeaderRules.hasForeignCoding(head.headers) else {
            return respond(.notImplemented, "this proxy passes on neither CONNECT nor transfer codings but chunked")
        }
        if upstream?.isFresh(within: core.configuration.upstreamReuse) == false { dropUpstream() }
        calls += 1
        var payload: KeptPayload?
        if core.naming.mayBeCall(head) {
            payload = KeptPayload(limit: core.payloadRoom, expected: Call.expectedSize(head))
        }
        call = Call(number: calls, head: head, payload: payload)
        if head.speaksHTTP11,
            head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" })
        {
            // The body is wanted before anyone behind can be asked whether it is.
            context?.writeAndFlush(
                Self.wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))),
                promise: nil
            )
        }
    }

    private func take(_ part: ByteBuffer) {
        guard call != nil else { return }
        if call?.isRelayed == true {
            upstream?.write(.body(.byteBuffer(part)))
            core.held(upstream?.pendingBytes ?? 0)
        } else if call?.payload != nil {
            let before = call?.payload?.bytes.readableBytes ?? 0
            call?.payload?.append(part)
            core.kept((call?.payload?.bytes.readableBytes ?? 0) - before)
            core.held(0)
        } else {
            call?.waiting.append(part)
        }
    }

    /// Asks for more from the client, when there is a place for it.
    private func readOn() {
        guard let context, !isClosing else { return }
        guard !isLingering, let call else { return context.read() }
        if call.requestEnded { return }
        guard call.isRelayed ? upstream?.isWritable == true : !call.isCollected else { return stallFrom(nil) }
        stallFrom(.now())
        context.read()
    }

    // MARK: Forward

    /// Takes the next step that is possible: look at what was read, ask the agent, connect, pass on.
    private func advance() {
        guard !isFinishing, let current = call, !current.isRelayed, current.isCollected else { return }
        stallFrom(nil)
        if case .unknown = current.agent { classify() }
        guard let current = call else { return }
        let isKnownUp = core.upstreamHasBeenUp || upstream != nil
        if case .unknown = current.agent, isKnownUp { return ask() }
        connect()
        guard case .done(let begun) = current.agent, upstream != nil else { return }
        relay(begun)
    }

    private func classify() {
        guard let current = call, current.details.kind == .other else { return }
        guard let payload = current.payload else {
            call?.agent = .done(nil)
            return
        }
        let details = core.naming.details(current.head, payload: payload.bytes)
        call?.details = details
        if details.kind != .invocation { call?.agent = .done(nil) }
    }

    private func ask() {
        guard let current = call, let payload = current.payload else { return }
        guard let function = current.details.function else {
            core.failures.count("no name for the function; give --function or set FUYUN_FUNCTION")
            call?.agent = .done(nil)
            return advance()
        }
        call?.agent = .asking
        core.flushCrashes()
        let request = BeginRequest(
            function: function,
            activation: current.details.activation,
            payloadLength: payload.trueSize(ended: current.requestEnded)
        )
        core.pool.begin(request, payload: payload.bytes) { outcome in
            self.agentAnswered(outcome, number: current.number)
        }
        connect()
    }

    private func agentAnswered(_ outcome: AgentPool.Outcome, number: UInt64) {
        var begun: AgentPool.Begun?
        switch outcome {
        case .begun(let value): begun = value
        case .refused(let answer): core.failures.count("the agent refused: \(answer)")
        case .failedOpen(let failure):
            core.failures.count("agent at \(core.configuration.agent) \(failure)")
        }
        guard call?.number == number, case .asking = call?.agent else {
            // The client has gone meanwhile: the function never saw the call.
            if let begun { core.end(begun, EndRequest()) }
            return
        }
        call?.agent = .done(begun)
        advance()
    }

    private func connect() {
        guard upstream == nil, !isConnecting, retry == nil else { return }
        isConnecting = true
        UpstreamConnection.connect(to: core.configuration.upstream, core: core, for: self) { result in
            self.isConnecting = false
            guard self.context != nil, !self.isClosing, !self.isLingering else {
                if case .success(let connection) = result { connection.close() }
                return
            }
            switch result {
            case .success(let connection):
                self.upstream = connection
                self.core.upstreamIsUp()
                self.advance()
            case .failure(let failure): self.couldNotConnect(failure)
            }
        }
    }

    private func couldNotConnect(_ failure: ConnectFailure) {
        if core.mayComeUp {
            retry = core.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
                self.retry = nil
                self.advance()
            }
            return
        }
        abandonCall(.crashed)
        respond(.badGateway, "the function's server at \(core.configuration.upstream) cannot be reached: \(failure)")
    }

    private func relay(_ begun: AgentPool.Begun?) {
        guard let upstream, let current = call else { return }
        call?.isRelayed = true
        call?.relayedAt = .now()
        var head = HTTPRequestHead(version: .http1_1, method: current.head.method, uri: current.head.uri)
        head.headers = HeaderRules.request(current.head.headers)
        upstream.write(.head(head))
        if let payload = current.payload {
            let core = core
            let size = payload.bytes.readableBytes
            if size > 0 { upstream.write(.body(.byteBuffer(payload.bytes))) { core.kept(-size) } }
            for part in payload.beyond { upstream.write(.body(.byteBuffer(part))) }
        }
        for part in current.waiting { upstream.write(.body(.byteBuffer(part))) }
        call?.payload = nil
        call?.waiting = []
        if current.requestEnded { upstream.write(.end(current.trailers)) }
        upstream.flush()
        upstream.read()
        readOn()
    }

    func upstreamWritabilityChanged() {
        if call?.isRelayed == true { readOn() }
    }

    // MARK: Back

    func upstreamSent(_ part: HTTPClientResponsePart) {
        guard let context, let current = call, current.isRelayed else { return }
        switch part {
        case .head(let head): passHead(head)
        case .body(let part):
            if current.details.isOpenWhisk { keepPrefix(part) }
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
            core.held(Int((try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0))
        case .end(let trailers): finish(trailers)
        }
    }

    func upstreamPaused() {
        guard let context, let call, call.isRelayed else { return }
        context.flush()
        if context.channel.isWritable { upstream?.read() } else { stallFrom(.now()) }
    }

    private func passHead(_ head: HTTPResponseHead) {
        guard let context, let current = call else { return }
        if head.status.code < 200 {
            // 100 was answered here; the others are news for whoever understands them.
            if head.status.code > 101, current.head.speaksHTTP11 {
                let headers = HeaderRules.response(head.headers, isChunked: false)
                let news = HTTPResponseHead(version: .http1_1, status: head.status, headers: headers)
                context.write(Self.wrapOutboundOut(.head(news)), promise: nil)
            }
            return
        }
        let hasNoBody = current.head.method == .HEAD || head.status == .noContent || head.status == .notModified
        let comesChunked = HeaderRules.isChunked(head.headers) && !hasNoBody
        let goesChunked = comesChunked && current.head.speaksHTTP11
        let hasLength = head.headers.contains(name: "Content-Length")
        call?.status = Int(head.status.code)
        call?.upstreamKeepsAlive = head.isKeepAlive
        if !hasNoBody, !hasLength, !goesChunked { call?.closesAfterAnswer = true }
        if !current.requestEnded || core.isStopping { call?.closesAfterAnswer = true }
        var passed = HTTPResponseHead(version: .http1_1, status: head.status)
        passed.headers = HeaderRules.response(head.headers, isChunked: goesChunked)
        if call?.closesAfterAnswer == true {
            passed.headers.add(name: "Connection", value: "close")
        } else if !current.head.speaksHTTP11 {
            passed.headers.add(name: "Connection", value: "keep-alive")
        }
        context.write(Self.wrapOutboundOut(.head(passed)), promise: nil)
    }

    private func keepPrefix(_ part: ByteBuffer) {
        let room = CallOutcome.prefixSize - (call?.answerPrefix.readableBytes ?? 0)
        guard room > 0, var piece = part.getSlice(at: part.readerIndex, length: min(room, part.readableBytes)) else {
            return
        }
        call?.answerPrefix.writeBuffer(&piece)
    }

    /// The answer is whole: it goes out first, then the agent is told, then the next request is looked at.
    private func finish(_ trailers: HTTPHeaders?) {
        guard let context, let done = call, let status = done.status else { return }
        call = nil
        isFinishing = true
        let closes = done.closesAfterAnswer || !done.requestEnded
        if closes {
            isClosing = done.requestEnded
            isLingering = !done.requestEnded
        }
        if done.upstreamKeepsAlive, done.requestEnded { upstream?.rest() } else { dropUpstream() }
        let written = context.writeAndFlush(Self.wrapOutboundOut(.end(trailers)))
        if closes { written.assumeIsolated().whenComplete { _ in self.closeAfterAnswer() } }
        if case .done(let begun?) = done.agent {
            let outcome = CallOutcome.of(
                status: status,
                prefix: done.answerPrefix,
                isOpenWhisk: done.details.isOpenWhisk
            )
            core.end(begun, done.endRequest(outcome))
        }
        isFinishing = false
        idleFrom(.now())
        advance()
        readOn()
    }

    func upstreamLost(_ connection: UpstreamConnection) {
        guard upstream === connection else { return }
        upstream = nil
        guard let current = call, current.isRelayed else { return advance() }
        abandonCall(.crashed)
        if current.status == nil {
            respond(.badGateway, "the function's server closed the connection before it answered")
        } else {
            // The head has gone out: only a broken connection tells the client that the answer is not whole.
            close()
        }
    }

    // MARK: Ends

    /// Gives the call up, and tells the agent when it knows of it.
    private func abandonCall(_ outcome: EndRequest.Outcome?) {
        guard let lost = call else { return }
        call = nil
        if let payload = lost.payload { core.kept(-payload.bytes.readableBytes) }
        guard case .done(let begun?) = lost.agent else { return }
        core.end(begun, lost.isRelayed ? lost.endRequest(outcome) : EndRequest())
    }

    /// What it means that the client leaves: its patience is over, unless OpenWhisk has said until when it waits.
    private var outcomeOfLeaving: EndRequest.Outcome? {
        guard let deadline = call?.details.deadline, ShimCore.wallClock() < deadline else { return .timeout }
        return nil
    }

    /// Answers in place of the function's server, and closes.
    private func respond(_ status: HTTPResponseStatus, _ words: String) {
        guard let context else { return }
        dropUpstream()
        call = nil
        isLingering = true
        let body = ByteBuffer(string: "fuyun-shim: \(words)\n")
        let headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Content-Length": String(body.readableBytes),
            "Connection": "close",
        ]
        context.write(
            Self.wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))),
            promise: nil
        )
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            self.closeAfterAnswer()
        }
    }

    private func closeAfterAnswer() {
        guard isLingering, let context else { return close() }
        expiry = .now() + .seconds(2)
        if isUnreadable { context.close(mode: .output, promise: nil) }
        context.read()
    }

    private func dropUpstream() {
        upstream?.close()
        upstream = nil
    }

    private func close() {
        isClosing = true
        context?.close(promise: nil)
    }

    /// The shim is told to stop: connections without a call close now, others after their answer.
    func drain() {
        if call == nil { close() }
    }

    // MARK: Time

    private func stallFrom(_ now: NIODeadline?) {
        expiry = now.map { $0 + TimeAmount(core.configuration.stallTimeout) } ?? .distantFuture
    }

    private func idleFrom(_ now: NIODeadline) {
        if !isLingering { expiry = now + TimeAmount(core.configuration.idleTimeout) }
    }

    /// Ends what has taken too long.
    func expire(at now: NIODeadline) {
        guard now >= expiry else { return }
        guard let current = call, current.status == nil, !current.isRelayed, !isLingering else {
            abandonCall(.timeout)
            return close()
        }
        abandonCall(.timeout)
        respond(.requestTimeout, "the request's body did not come in time")
    }
}
