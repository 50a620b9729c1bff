public import FuyunPolicy
public import FuyunProtocol
public import NIOCore

/// The shim's side of the invocation API: begins and ends invocations, and never holds a call up for longer than the
/// deadline.
///
/// Made and used on one event loop only.
///
/// Each invocation keeps the connection on which it began until its end is answered; should the shim die, the agent sees
/// the connection close. A call that begins while an end is in flight waits for that end's answer and goes over the same
/// connection, so that the agent never sees two calls of a container overlap that did not.
public final class AgentPool {
    /// Bounds of the pool.
    public struct Limits: Hashable, Sendable {
        /// How long a begin may take, waiting for a connection included.
        public var beginDeadline: Duration
        /// How long an end may take; nothing waits for it but a begin that follows at once.
        public var endDeadline: Duration
        /// Connections that are kept although no invocation uses them.
        public var maximumIdle: Int
        /// Connections altogether, which is invocations at once.
        public var maximumConnections: Int
        /// The largest answer that is read, in bytes.
        public var maximumAnswerSize: Int

        /// Makes bounds.
        public init(
            beginDeadline: Duration = .milliseconds(5),
            endDeadline: Duration = .seconds(1),
            maximumIdle: Int = 8,
            maximumConnections: Int = 256,
            maximumAnswerSize: Int = 64 << 10
        ) {
            self.beginDeadline = beginDeadline
            self.endDeadline = endDeadline
            self.maximumIdle = maximumIdle
            self.maximumConnections = maximumConnections
            self.maximumAnswerSize = maximumAnswerSize
        }
    }

    /// An invocation that the agent knows, to be handed back with `end`.
    public struct Begun {
        /// The agent's id of it.
        public let id: InvocationID
        fileprivate let connection: ExchangeConnection
        fileprivate let function: String
        fileprivate let activation: String?
    }

    /// How a begin ended.
    ///
    /// In every case the call goes on.
    public enum Outcome {
        /// The agent knows the invocation.
        case begun(Begun)
        /// The agent refused it.
        case refused(ErrorAnswer)
        /// There is no usable answer.
        case failedOpen(ClientFailure)
    }

    private let endpoint: Endpoint
    private let eventLoop: any EventLoop
    private let limits: Limits
    private let now: () -> Deadline

    private var idle: [ExchangeConnection] = []
    private var ending: [(connection: ExchangeConnection, next: Waiter?)] = []
    private var connections = 0
    private var rest = Rest()

    private struct Waiter {
        var request: BeginRequest
        var payload: ByteBuffer
        var deadline: NIODeadline
        var timer: Scheduled<Void>
        var completion: (Outcome) -> Void
    }

    /// Makes a pool without connections; `wallClock` tells the time for `Fuyun-Deadline`.
    public init(
        endpoint: Endpoint,
        eventLoop: any EventLoop,
        limits: Limits = Limits(),
        wallClock: @escaping () -> Deadline
    ) {
        self.endpoint = endpoint
        self.eventLoop = eventLoop
        self.limits = limits
        now = wallClock
    }

    /// Begins an invocation.
    ///
    /// `completion` is called exactly once, within the deadline; at once when the agent is left alone after failures.
    public func begin(_ request: BeginRequest, payload: ByteBuffer, _ completion: @escaping (Outcome) -> Void) {
        eventLoop.assertInEventLoop()
        let start = NIODeadline.now()
        guard !rest.isResting(at: start) else { return completion(.failedOpen(.resting)) }
        let deadline = start + TimeAmount(limits.beginDeadline)
        var request = request
        // An agent that reads this too late must not act on it: the call has gone on without it.
        request.deadline = now() + limits.beginDeadline
        if let index = ending.lastIndex(where: { $0.next == nil }) {
            wait(request, payload, deadline, behind: index, completion)
            return
        }
        let connection: ExchangeConnection
        if let kept = idle.popLast() {
            connection = kept
        } else if connections < limits.maximumConnections {
            connection = open()
        } else {
            return completion(.failedOpen(.busy))
        }
        send(request, payload, deadline, on: connection, completion)
    }

    /// Ends an invocation; `completion` is told whether the agent accounted for it.
    public func end(_ begun: Begun, _ request: EndRequest, _ completion: @escaping (Bool) -> Void = { _ in }) {
        eventLoop.assertInEventLoop()
        var request = request
        request.function = begun.function
        request.activation = begun.activation
        // An agent that started in between is told as well: the request names the function.
        let connection = begun.connection.isFree ? begun.connection : idle.popLast() ?? open()
        ending.append((connection, nil))
        connection.send(
            .end(begun.id, request),
            deadline: .now() + TimeAmount(limits.endDeadline)
        ) { result in
            let next = self.endingFinished(connection)
            let response = try? result.get()
            if response != nil, connection.isFree {
                if let next { self.resume(next, on: connection) } else { self.keep(connection) }
            } else {
                connection.close()
                if let next { self.resume(next, on: self.idle.popLast() ?? self.open()) }
            }
            // The answer's body is for people and reports: nothing here depends on it.
            completion(response?.status == 200)
        }
    }

    /// Closes every connection; invocations in flight are abandoned.
    public func close() {
        for connection in idle { connection.close() }
        idle = []
        for (connection, _) in ending { connection.close() }
    }

    private func wait(
        _ request: BeginRequest,
        _ payload: ByteBuffer,
        _ deadline: NIODeadline,
        behind index: Int,
        _ completion: @escaping (Outcome) -> Void
    ) {
        let connection = ending[index].connection
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            guard let index = self.ending.firstIndex(where: { $0.connection === connection }),
                let late = self.ending[index].next
            else { return }
            self.ending[index].next = nil
            self.rest.failed(at: .now())
            late.completion(.failedOpen(.timedOut))
        }
        ending[index].next = Waiter(
            request: request,
            payload: payload,
            deadline: deadline,
            timer: timer,
            completion: completion
        )
    }

    private func resume(_ waiter: Waiter, on connection: ExchangeConnection) {
        waiter.timer.cancel()
        send(waiter.request, waiter.payload, waiter.deadline, on: connection, waiter.completion)
    }

    private func endingFinished(_ connection: ExchangeConnection) -> Waiter? {
        guard let index = ending.firstIndex(where: { $0.connection === connection }) else { return nil }
        return ending.remove(at: index).next
    }

    private func send(
        _ request: BeginRequest,
        _ payload: ByteBuffer,
        _ deadline: NIODeadline,
        on connection: ExchangeConnection,
        _ completion: @escaping (Outcome) -> Void
    ) {
        let isReused = connection.isReused
        connection.send(.begin(request, payload: payload), deadline: deadline) { result in
            switch result {
            case .failure(.closed) where isReused && NIODeadline.now() < deadline:
                // The agent closed the kept connection, which a restart does: once more, on a new one.
                self.send(request, payload, deadline, on: self.open(), completion)
            case .failure(let failure):
                self.rest.failed(at: .now())
                completion(.failedOpen(failure))
            case .success(let response):
                completion(self.read(response, of: request, on: connection))
            }
        }
    }

    private func read(
        _ response: ClientResponse,
        of request: BeginRequest,
        on connection: ExchangeConnection
    ) -> Outcome {
        do throws(JSONError) {
            guard response.status == 201 else {
                let refusal = try ErrorAnswer(parsing: response.body)
                keep(connection)
                // A refusal is an answer: the agent lives.
                rest.succeeded()
                return .refused(refusal)
            }
            let id = try BeginAnswer.id(parsing: response.body)
            guard connection.isFree else {
                // The agent closes after its answer: it will see the invocation as abandoned.
                rest.failed(at: .now())
                return .failedOpen(.closed)
            }
            rest.succeeded()
            return .begun(
                Begun(
                    id: id,
                    connection: connection,
                    function: request.function,
                    activation: request.activation
                )
            )
        } catch {
            connection.close()
            rest.failed(at: .now())
            return .failedOpen(.malformed(error.description))
        }
    }

    private func open() -> ExchangeConnection {
        let connection = ExchangeConnection(
            endpoint: endpoint,
            eventLoop: eventLoop,
            maximumBodySize: limits.maximumAnswerSize
        )
        connections += 1
        connection.onClose = { [weak self, weak connection] in
            guard let self else { return }
            self.connections -= 1
            self.idle.removeAll { $0 === connection }
        }
        return connection
    }

    private func keep(_ connection: ExchangeConnection) {
        guard connection.isFree else { return }
        if idle.count < limits.maximumIdle { idle.append(connection) } else { connection.close() }
    }
}

/// When an agent that failed several times in a row is asked again.
///
/// 100 ms after the second failure, then twice as long each time up to a second. An absent agent so costs a call nearly
/// nothing.
struct Rest {
    private var failures = 0
    private var until: NIODeadline?

    func isResting(at now: NIODeadline) -> Bool {
        guard let until else { return false }
        return now < until
    }

    mutating func succeeded() {
        failures = 0
        until = nil
    }

    mutating func failed(at now: NIODeadline) {
        failures = min(failures + 1, 6)
        guard failures >= 2 else { return }
        until = now + .milliseconds(min(1000, 50 << Int64(failures - 1)))
    }
}
