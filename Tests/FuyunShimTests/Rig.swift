import FuyunClient
import FuyunShim
import FuyunTestSupport
import NIOCore
import NIOPosix
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A shim between a stub agent and a stub function.
struct Rig {
    let upstream: StubServer
    let agent: StubAgent?
    let shim: ShimServer

    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    static var eventLoop: any EventLoop { group.next() }
    private static let counter = Atomic<Int>(0)
    private static let ports = Atomic<Int>(0)

    /// A socket's path that nobody uses.
    static func socketPath() -> String {
        "/tmp/fuyun-test-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue).sock"
    }

    /// A port that is free, that no other test is given, and that the kernel gives to nobody by itself
    /// (ip_local_port_range starts at 32768).
    static func freePort() throws -> Int {
        for _ in 0..<200 {
            let port = 15_000 + (Int(getpid()) * 61 + ports.add(1, ordering: .relaxed).newValue) % 17_000
            // Not NIO's: a program that a test starts would inherit the socket and keep the port open for a while.
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            if address.withSockAddr({ bind(descriptor, $0, socklen_t($1)) }) == 0 { return port }
        }
        throw CancellationError()
    }

    /// Runs a test with a rig.
    ///
    /// Without `reaction` there is no agent at the socket.
    static func with<Result>(
        reaction: (@Sendable (StubServer.Request) -> StubAgent.Reaction)? = { _ in .answer },
        configure: (inout ShimConfiguration) -> Void = { _ in },
        asks moment: StubServer.Moment = .end,
        function: @escaping StubServer.Script = { _ in ok("fine") },
        _ body: (Rig) async throws -> Result
    ) async throws -> Result {
        let upstream = try await StubServer.start(on: group, asks: moment, script: function)
        let path = socketPath()
        var agent: StubAgent?
        if let reaction { agent = try await StubAgent.start(at: path, on: group, reaction: reaction) }
        var configuration = ShimConfiguration(
            listen: .internet(address: "127.0.0.1", port: 0),
            upstream: .internet(address: "127.0.0.1", port: upstream.port)
        )
        configuration.agent = .unix(path)
        // Tests share two cores with each other: only those that test the deadline set it tight.
        configuration.agentDeadline = .seconds(30)
        configuration.upstreamReuse = .seconds(60)
        configuration.function = "guest/f"
        configuration.isQuiet = true
        configuration.upstreamWait = .zero
        configure(&configuration)
        let shim = try await ShimServer.start(configuration, on: group.next())
        let rig = Rig(upstream: upstream, agent: agent, shim: shim)
        do {
            let result = try await body(rig)
            await rig.stop()
            return result
        } catch {
            await rig.stop()
            throw error
        }
    }

    private func stop() async {
        await shim.stop(within: .milliseconds(100))
        try? await agent?.stop()
        try? await upstream.stop()
    }

    /// Opens a connection to the shim.
    func connect<Result>(_ body: (RawConnection) async throws -> Result) async throws -> Result {
        try await RawConnection.open(to: shim.endpoint, body)
    }

    /// Sends one request on a connection of its own.
    func send(_ request: String, body: ByteBuffer = ByteBuffer()) async throws -> RawResponse {
        try await connect { connection async throws in
            try await connection.send(request)
            if body.readableBytes > 0 { try await connection.send(body) }
            return try await connection.response(toHead: request.hasPrefix("HEAD"))
        }
    }
}

/// A function's whole answer.
func ok(_ text: String, status: Int = 200, headers: String = "") -> [StubServer.Step] {
    [.text("HTTP/1.1 \(status) Stub\r\nContent-Length: \(text.utf8.count)\r\n\(headers)\r\n\(text)")]
}

/// A request's head and body.
func post(_ path: String, _ body: String, headers: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: f\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}

/// Bytes that repeat only after a while.
func pattern(_ count: Int) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
        var index = 0
        while index < count {
            target[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8)
            index += 1
        }
        return count
    }
    return buffer
}

/// Waits until something holds, at most five seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<500 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
