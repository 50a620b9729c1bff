import FuyunInvocation
import FuyunProtocol
import Glibc
import NIOCore
import SystemPackage

/// Turns what a connection sends into whole requests within bounds, and answers into bytes, one after the other.
///
/// Answers that come at once are sent without leaving the read. While one is awaited, or while the peer does not take one,
/// no more is read from the socket and what was already read waits, so that pipelined requests are answered in order and
/// nothing piles up.
///
/// It lives on the event loop.
final class ConnectionHandler: DescriptorHandler {
    private enum State {
        /// Between requests.
        case idle
        /// A request is being read.
        case reading(RequestHead, Route)
        /// A request waits for its answer.
        case answering(keepAlive: Bool)
        /// Nothing more is taken up; what still comes is thrown away, so that the peer reads the last answer.
        case closing
        /// The socket is closed.
        case closed
    }

    private let socket: CInt
    private let service: any ConnectionService
    private let role: SocketRole
    private let limits: RequestLimits
    private let listener: Listener
    private let timedOut: () -> Void
    private var ticket: Poller.Ticket?
    private var interest = Readiness.readable
    private var connection: Connection?
    private var state = State.idle
    private var reader = RequestReader()
    private var body = ByteBuffer()
    private var bodyLength: UInt64 = 0
    /// Whether the body lies in the memory of the last read.
    private var isBodyBorrowed = false
    /// What the peer has not taken yet of what was answered.
    private var unsent: ByteBuffer?
    private var deadline = MonotonicTime(nanoseconds: .max)
    /// Until when a peer that does not read its answers is borne with.
    private var writeDeadline = MonotonicTime(nanoseconds: .max)
    /// What of the budget this connection holds.
    private var held = 0
    private var timer: LoopTimer?
    private var stopsAfterAnswer = false
    /// The limits' times in nanoseconds, for one addition at every request.
    private let (idle, request): (UInt64, UInt64)

    init(
        socket: CInt,
        role: SocketRole,
        service: any ConnectionService,
        limits: RequestLimits,
        listener: Listener,
        timedOut: @escaping () -> Void
    ) {
        self.socket = socket
        self.service = service
        self.role = role
        self.limits = limits
        self.listener = listener
        self.timedOut = timedOut
        idle = UInt64(clamping: limits.idle.wholeNanoseconds)
        request = UInt64(clamping: limits.request.wholeNanoseconds)
    }

    private var loop: AgentLoop { listener.loop }

    // MARK: - The socket

    /// Begins to serve an accepted socket, which it owns from now on.
    func open() {
        let connection = Connection(role: role, socket: socket, handler: self)
        guard service.opened(connection) else { return abort() }
        self.connection = connection
        do throws(Errno) {
            ticket = try loop.poller.add(socket, for: interest, self)
        } catch {
            return abort()
        }
        deadline = moment(in: idle)
        tick(after: limits.request)
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        if case .closed = state { return }
        if readiness.contains(.readable), interest.contains(.readable) { return receive() }
        // Whoever is gone altogether waits for no answer; who only said that nothing more comes does.
        if !readiness.isDisjoint(with: .hungUp) { abort() }
    }

    func loopEnds() { abort() }

    private func receive() {
        do throws(Errno) {
            guard let bytes = try listener.read(from: socket) else { return }
            guard bytes.readableBytes > 0 else { return abort() }
            switch state {
            case .closing, .closed: return
            case .idle, .reading, .answering: reader.receive(bytes)
            }
        } catch {
            return abort()
        }
        takeUp()
        reader.keep()
        if isBodyBorrowed {
            isBodyBorrowed = false
            body = ByteBuffer(bytes: body.readableBytesView)
        }
        look()
    }

    /// Waits for what can be gone on with.
    ///
    /// Nothing is read while an answer is awaited, nor while the peer does not read what was answered.
    private func look() {
        var wanted: Readiness = []
        switch state {
        case .closed: return
        case .answering: break
        case .idle, .reading, .closing: if unsent == nil { wanted = .readable }
        }
        if unsent != nil { wanted.insert(.writable) }
        guard wanted != interest, let ticket else { return }
        interest = wanted
        loop.poller.change(ticket, socket, to: wanted)
    }

    private func send(_ write: (inout ByteBuffer) -> Void) {
        do throws(Errno) {
            if var more = unsent {
                write(&more)
                unsent = more
            } else if let rest = try listener.send(to: socket, write) {
                unsent = rest
                writeDeadline = moment(in: request)
            }
        } catch {
            abort()
        }
    }

    /// The peer takes more of what was answered.
    private func flush() {
        guard var rest = unsent else { return }
        do throws(Errno) { try Listener.send(&rest, to: socket) } catch { return abort() }
        guard rest.readableBytes == 0 else {
            unsent = rest
            return
        }
        unsent = nil
        writeDeadline = MonotonicTime(nanoseconds: .max)
        if case .closing = state { shutdown(socket, CInt(SHUT_WR)) }
        takeUp()
        look()
    }

    /// Sends what is answered and closes: the sending side first, so that a peer that is still sending reads the answer.
    private func finish() {
        if case .closed = state { return }
        state = .closing
        deadline = moment(in: 1_000_000_000)
        if unsent == nil { shutdown(socket, CInt(SHUT_WR)) }
        if let timer { loop.cancel(timer) }
        tick(after: .seconds(1))
        look()
    }

    /// Closes at once.
    private func abort() {
        if case .closed = state { return }
        state = .closed
        if let timer { loop.cancel(timer) }
        timer = nil
        if let ticket { loop.poller.remove(ticket, socket) }
        ticket = nil
        close(socket)
        unsent = nil
        reader.clear()
        dropBody()
        let gone = connection
        connection = nil
        if let gone { service.closed(gone) }
    }

    // MARK: - Requests

    /// Takes up what was received, as far as the next request that waits for its answer.
    private func takeUp() {
        do throws(MalformedRequest) {
            while mayTakeUp, let part = try reader.next() { receive(part) }
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
        case .idle, .reading: unsent == nil
        case .answering, .closing, .closed: false
        }
    }

    private func receive(_ part: RequestReader.Part) {
        switch part {
        case .head(let head):
            deadline = moment(in: request)
            begin(head)
        case .body(let bytes):
            guard case .reading(_, let route) = state else { return }
            take(bytes, isPayload: route == .invocations)
        case .end:
            guard case .reading(let head, let route) = state else { return }
            finishRequest(head, route)
        }
    }

    private func begin(_ head: RequestHead) {
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
                send { $0.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n") }
            }
        } catch {
            // The body of a refused request is not waited for: its end closes the connection.
            write(Response(error, closes: true), keepAlive: false)
        }
    }

    private func take(_ bytes: ByteBuffer, isPayload: Bool) {
        var bytes = bytes
        bodyLength += UInt64(bytes.readableBytes)
        let kept = isPayload ? limits.kept : EndRequest.maximumBodySize
        let room = listener.budget.take(min(kept - body.readableBytes, bytes.readableBytes))
        held += room
        if body.readableBytes == 0, room == bytes.readableBytes {
            body = bytes
            isBodyBorrowed = true
        } else if room > 0, let slice = bytes.readSlice(length: room) {
            body.writeImmutableBuffer(slice)
            isBodyBorrowed = false
        }
        let bound = isPayload ? kept + limits.dropped : kept
        guard bodyLength > UInt64(bound) else { return }
        let refusal = ErrorAnswer(
            .badRequest,
            "the body is longer than \(bound) bytes; send its first part and say Fuyun-Payload-Length"
        )
        write(Response(refusal, closes: true), keepAlive: false)
    }

    private func dropBody() {
        body = ByteBuffer()
        bodyLength = 0
        isBodyBorrowed = false
        listener.budget.give(held)
        held = 0
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

    // MARK: - Answers

    /// Ends the connection as soon as what was asked is answered.
    func stop() {
        switch state {
        case .idle: finish()
        case .reading, .answering, .closing, .closed: stopsAfterAnswer = true
        }
    }

    /// Sends the answer that the service gave later.
    func answer(_ response: Response) {
        guard case .answering(let keepAlive) = state else { return }
        write(response, keepAlive: keepAlive && !stopsAfterAnswer)
        takeUp()
        look()
    }

    private func write(_ response: Response, keepAlive: Bool) {
        let stays = keepAlive && !response.closes
        send { response.write(into: &$0, keepAlive: stays) }
        if case .closed = state { return }
        if stays {
            state = .idle
            deadline = moment(in: idle)
        } else {
            reader.clear()
            dropBody()
            finish()
        }
    }

    // MARK: - Time

    private func moment(in nanoseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: loop.now.nanoseconds &+ nanoseconds)
    }

    /// One timer a connection: it looks at the deadline, so that requests move a number instead of a timer.
    private func tick(after time: Duration) { timer = loop.after(time) { [weak self] in self?.expire() } }

    private func expire() {
        // A call in flight keeps its connection: its end is how the agent learns of the caller's death.
        let isWaiting: Bool
        switch state {
        case .answering: isWaiting = true
        case .idle: isWaiting = connection.map { !$0.invocations.isEmpty } ?? false
        case .reading, .closing: isWaiting = false
        case .closed: return
        }
        let now = loop.now
        if now < writeDeadline, isWaiting || now < deadline { return tick(after: limits.request) }
        if case .closing = state {} else { timedOut() }
        abort()
    }
}
