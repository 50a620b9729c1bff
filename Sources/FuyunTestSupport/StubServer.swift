public import NIOCore
import NIOPosix
import Synchronization

/// A server that says exactly what a test's script tells it to, right or wrong, and remembers what it was asked.
///
/// It frames requests by hand (Content-Length or chunks), so that its answers can be any bytes at all.
public final class StubServer: Sendable {
    /// One request as it came.
    public struct Request: Sendable {
        /// The method.
        public var method = ""
        /// The path and query.
        public var target = ""
        /// The header fields as they were spelled.
        public var headers: [(name: String, value: String)] = []
        /// The first MiB of the body.
        public var body = ByteBuffer()
        /// The body's size in bytes.
        public var bodySize = 0
        /// FNV-1a, 64 bits, of the first 4 MiB of the body.
        public var bodyHash = UInt64(0xCBF2_9CE4_8422_2325)
        /// Trailer lines after a chunked body.
        public var trailers: [String] = []
        /// Which connection it came on, from 0.
        public var connection = 0

        /// The first value of a header field, without regard to case.
        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// One step of an answer.
    public enum Step: Sendable {
        /// Writes bytes.
        case write(ByteBuffer)
        /// Writes a chunk of bytes that many times, as fast as they are taken.
        case `repeat`(ByteBuffer, Int)
        /// Waits.
        case sleep(Duration)
        /// Waits until something holds.
        case until(@Sendable () -> Bool)
        /// Closes the connection.
        case close

        /// Writes text.
        public static func text(_ text: String) -> Step { .write(ByteBuffer(string: text)) }
    }

    /// When the script is asked for the answer.
    public enum Moment: Sendable {
        /// When the request is whole.
        case end
        /// When its head is whole; the body then counts as read, whatever comes.
        case head
    }

    /// What the server is to do with a request.
    public typealias Script = @Sendable (Request) -> [Step]

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var closed = 0
    }

    private let state: Mutex<State>
    private let channel: any Channel

    /// Where it listens.
    public var address: SocketAddress? { channel.localAddress }
    /// The port, when it listens on one.
    public var port: Int { channel.localAddress?.port ?? 0 }
    /// The requests so far, in the order of their ends.
    public var requests: [Request] { state.withLock { $0.requests } }
    /// The connections so far.
    public var connectionCount: Int { state.withLock { $0.connections } }
    /// The connections that have closed.
    public var closedCount: Int { state.withLock { $0.closed } }

    private init(_ state: consuming Mutex<State>, channel: any Channel) {
        self.state = state
        self.channel = channel
    }

    /// Starts on a free port of 127.0.0.1, or on a Unix socket.
    public static func start(
        on group: any EventLoopGroup,
        path: String? = nil,
        port: Int = 0,
        asks moment: Moment = .end,
        script: @escaping Script
    ) async throws -> StubServer {
        let recorder = Recorder()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = StubHandler(recorder: recorder, moment: moment, script: script)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let channel: any Channel
        if let path {
            channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        } else {
            channel = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
        }
        let server = StubServer(Mutex(State()), channel: channel)
        recorder.attach(server)
        return server
    }

    /// Stops listening; connections that there are stay.
    public func stop() async throws { try await channel.close() }

    /// FNV-1a, 64 bits, of bytes that follow others.
    public static func hash(_ bytes: ByteBuffer, from start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        bytes.withUnsafeReadableBytes { bytes in
            var hash = start
            var index = 0
            while index < bytes.count {
                hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
                index += 1
            }
            return hash
        }
    }

    fileprivate func opened() -> Int {
        state.withLock { state in
            state.connections += 1
            return state.connections - 1
        }
    }

    fileprivate func closed() { state.withLock { $0.closed += 1 } }

    fileprivate func record(_ request: Request) { state.withLock { $0.requests.append(request) } }
}

/// Hands requests to the server, which is made after the handlers can be.
private final class Recorder: Sendable {
    private let server = Mutex<StubServer?>(nil)

    func attach(_ made: StubServer) { server.withLock { $0 = made } }

    func opened() -> Int { server.withLock { $0 }?.opened() ?? 0 }

    func closed() { server.withLock { $0 }?.closed() }

    func record(_ request: StubServer.Request) { server.withLock { $0 }?.record(request) }
}

private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Part {
        case head
        case body(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case trailers
        case ignored
    }

    private let recorder: Recorder
    private let moment: StubServer.Moment
    private let script: StubServer.Script
    private var part = Part.head
    private var buffer = ByteBuffer()
    private var request = StubServer.Request()
    private var connection = 0

    init(recorder: Recorder, moment: StubServer.Moment, script: @escaping StubServer.Script) {
        self.recorder = recorder
        self.moment = moment
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) { connection = recorder.opened() }

    func channelInactive(context: ChannelHandlerContext) { recorder.closed() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        buffer.writeBuffer(&bytes)
        while step(context) {}
        buffer.discardReadBytes()
    }

    /// Reads the next part; false when more must come first.
    private func step(_ context: ChannelHandlerContext) -> Bool {
        switch part {
        case .head: return readHead(context)
        case .body(let remaining):
            let taken = take(remaining)
            part = .body(remaining: remaining - taken)
            if remaining == taken { finish(context) }
            return taken > 0 || remaining == 0
        case .chunkSize:
            guard let line = line() else { return false }
            let size = Int(line.prefix { $0 != ";" }, radix: 16) ?? 0
            part = size == 0 ? .trailers : .chunk(remaining: size)
            return true
        case .chunk(let remaining):
            let taken = take(remaining)
            part = .chunk(remaining: remaining - taken)
            guard remaining == taken else { return taken > 0 }
            guard line() != nil else { return false }
            part = .chunkSize
            return true
        case .trailers:
            guard let line = line() else { return false }
            if line.isEmpty { finish(context) } else { request.trailers.append(line) }
            return true
        case .ignored:
            buffer.clear()
            return false
        }
    }

    private func readHead(_ context: ChannelHandlerContext) -> Bool {
        guard let end = buffer.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)),
            let head = buffer.readString(length: end.upperBound - buffer.readerIndex)
        else { return false }
        var lines = head.split(separator: "\r\n").map(String.init)
        let words = lines.removeFirst().split(separator: " ").map(String.init)
        request = StubServer.Request()
        request.connection = connection
        request.method = words.first ?? ""
        request.target = words.count > 1 ? words[1] : ""
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            request.headers.append((String(line[..<colon]), String(value)))
        }
        if moment == .head {
            finish(context)
            part = .ignored
        } else if request.header("Transfer-Encoding") != nil {
            part = .chunkSize
        } else {
            part = .body(remaining: Int(request.header("Content-Length") ?? "0") ?? 0)
        }
        return true
    }

    private func take(_ count: Int) -> Int {
        guard let piece = buffer.readSlice(length: min(count, buffer.readableBytes)) else { return 0 }
        request.bodySize += piece.readableBytes
        if request.bodySize <= 4 << 20 { request.bodyHash = StubServer.hash(piece, from: request.bodyHash) }
        var kept = piece
        if request.body.readableBytes < 1 << 20 { request.body.writeBuffer(&kept) }
        return piece.readableBytes
    }

    private func line() -> String? {
        guard let end = buffer.readableBytesView.firstRange(of: Array("\r\n".utf8)) else { return nil }
        let line = buffer.readString(length: end.lowerBound - buffer.readerIndex)
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    private func finish(_ context: ChannelHandlerContext) {
        part = .head
        recorder.record(request)
        run(script(request)[...], context)
    }

    private func run(_ steps: ArraySlice<StubServer.Step>, _ context: ChannelHandlerContext) {
        guard let step = steps.first, context.channel.isActive else { return }
        let rest = steps.dropFirst()
        switch step {
        case .write(let bytes):
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
            run(rest, context)
        case .repeat(let bytes, let count):
            guard count > 0 else { return run(rest, context) }
            context.writeAndFlush(Self.wrapOutboundOut(bytes)).assumeIsolated().whenSuccess {
                self.run([.repeat(bytes, count - 1)] + rest, context)
            }
        case .sleep(let duration):
            context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { self.run(rest, context) }
        case .until(let condition):
            if condition() { return run(rest, context) }
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { self.run(steps, context) }
        case .close: context.close(promise: nil)
        }
    }
}
