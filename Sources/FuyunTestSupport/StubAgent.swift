public import FuyunPolicy
public import FuyunProtocol
import MemoryUnits
public import NIOCore
import Synchronization

/// An agent's function socket without an agent: answers like one, or as a script says.
public final class StubAgent: Sendable {
    /// What the agent does with a request.
    public enum Reaction: Sendable {
        /// Answers as an agent does.
        case answer
        /// Waits, then answers as an agent does.
        case answerAfter(Duration)
        /// Waits until something holds, then answers as an agent does.
        case answerOnce(@Sendable () -> Bool)
        /// Refuses.
        case refuse(ErrorAnswer)
        /// Says these steps instead.
        case steps([StubServer.Step])
        /// Says nothing.
        case silence
    }

    private let server: StubServer

    /// Starts on a Unix socket; `reaction` is asked for every request.
    public static func start(
        at path: String,
        on group: any EventLoopGroup,
        reaction: @escaping @Sendable (StubServer.Request) -> Reaction = { _ in .answer }
    ) async throws -> StubAgent {
        let sequence = Counter()
        let server = try await StubServer.start(on: group, path: path) { request in
            switch reaction(request) {
            case .answer: [.write(Self.answer(request, sequence))]
            case .answerAfter(let wait):
                [.sleep(wait), .write(Self.answer(request, sequence))]
            case .answerOnce(let condition): [.until(condition), .write(Self.answer(request, sequence))]
            case .refuse(let answer): [.write(Self.response(answer.code.status) { answer.write(into: &$0) })]
            case .steps(let steps): steps
            case .silence: []
            }
        }
        return StubAgent(server)
    }

    private init(_ server: StubServer) { self.server = server }

    /// The begins so far: header and payload.
    public var begins: [StubServer.Request] { server.requests.filter { $0.target == Route.invocations.path } }

    /// The ends so far, read.
    public var ends: [EndRequest] {
        server.requests.filter { $0.target.hasSuffix("/end") }.compactMap {
            try? EndRequest(headers: $0.headers, body: $0.body)
        }
    }

    /// The targets of all requests in the order in which they came.
    public var targets: [String] { server.requests.map(\.target) }

    /// The connections so far, and those that have closed.
    public var connections: (opened: Int, closed: Int) { (server.connectionCount, server.closedCount) }

    /// Stops listening.
    public func stop() async throws { try await server.stop() }

    /// A whole HTTP answer.
    public static func response(_ status: Int, _ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
        var body = ByteBuffer()
        write(&body)
        var answer = ByteBuffer(
            string:
                "HTTP/1.1 \(status) Stub\r\nContent-Type: application/json\r\nContent-Length: \(body.readableBytes)\r\n\r\n"
        )
        answer.writeBuffer(&body)
        return answer
    }

    /// The whole answer to a begin: a limit of 64 MiB is in place.
    public static func begun(_ id: InvocationID, function: String) -> ByteBuffer {
        let answer = BeginAnswer(
            id: id,
            function: function,
            limit: .mebibytes(64),
            applied: true,
            held: false,
            mode: .enforce
        )
        return response(201) { answer.write(into: &$0) }
    }

    private static func answer(_ request: StubServer.Request, _ sequence: Counter) -> ByteBuffer {
        let route = try? Route(target: request.target)
        switch route {
        case .invocations:
            let id = InvocationID(epoch: 0x6650_F1A2, sequence: sequence.next())
            return begun(id, function: request.header(FuyunHeader.function) ?? "")
        case .end(let id):
            let answer = EndAnswer(id: id, peak: .mebibytes(40), peakMethod: .window, limit: .mebibytes(64))
            return response(200) { answer.write(into: &$0) }
        default:
            let answer = ErrorAnswer(.notFound, "the stub does not know \(request.target)")
            return response(404) { answer.write(into: &$0) }
        }
    }
}

/// Counts from 1.
private final class Counter: Sendable {
    private let last = Atomic<UInt64>(0)

    func next() -> UInt64 { last.add(1, ordering: .relaxed).newValue }
}
