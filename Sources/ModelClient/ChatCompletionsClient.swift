import AsyncHTTPClient
public import FuyunDrafter
import FuyunPolicy
import Glibc
public import Logging
public import NIOCore
import NIOHTTP1
import Synchronization

/// One try of asking, for those who count.
public struct ModelCall: Hashable, Sendable {
    /// Why there was no answer; nil for an answer.
    public var failure: ModelFailure.Code?
    /// Tokens and cost.
    public var usage: TokenUsage
    /// How long it took.
    public var duration: Duration
}

/// A model behind an endpoint that speaks OpenAI's chat completions: hosted, or vLLM, Ollama, llama.cpp on a machine of
/// one's own.
///
/// Answers come whole, never as a stream, and at most 1 MiB of them is read. What the endpoint does not take (a JSON
/// schema, a name of a parameter) is learnt from its refusal and left out from then on. `shutdown()` must be called.
public final class ChatCompletionsClient: LanguageModel {
    private let settings: ModelSettings
    private let surroundings: ModelSurroundings
    private let logger: Logger
    private let called: @Sendable (ModelCall) -> Void
    private let http: HTTPClient
    private let state: Mutex<State>

    private struct State {
        var dialect = Dialect()
        var budget: ModelBudget
    }

    /// Makes a client whose connections live on the loops of `group`; nothing is opened or read yet.
    ///
    /// - Parameters:
    ///   - budget: What was asked and spent before; nil for nothing.
    ///   - called: Told of each try.
    public convenience init(
        _ settings: ModelSettings,
        on group: any EventLoopGroup,
        budget: ModelBudget? = nil,
        logger: Logger,
        called: @escaping @Sendable (ModelCall) -> Void = { _ in }
    ) {
        self.init(settings, on: group, .system, budget: budget, logger: logger, called: called)
    }

    init(
        _ settings: ModelSettings,
        on group: any EventLoopGroup,
        _ surroundings: ModelSurroundings,
        budget: ModelBudget? = nil,
        logger: Logger,
        called: @escaping @Sendable (ModelCall) -> Void = { _ in }
    ) {
        self.settings = settings
        self.surroundings = surroundings
        self.logger = logger
        self.called = called
        state = Mutex(State(budget: budget ?? ModelBudget(settings.limits)))
        var pool = HTTPClient.Configuration.ConnectionPool(idleTimeout: .seconds(30))
        // The retries here know how often.
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: TimeAmount(min(settings.timeout, .seconds(30))),
                read: TimeAmount(settings.timeout + .seconds(1))
            ),
            connectionPool: pool,
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        http = HTTPClient(eventLoopGroup: group, configuration: configuration)
    }

    /// Closes all connections; questions that are under way fail.
    public func shutdown() async {
        // It fails only when it was done before.
        try? await http.shutdown()
    }

    // MARK: Asking

    /// Asks, and asks again where that may help.
    public func complete(_ request: ChatRequest) async throws(ModelFailure) -> ChatReply {
        let plan = RetryPlan(retries: settings.retries, pause: settings.pause, longestPause: settings.longestPause)
        var failures = 0
        var adaptations = 0
        var dialect = state.withLock { $0.dialect }
        while true {
            let attempt = try await attempt(request, dialect)
            switch attempt {
            case .answer(let reply):
                // Only now it is sure what the refusal was about.
                state.withLock { $0.dialect = dialect }
                return reply
            case .refused(let refusal):
                guard adaptations < 2, let other = dialect.adapted(to: refusal, hasSchema: request.schema != nil) else {
                    throw refusal.failure
                }
                adaptations += 1
                dialect = other
                logger.notice(
                    "the model's endpoint refuses a parameter; it is asked without",
                    metadata: ["endpoint": "\(settings.endpoint)", "reason": "\(refusal.failure.message)"]
                )
            case .failed(let failure, let asked):
                failures += 1
                guard let wait = plan.wait(after: failures, asked: asked, chance: surroundings.chance()) else {
                    throw failures == 1 ? failure : failure.after(tries: failures)
                }
                logger.info(
                    "the model does not answer; it is asked again",
                    metadata: [
                        "endpoint": "\(settings.endpoint)", "reason": "\(failure.message)",
                        "wait_seconds": "\(wait / .seconds(1))",
                    ]
                )
                do { try await surroundings.sleep(wait) } catch { throw explain(error) }
            }
        }
    }

    /// What one try came to.
    private enum Attempt {
        case answer(ChatReply)
        /// The request is wrong for this endpoint.
        case refused(Refusal)
        /// It may go better later.
        case failed(ModelFailure, asked: Duration?)
    }

    private func attempt(_ request: ChatRequest, _ dialect: Dialect) async throws(ModelFailure) -> Attempt {
        try admit()
        let (headers, trust, key) = try credentials()
        let body = ChatCompletion.body(request, model: settings.model, dialect)
        let began = surroundings.monotonic()
        var usage = TokenUsage()
        do throws(ModelFailure) {
            let response = try await exchange(body, headers, trust)
            let attempt = try judge(
                response,
                question: body.readableBytes,
                key: key,
                usesSchema: dialect.takesSchema && request.schema != nil
            )
            var failure: ModelFailure.Code?
            switch attempt {
            case .answer(let reply): usage = reply.usage
            case .refused(let refusal): failure = refusal.failure.code
            case .failed(let reason, _): failure = reason.code
            }
            if let cost = usage.cost { state.withLock { $0.budget.spend(cost, at: surroundings.wall()) } }
            called(ModelCall(failure: failure, usage: usage, duration: surroundings.monotonic() - began))
            return attempt
        } catch {
            called(ModelCall(failure: error.code, usage: usage, duration: surroundings.monotonic() - began))
            guard error.code == .unreachable else { throw error }
            return .failed(error, asked: nil)
        }
    }

    private func admit() throws(ModelFailure) {
        let refusal = state.withLock { $0.budget.admit(at: surroundings.wall()) }
        switch refusal {
        case nil: return
        case .requests(let wait):
            throw ModelFailure(
                .budgetSpent,
                "\(settings.limits.requestsPerHour) requests went to the model within an hour, which is what is allowed "
                    + "(requests_per_hour); the next may go in \(wait.components.seconds + 1) s"
            )
        case .cost(let spent, let wait):
            throw ModelFailure(
                .budgetSpent,
                "the model has cost \(spent.roundedToCents) within a day, and \(settings.limits.costPerDay ?? 0) is allowed "
                    + "(cost_per_day); the next request may go in \(wait.components.seconds / 60 + 1) min"
            )
        }
    }

    private func credentials() throws(ModelFailure) -> (HTTPHeaders, TLSTrust?, key: String?) {
        var headers = HTTPHeaders([("Accept", "application/json"), ("Content-Type", "application/json")])
        headers.add(name: "User-Agent", value: "fuyun")
        if let problem = settings.clearKeyProblem { throw ModelFailure(.unauthorized, problem) }
        do throws(ModelFiles.Problem) {
            let key = try settings.keyFile.map { path throws(ModelFiles.Problem) in try ModelFiles.key(path) }
            if let key { headers.add(name: "Authorization", value: "Bearer \(key)") }
            let trust = try settings.authorityFile.map { path throws(ModelFiles.Problem) in
                TLSTrust(configuration: try ModelFiles.trust(path))
            }
            return (headers, trust, key)
        } catch {
            throw ModelFailure(.unauthorized, error.description)
        }
    }

    // MARK: One exchange

    private struct Response {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer
    }

    private func exchange(
        _ body: ByteBuffer,
        _ headers: HTTPHeaders,
        _ trust: TLSTrust?
    ) async throws(ModelFailure) -> Response {
        var request = HTTPClientRequest(url: settings.endpoint.completions)
        request.method = .POST
        request.headers = headers
        request.body = .bytes(body)
        if settings.endpoint.isEncrypted { request.tlsConfiguration = trust?.configuration }
        let made = request
        do {
            // The client's own deadline ends with the head of the answer; this one with its last byte.
            return try await withThrowingTaskGroup(of: Response.self) { [http, settings] group in
                group.addTask {
                    let response = try await http.execute(made, timeout: TimeAmount(settings.timeout))
                    let body = try await response.body.collect(upTo: ChatCompletion.largestAnswer)
                    // A cancelled task sees the body end early.
                    try Task.checkCancellation()
                    return Response(status: Int(response.status.code), headers: response.headers, body: body)
                }
                group.addTask {
                    try await Task.sleep(for: settings.timeout)
                    throw HTTPClientError.deadlineExceeded
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        } catch {
            throw explain(error)
        }
    }

    private func judge(
        _ response: Response,
        question: Int,
        key: String?,
        usesSchema: Bool
    ) throws(ModelFailure) -> Attempt {
        guard response.status == 200 || response.status == 201 else { return refusal(response, key: key) }
        let type = response.headers.first(name: "Content-Type")
        let answer: ChatCompletion.Answer
        do throws(ChatCompletion.Misfit) {
            answer = try ChatCompletion.answer(response.body, type: type)
        } catch {
            throw ModelFailure(.badAnswer, clean("\(settings.endpoint): \(error.reason)", key))
        }
        // Who does not say is counted as if a token had three bytes: rather too much than too little.
        var usage = TokenUsage(
            promptTokens: answer.promptTokens ?? question / 3,
            completionTokens: answer.completionTokens ?? answer.content.utf8.count / 3
        )
        usage.cost = settings.prices.map {
            (Double(usage.promptTokens) * $0.prompt + Double(usage.completionTokens) * $0.completion) / 1e6
        }
        return .answer(
            ChatReply(
                content: answer.content,
                model: answer.model ?? settings.model,
                usage: usage,
                followedSchema: usesSchema
            )
        )
    }

    private func refusal(_ response: Response, key: String?) -> Attempt {
        let (said, code) = ChatCompletion.refusal(response.body)
        let words = said.map { ": \(clean($0, key))" } ?? ""
        let status = response.status
        let endpoint = settings.endpoint
        switch status {
        case 401, 403:
            let advice =
                settings.keyFile.map { "is the key of \($0) the one of this endpoint?" } ?? "name a file with a key"
            return final(.unauthorized, "\(endpoint) does not let us in (status \(status))\(words); \(advice)")
        case 429:
            let failure = ModelFailure(.rateLimited, "\(endpoint) says that it is asked too often (429)\(words)")
            // Waiting brings no money.
            if code == "insufficient_quota" { return final(failure.code, failure.message) }
            return .failed(failure, asked: retryAfter(response))
        case 500...:
            if status == 501 {
                return .refused(
                    Refusal(
                        status: status,
                        said: said ?? "",
                        failure: ModelFailure(.refused, "\(endpoint) cannot do that (501)\(words)")
                    )
                )
            }
            let failure = ModelFailure(.serverError, "\(endpoint) fails (status \(status))\(words)")
            return .failed(failure, asked: retryAfter(response))
        case 300..<400:
            let place = response.headers.first(name: "Location").map { ChatCompletion.oneLine($0) } ?? "another place"
            return final(
                .badAnswer,
                "\(endpoint) refers to \(place) (status \(status)); name the endpoint's own address"
            )
        case 404:
            return final(
                .refused,
                "\(settings.endpoint.completions) is not there, or has no model \(settings.model) (404)\(words)"
            )
        case 400..<500:
            let failure = ModelFailure(.refused, "\(endpoint) refuses the request (status \(status))\(words)")
            return .refused(Refusal(status: status, said: said ?? "", failure: failure))
        default:
            return final(.badAnswer, "\(endpoint) answers with status \(status); is that a chat-completions endpoint?")
        }
    }

    private func final(_ code: ModelFailure.Code, _ message: String) -> Attempt {
        .refused(Refusal(status: 0, said: "", failure: ModelFailure(code, message)))
    }

    private func retryAfter(_ response: Response) -> Duration? {
        response.headers.first(name: "Retry-After").flatMap {
            RetryAfter.wait($0, at: surroundings.wall().components.seconds)
        }
    }

    /// What an endpoint says never brings the key into a message.
    private func clean(_ text: String, _ key: String?) -> String {
        guard let key, key.utf8.count >= 4 else { return text }
        return text.replacing(key, with: "***")
    }

    private func explain(_ error: any Error) -> ModelFailure { settings.explain(error) }
}

/// A refusal that may be of one parameter only.
struct Refusal: Hashable, Sendable {
    var status: Int
    /// What the endpoint says.
    var said: String
    var failure: ModelFailure
}

extension Dialect {
    /// What to try instead; nil when nothing is left to leave out.
    func adapted(to refusal: Refusal, hasSchema: Bool) -> Dialect? {
        guard [400, 415, 422, 501].contains(refusal.status) else { return nil }
        var other = self
        if !namesCompletionTokens, refusal.said.contains("max_completion_tokens") {
            other.namesCompletionTokens = true
            return other
        }
        // Few say clearly what they do not take: a second question is cheap, and its refusal is then the one that counts.
        guard takesSchema, hasSchema else { return nil }
        other.takesSchema = false
        return other
    }
}

extension ModelFailure {
    fileprivate func after(tries: Int) -> ModelFailure { ModelFailure(code, "\(message); asked \(tries) times") }
}

extension Double {
    fileprivate var roundedToCents: String {
        let cents = (self * 100).rounded()
        guard cents.isFinite, cents < 1e15 else { return "\(self)" }
        let whole = Int(cents)
        return "\(whole / 100).\(whole % 100 < 10 ? "0" : "")\(whole % 100)"
    }
}
