import AsyncHTTPClient
public import FuyunProtocol
public import NIOCore
import NIOHTTP1

/// Where the coordinator is, and with what to go there.
public struct CoordinatorSettings: Hashable, Sendable {
    /// Where it is.
    public var address: CoordinatorAddress
    /// A file that holds the bearer token, for its owner only; nil sends none.
    public var tokenFile: String?
    /// A file with the certificates (PEM) of the authorities to trust; nil trusts those of the system.
    public var authorityFile: String?
    /// How long a connection may take to come about.
    public var connectTimeout = Duration.seconds(5)
    /// How long an answer may take, on top of what the coordinator was asked to wait.
    public var answerTimeout = Duration.seconds(30)

    /// Makes settings.
    public init(address: CoordinatorAddress, tokenFile: String? = nil, authorityFile: String? = nil) {
        self.address = address
        self.tokenFile = tokenFile
        self.authorityFile = authorityFile
    }
}

/// The coordinator, as agents and operators speak to it: HTTP/1.1, kept connections, no redirects, no compression.
///
/// Every call may be cancelled, and ends at its deadline whatever the other end does. `shutdown()` must be called.
public final class CoordinatorClient: Sendable {
    /// The largest answer with policies that is read, in bytes.
    public static let maximumPolicies = 64 << 20
    /// The largest other answer that is read, in bytes.
    public static let maximumAnswer = 16 << 20
    /// The longest that a coordinator is asked to hold a request back.
    public static let maximumWait = Duration.seconds(60)

    private let settings: CoordinatorSettings
    private let credentials: Credentials
    private let http: HTTPClient

    /// Makes a client whose connections live on the loops of `group`.
    ///
    /// Nothing is opened or read yet; files that are missing make calls fail, and are looked for again at the next.
    public init(_ settings: CoordinatorSettings, on group: any EventLoopGroup) {
        self.settings = settings
        credentials = Credentials(tokenFile: settings.tokenFile, authorityFile: settings.authorityFile)
        var pool = HTTPClient.Configuration.ConnectionPool(idleTimeout: .seconds(90))
        // One long poll, one batch, one to spare.
        pool.concurrentHTTP1ConnectionsPerHostSoftLimit = 3
        // Callers have a back-off of their own and want to know at once.
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: TimeAmount(settings.connectTimeout),
                // Longer than any long poll, and than several heartbeats of an event stream.
                read: TimeAmount(Self.maximumWait + .seconds(15))
            ),
            connectionPool: pool,
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        http = HTTPClient(eventLoopGroup: group, configuration: configuration)
    }

    /// Closes all connections; calls that are under way fail.
    public func shutdown() async {
        // It fails only when it was done before.
        try? await http.shutdown()
    }

    // MARK: The agent's calls

    /// Asks for the policies in use, or for what changed since a revision.
    ///
    /// - Parameters:
    ///   - node: The node that asks.
    ///   - revision: The revision that the node has; nil asks for everything.
    ///   - wait: How long the coordinator may hold the answer back while nothing changes, at most a minute.
    public func policies(
        node: String,
        after revision: Int64?,
        wait: Duration
    ) async throws(CoordinatorError) -> PoliciesAnswer {
        let wait = min(max(wait, .zero), Self.maximumWait)
        var query = [(name: "wait", value: String(wait.components.seconds))]
        if let revision { query.append(("after", String(revision))) }
        let exchange = Exchange(
            url: settings.address.url(["v1", "nodes", node, "policies"], query: query),
            timeout: settings.answerTimeout + wait,
            maximumAnswer: Self.maximumPolicies
        )
        return try await answer(to: exchange) { body throws(JSONError) in try PoliciesAnswer(parsing: body) }
    }

    /// Sends a batch of observations; they are on the coordinator's disk when this returns.
    ///
    /// What was sent before is counted as duplicate, so that a batch may be sent again whatever happened to it.
    public func send(observations: ByteBuffer, node: String) async throws(CoordinatorError) -> ObservationsAnswer {
        var exchange = Exchange(
            url: settings.address.url(["v1", "nodes", node, "observations"]),
            timeout: settings.answerTimeout,
            maximumAnswer: Self.maximumAnswer
        )
        exchange.method = .POST
        exchange.body = observations
        return try await answer(to: exchange) { body throws(JSONError) in try ObservationsAnswer(parsing: body) }
    }

    /// Tells what a node saw of its functions' payloads; the coordinator has merged it when this returns.
    ///
    /// Not sent a second time by itself: payloads that are told twice are counted twice.
    public func send(shapes: ShapesBody, node: String) async throws(CoordinatorError) {
        var exchange = Exchange(
            url: settings.address.url(["v1", "nodes", node, "shapes"]),
            timeout: settings.answerTimeout,
            maximumAnswer: Self.maximumAnswer
        )
        exchange.method = .POST
        exchange.body = shapes.body
        exchange.mayRepeat = false
        _ = try await success(exchange)
    }

    // MARK: The operator's calls

    /// Performs a request.
    package func answer<Answer: WireValue>(
        to request: CoordinatorRequest<Answer>
    ) async throws(CoordinatorError) -> Answer {
        try await answer(to: exchange(request)) { body throws(JSONError) in try Answer(parsing: body) }
    }

    /// Performs a request that has no answer but that it was done.
    package func perform(_ request: CoordinatorRequest<NoContent>) async throws(CoordinatorError) {
        _ = try await success(exchange(request))
    }

    /// Performs a request; gives the answer as it is.
    package func raw<Answer>(_ request: CoordinatorRequest<Answer>) async throws(CoordinatorError) -> ByteBuffer {
        try await success(exchange(request))
    }

    /// Follows the stream of events after an id (those from now on when nil), for as long as `event` says true and the
    /// connection holds.
    package func follow(
        after id: Int64?,
        _ event: (CoordinatorAPI.Event) -> Bool
    ) async throws(CoordinatorError) {
        let query = id.map { [(name: "after", value: String($0))] } ?? []
        var exchange = Exchange(
            url: settings.address.url(["v1", "events"], query: query),
            timeout: .seconds(366 * 86_400),
            maximumAnswer: Self.maximumAnswer
        )
        exchange.accept = EventStream.mediaType
        let response = try await begin(exchange)
        guard response.status.code == 200 else { throw try await refusal(response, exchange) }
        let type = response.headers.first(name: "Content-Type") ?? ""
        guard type.hasPrefix(EventStream.mediaType) else {
            throw CoordinatorError(
                .badAnswer,
                "\(exchange.url) answers with \(type.isEmpty ? "no type" : type), not \(EventStream.mediaType)",
                advice: "is that a coordinator?"
            )
        }
        var reader = EventStreamReader()
        do {
            for try await piece in response.body {
                for next in try reader.read(piece) where !event(next) { return }
            }
            try Task.checkCancellation()
        } catch {
            throw settings.explain(error, url: exchange.url, timeout: exchange.timeout)
        }
    }

    private func exchange<Answer>(_ request: CoordinatorRequest<Answer>) -> Exchange {
        var exchange = Exchange(
            url: settings.address.url(request.path, query: request.query),
            timeout: request.timeout,
            maximumAnswer: Self.maximumAnswer
        )
        exchange.method = HTTPMethod(rawValue: request.method.rawValue)
        exchange.body = request.body
        exchange.accept = request.accept
        // What is done twice by these is done once.
        exchange.mayRepeat = request.method != .post
        return exchange
    }

    // MARK: Exchanges

    /// One request and what holds for it.
    private struct Exchange {
        var method = HTTPMethod.GET
        var url: String
        var body: ByteBuffer?
        var timeout: Duration
        var maximumAnswer: Int
        var accept = "application/json"
        /// Whether it may be sent a second time when the connection turns out to have been closed.
        var mayRepeat = true
        /// When it must be over, the answer's last byte included.
        let deadline: ContinuousClock.Instant

        init(url: String, timeout: Duration, maximumAnswer: Int) {
            self.url = url
            self.timeout = timeout
            self.maximumAnswer = maximumAnswer
            deadline = .now + timeout
        }
    }

    private func answer<Answer>(
        to exchange: Exchange,
        _ parse: (ByteBuffer) throws(JSONError) -> Answer
    ) async throws(CoordinatorError) -> Answer {
        let body = try await success(exchange)
        do throws(JSONError) {
            return try parse(body)
        } catch {
            throw CoordinatorError(
                .badAnswer,
                "the answer of \(exchange.url) is not understood: \(error)",
                advice: "is that a coordinator, and of the same version?"
            )
        }
    }

    /// The body of an answer of success.
    private func success(_ exchange: Exchange) async throws(CoordinatorError) -> ByteBuffer {
        let response = try await begin(exchange)
        guard (200..<300).contains(response.status.code) else { throw try await refusal(response, exchange) }
        return try await body(of: response, exchange)
    }

    private func begin(_ exchange: Exchange) async throws(CoordinatorError) -> HTTPClientResponse {
        var request = HTTPClientRequest(url: exchange.url)
        request.method = exchange.method
        request.headers.add(name: "Accept", value: exchange.accept)
        request.headers.add(name: "User-Agent", value: "fuyun/\(FuyunVersion.text)")
        request.headers.add(name: FuyunHeader.agentVersion, value: FuyunVersion.text)
        if let authorization = try credentials.authorization(for: settings.address) {
            request.headers.add(name: "Authorization", value: authorization)
        }
        if settings.address.isEncrypted { request.tlsConfiguration = try credentials.trust() }
        if let body = exchange.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        let deadline = NIODeadline.now() + TimeAmount(exchange.deadline - .now)
        do {
            do {
                return try await http.execute(request, deadline: deadline)
            } catch let error as HTTPClientError where error == .remoteConnectionClosed && exchange.mayRepeat {
                // A kept connection that the other end had just closed.
                return try await http.execute(request, deadline: deadline)
            }
        } catch {
            throw settings.explain(error, url: exchange.url, timeout: exchange.timeout)
        }
    }

    private func body(
        of response: HTTPClientResponse,
        _ exchange: Exchange
    ) async throws(CoordinatorError) -> ByteBuffer {
        do {
            // The client's own deadline ends with the head of the answer.
            return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
                group.addTask {
                    let body = try await response.body.collect(upTo: exchange.maximumAnswer)
                    // A cancelled task sees the body end early.
                    try Task.checkCancellation()
                    return body
                }
                group.addTask {
                    try await Task.sleep(until: exchange.deadline)
                    throw HTTPClientError.deadlineExceeded
                }
                defer { group.cancelAll() }
                return try await group.next() ?? ByteBuffer()
            }
        } catch {
            throw settings.explain(
                error,
                url: exchange.url,
                timeout: exchange.timeout,
                maximumAnswer: exchange.maximumAnswer
            )
        }
    }

    private func refusal(
        _ response: HTTPClientResponse,
        _ exchange: Exchange
    ) async throws(CoordinatorError) -> CoordinatorError {
        var exchange = exchange
        exchange.maximumAnswer = 1 << 20
        let body = try await body(of: response, exchange)
        return settings.explain(
            status: Int(response.status.code),
            body: try? RefusalBody(parsing: body),
            location: response.headers.first(name: "Location"),
            url: exchange.url
        )
    }
}
