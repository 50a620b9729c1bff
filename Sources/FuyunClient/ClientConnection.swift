public import FuyunPolicy
public import FuyunProtocol
public import NIOCore

/// A keep-alive connection to an agent for tests and the command line: one request at a time, each with a deadline.
///
/// An invocation belongs to the connection on which it began: closing it before the end abandons the invocation.
public final class ClientConnection: Sendable {
    private let eventLoop: any EventLoop
    private let connection: NIOLoopBoundBox<ExchangeConnection>
    private let deadline: Duration

    /// Makes a connection that connects with its first request; an answer's body may have `maximumBodySize` bytes.
    public init(
        to endpoint: Endpoint,
        on eventLoop: any EventLoop,
        deadline: Duration = .seconds(5),
        maximumBodySize: Int = 16 << 20
    ) {
        self.eventLoop = eventLoop
        self.deadline = deadline
        connection = .makeBoxSendingValue(
            ExchangeConnection(endpoint: endpoint, eventLoop: eventLoop, maximumBodySize: maximumBodySize),
            eventLoop: eventLoop
        )
    }

    /// Sends a request and waits for its answer.
    public func send(_ request: ClientRequest) async throws(ClientFailure) -> ClientResponse {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<ClientResponse, ClientFailure>, Never>) in
            eventLoop.execute { [connection, deadline] in
                connection.value.send(request, deadline: .now() + TimeAmount(deadline)) {
                    continuation.resume(returning: $0)
                }
            }
        }
        return try result.get()
    }

    /// Begins an invocation; throws the agent's refusal (`ErrorAnswer`) or why there is none (`ClientFailure`).
    public func begin(_ request: BeginRequest, payload: ByteBuffer = ByteBuffer()) async throws -> BeginAnswer {
        let response = try await send(.begin(request, payload: payload))
        guard response.status == 201 else { throw try response.refusal() }
        return try BeginAnswer(parsing: response.body)
    }

    /// Ends an invocation; throws like `begin`.
    public func end(_ id: InvocationID, _ request: EndRequest = EndRequest()) async throws -> EndAnswer {
        let response = try await send(.end(id, request))
        guard response.status == 200 else { throw try response.refusal() }
        return try EndAnswer(parsing: response.body)
    }

    /// Closes the connection.
    public func close() {
        eventLoop.execute { [connection] in connection.value.close() }
    }
}

extension ClientRequest {
    /// The request that begins an invocation.
    public static func begin(_ request: BeginRequest, payload: ByteBuffer) -> ClientRequest {
        ClientRequest(.post, Route.invocations.path, headers: request.headers, body: payload)
    }

    /// The request that ends an invocation.
    public static func end(_ id: InvocationID, _ request: EndRequest) -> ClientRequest {
        var body = ByteBuffer()
        request.write(into: &body)
        return ClientRequest(.post, Route.end(id).path, headers: request.headers, body: body)
    }

    /// Sends the request on a connection of its own and waits for the answer.
    public func send(
        to endpoint: Endpoint,
        on eventLoop: any EventLoop,
        deadline: Duration = .seconds(5),
        maximumBodySize: Int = 16 << 20
    ) async throws(ClientFailure) -> ClientResponse {
        let connection = ClientConnection(
            to: endpoint,
            on: eventLoop,
            deadline: deadline,
            maximumBodySize: maximumBodySize
        )
        defer { connection.close() }
        return try await connection.send(self)
    }
}

extension ClientResponse {
    /// Reads the refusal that the body holds.
    public func refusal() throws(ClientFailure) -> ErrorAnswer {
        do throws(JSONError) {
            return try ErrorAnswer(parsing: body)
        } catch {
            throw .malformed("status \(status), \(error)")
        }
    }
}
