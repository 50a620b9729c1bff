import FuyunDrafter
import FuyunPolicy
import FuyunTestSupport
import NIOCore
import Testing

@testable import ModelClient

@Suite("Asking a model")
struct ClientTests {
    @Test("a question goes whole, with the schema, and its answer comes back with tokens and cost")
    func asks() async throws {
        let result = try await ask { settings in
            settings.prices = .init(prompt: 2, completion: 10)
        } script: { _, _ in
            Reply.http("200 OK", Reply.good)
        }
        #expect(result.failure == nil)
        #expect(result.reply?.content == #"{"answer":42}"#)
        #expect(result.reply?.model == "model-7b-q4")
        #expect(result.reply?.followedSchema == true)
        #expect(result.reply?.usage.promptTokens == 1_000)
        #expect(result.reply?.usage.completionTokens == 200)
        #expect(result.reply?.usage.cost.map { abs($0 - 0.004) < 1e-12 } == true)
        #expect(result.calls.map(\.failure) == [nil])
        let request = try #require(result.requests.first)
        #expect(request.method == "POST" && request.target == "/v1/chat/completions")
        #expect(request.header("Authorization") == nil)
        let body = try #require(result.bodies.first)
        #expect(body["model"]?.text == "m")
        #expect(body["max_tokens"]?.number == 512)
        if case .bool(let stream)? = body["stream"]?.content { #expect(!stream) } else { Issue.record("no stream") }
        #expect(body["messages"]?.elements.map { $0["role"]?.text } == ["system", "user"])
        #expect(body["messages"]?.elements.last?["content"]?.text == "Secret source")
        #expect(body["response_format"]?["json_schema"]?["name"]?.text == "answer")
        #expect(body["response_format"]?["json_schema"]?["schema"]?["type"]?.text == "object")
        #expect(body["temperature"] == nil)
    }

    @Test("an endpoint that refuses the schema is asked in words, and from then on only so")
    func fallsBack() async throws {
        let result = try await ask(times: 2) { number, _ in
            number == 0
                ? Reply.error("400 Bad Request", "response_format is not supported") : Reply.http("200 OK", Reply.good)
        }
        #expect(result.failure == nil)
        #expect(result.reply?.followedSchema == false)
        #expect(result.waits.isEmpty)
        #expect(result.bodies.map { $0["response_format"] == nil } == [false, true, true])
        let last = result.bodies.last?["messages"]?.elements.last?["content"]?.text
        #expect(last?.hasPrefix("Secret source") == true)
        #expect(last?.contains(#"{"type":"object"}"#) == true)
        // The first try was a call too.
        #expect(result.calls.map(\.failure) == [.refused, nil, nil])
    }

    @Test("a refusal of another thing is told as it is, and nothing is learnt from it")
    func refused() async throws {
        let result = try await ask(times: 2) { _, _ in Reply.error("400 Bad Request", "no model m here") }
        #expect(result.failure?.code == .refused)
        #expect(result.failure?.message.contains("no model m here") == true)
        #expect(result.bodies.map { $0["response_format"] == nil } == [false, true, false, true])
    }

    @Test("an endpoint that calls the limit of tokens otherwise is asked otherwise")
    func tokens() async throws {
        let result = try await ask(times: 2) { number, _ in
            number == 0
                ? Reply.error("400 Bad Request", "Use 'max_completion_tokens' instead.")
                : Reply.http("200 OK", Reply.good)
        }
        #expect(result.reply?.followedSchema == true)
        #expect(result.bodies.map { $0["max_tokens"] == nil } == [false, true, true])
        #expect(result.bodies.last?["max_completion_tokens"]?.number == 512)
    }

    struct Failing: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var steps: [StubServer.Step]
        var code: ModelFailure.Code
        var words: String
        var requests = 1
    }

    private static let long = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 20)

    static let failures: [Failing] = [
        Failing(
            testDescription: "401",
            steps: Reply.error("401 Unauthorized", "bad key"),
            code: .unauthorized,
            words: "name a file with a key"
        ),
        Failing(
            testDescription: "403",
            steps: Reply.error("403 Forbidden", "not you"),
            code: .unauthorized,
            words: "not you"
        ),
        Failing(
            testDescription: "404",
            steps: Reply.error("404 Not Found", "x"),
            code: .refused,
            words: "has no model m"
        ),
        Failing(
            testDescription: "429",
            steps: Reply.error("429 Too Many Requests", "slow down"),
            code: .rateLimited,
            words: "slow down; asked 4 times",
            requests: 4
        ),
        Failing(
            testDescription: "no money left",
            steps: Reply.error("429 Too Many Requests", "pay", code: "insufficient_quota"),
            code: .rateLimited,
            words: "pay"
        ),
        Failing(
            testDescription: "500",
            steps: Reply.error("500 Internal Server Error", "oh"),
            code: .serverError,
            words: "status 500): oh; asked 4",
            requests: 4
        ),
        Failing(
            testDescription: "503",
            steps: Reply.http("503 Service Unavailable", "loading", type: "text/plain"),
            code: .serverError,
            words: "503",
            requests: 4
        ),
        Failing(
            testDescription: "a redirect",
            steps: Reply.http("302 Found", "", type: "text/html", "Location: https://login.example.org/"),
            code: .badAnswer,
            words: "https://login.example.org/"
        ),
        Failing(
            testDescription: "HTML",
            steps: Reply.http("200 OK", "<html>Welcome</html>", type: "text/html"),
            code: .badAnswer,
            words: "no JSON (text/html)"
        ),
        Failing(
            testDescription: "cut JSON",
            steps: Reply.http("200 OK", String(Reply.good.dropLast(4))),
            code: .badAnswer,
            words: "no JSON"
        ),
        Failing(
            testDescription: "other JSON",
            steps: Reply.http("200 OK", "{\"ok\":true}"),
            code: .badAnswer,
            words: "no choices"
        ),
        Failing(
            testDescription: "no choice",
            steps: Reply.http("200 OK", "{\"choices\":[]}"),
            code: .badAnswer,
            words: "no choices"
        ),
        Failing(
            testDescription: "an error with 200",
            steps: Reply.http("200 OK", "{\"error\":{\"message\":\"no GPU\"}}"),
            code: .badAnswer,
            words: "no GPU"
        ),
        Failing(
            testDescription: "no text",
            steps: Reply.http(
                "200 OK",
                "{\"choices\":[{\"finish_reason\":\"length\",\"message\":{\"content\":null}}]}"
            ),
            code: .badAnswer,
            words: "tokens were used up"
        ),
        Failing(
            testDescription: "a refusal of the model",
            steps: Reply.http("200 OK", "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}"),
            code: .badAnswer,
            words: "refused to answer"
        ),
        Failing(
            testDescription: "ten megabytes",
            steps: [.text("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n"), .repeat(long, 10)],
            code: .badAnswer,
            words: "more than 1048576 bytes"
        ),
        Failing(
            testDescription: "ten megabytes in chunks",
            steps: [
                .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .repeat(ByteBuffer(string: "100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n"), 10),
            ],
            code: .badAnswer,
            words: "more than 1048576 bytes"
        ),
        Failing(
            testDescription: "a cut answer",
            steps: [.text("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\""), .close],
            code: .unreachable,
            words: "closed the connection",
            requests: 4
        ),
        Failing(
            testDescription: "no answer at all",
            steps: [.close],
            code: .unreachable,
            words: "asked 4 times",
            requests: 4
        ),
        Failing(
            testDescription: "no HTTP",
            steps: [.text("SSH-2.0-OpenSSH_9.6\r\n"), .close],
            code: .badAnswer,
            words: "does not speak HTTP"
        ),
        Failing(
            testDescription: "204",
            steps: [.text("HTTP/1.1 204 No Content\r\n\r\n")],
            code: .badAnswer,
            words: "204"
        ),
    ]

    @Test(
        "what goes wrong is told in an operator's words, and asked again only where that may help",
        arguments: failures
    )
    func fails(failing: Failing) async throws {
        let result = try await ask(ChatRequest(messages: question.messages, schema: nil, maximumTokens: 9)) { _, _ in
            failing.steps
        }
        #expect(result.failure?.code == failing.code, "\(String(describing: result.failure))")
        #expect(result.failure?.message.contains(failing.words) == true, "\(result.failure?.message ?? "")")
        #expect(result.failure?.message.contains("Secret source") == false)
        #expect(result.requests.count == failing.requests)
        #expect(result.waits.count == failing.requests - 1)
        #expect(result.calls.count == failing.requests && result.calls.allSatisfy { $0.failure == failing.code })
    }

    @Test("what went wrong once is asked again, after the time that the endpoint asks for")
    func recovers() async throws {
        let result = try await ask { number, _ in
            switch number {
            case 0: Reply.error("429 Too Many Requests", "slow down", code: "x", "Retry-After: 7")
            case 1: Reply.error("503 Service Unavailable", "busy")
            case 2: [.close]
            default: Reply.http("200 OK", Reply.good)
            }
        }
        #expect(result.reply?.content == #"{"answer":42}"#)
        #expect(result.waits == [.milliseconds(7_500), .seconds(2), .seconds(4)])
        #expect(result.calls.map(\.failure) == [.rateLimited, .serverError, .unreachable, nil])
    }

    @Test("an answer that does not come whole in time is no answer", arguments: [true, false])
    func timesOut(withHead: Bool) async throws {
        let steps: [StubServer.Step] =
            withHead
            ? [.text("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"), .sleep(.seconds(5)), .close]
            : [.sleep(.seconds(5)), .close]
        let result = try await ask {
            $0.timeout = .milliseconds(200)
        } script: { _, _ in
            steps
        }
        #expect(result.failure?.code == .timedOut, "\(String(describing: result.failure))")
        #expect(result.failure?.message.contains("within 0.2 s") == true)
        #expect(result.requests.count == 1)
    }

    @Test("nobody at the address is said so")
    func nobody() async throws {
        let result = try await ask { settings in
            settings.endpoint = (try? ModelEndpoint("http://127.0.0.1:9")) ?? settings.endpoint
            settings.retries = 1
        } script: { _, _ in
            []
        }
        #expect(result.failure?.code == .unreachable)
        #expect(result.failure?.message.contains("asked 2 times") == true)
    }

    @Test("the budget holds over questions and tries")
    func budget() async throws {
        let requests = try await ask(times: 3) {
            $0.limits.requestsPerHour = 2
        } script: { _, _ in
            Reply.http("200 OK", Reply.good)
        }
        #expect(requests.requests.count == 2)
        #expect(requests.failure?.code == .budgetSpent)
        #expect(requests.failure?.message.contains("requests_per_hour") == true)

        let cost = try await ask(times: 3) { settings in
            settings.prices = .init(prompt: 400, completion: 500)
            settings.limits.costPerDay = 0.9
        } script: { _, _ in
            Reply.http("200 OK", Reply.good)
        }
        #expect(cost.requests.count == 2)
        #expect(cost.failure?.message.contains("1.00 within a day") == true, "\(cost.failure?.message ?? "")")

        let tries = try await ask {
            $0.limits.requestsPerHour = 2
        } script: { _, _ in
            Reply.error("500 Internal Server Error", "oh")
        }
        #expect(tries.requests.count == 2)
        #expect(tries.failure?.code == .budgetSpent)
    }

    @Test("tokens that an endpoint does not tell are counted rather too many than too few")
    func untoldTokens() async throws {
        let result = try await ask {
            $0.prices = .init(prompt: 1, completion: 1)
        } script: { _, _ in
            Reply.http("200 OK", Reply.completion(String(repeating: "a", count: 300), usage: "null"))
        }
        #expect(result.reply?.usage.completionTokens == 100)
        #expect(result.reply.map { $0.usage.promptTokens > 20 } == true)
        #expect(result.reply?.usage.cost.map { $0 > 0 } == true)
    }

    @Test("a content in parts is put together")
    func parts() async throws {
        let body = #"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#
        let result = try await ask { _, _ in Reply.http("200 OK", body) }
        #expect(result.reply?.content == "ab")
        #expect(result.reply?.model == "m")
    }

    @Test("a question that is cancelled ends at once")
    func cancelled() async throws {
        let began = ContinuousClock.now
        let task = Task { try await ask { _, _ in [.sleep(.seconds(5)), .close] } }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        let result = try await task.value
        #expect(result.failure?.code == .cancelled)
        #expect(ContinuousClock.now - began < .seconds(4))
    }
}

@Suite("The key")
struct KeyTests {
    private static let key = "sk-fuyun-0123456789abcdef"

    @Test("goes with each question, from its file, and never into a message")
    func key() async throws {
        try await withFile(Self.key + "\n") { path in
            let good = try await ask {
                $0.keyFile = path
            } script: { _, _ in
                Reply.http("200 OK", Reply.good)
            }
            #expect(good.requests.first?.header("Authorization") == "Bearer \(Self.key)")
            let echoed = try await ask {
                $0.keyFile = path
            } script: { _, _ in
                Reply.error("401 Unauthorized", "Incorrect API key provided: \(Self.key)")
            }
            #expect(echoed.failure?.code == .unauthorized)
            #expect(echoed.failure?.message.contains(Self.key) == false)
            #expect(echoed.failure?.message.contains(path) == true)
        }
    }

    @Test(
        "is not sent from a file that is not what it must be",
        arguments: [
            ("sk-1234", 0o644, "chmod 600"), ("sk-1234", 0o620, "chmod 600"), ("", 0o600, "does not hold a key"),
            ("two words", 0o600, "does not hold a key"), ("schlüssel", 0o600, "does not hold a key"),
        ]
    )
    func bad(text: String, mode: UInt32, words: String) async throws {
        try await withFile(text, mode: mode) { path in
            let result = try await ask {
                $0.keyFile = path
            } script: { _, _ in
                Reply.http("200 OK", Reply.good)
            }
            #expect(result.requests.isEmpty)
            #expect(result.failure?.code == .unauthorized)
            #expect(result.failure?.message.contains(words) == true)
            var settings = ModelSettings(endpoint: try ModelEndpoint("https://h"), model: "m")
            settings.keyFile = path
            #expect(settings.problems().count == 1)
        }
    }

    @Test("as the service manager hands it over (readable by an access list) is taken")
    func credential() async throws {
        try await withFile(Self.key, mode: 0o440) { path in
            var settings = ModelSettings(endpoint: try ModelEndpoint("https://h"), model: "m")
            settings.keyFile = path
            #expect(settings.problems().isEmpty)
            settings.endpoint = try ModelEndpoint("http://h")
            #expect(settings.problems().first?.contains("unencrypted") == true)
            settings.keyFile = "/nowhere/key"
            #expect(settings.problems().first?.hasPrefix("/nowhere/key cannot be read") == true)
        }
    }

    @Test("authorities come from a file of certificates")
    func authorities() async throws {
        try await withFile("no certificate") { path in
            let result = try await ask { settings in
                settings.authorityFile = path
            } script: { _, _ in
                Reply.http("200 OK", Reply.good)
            }
            #expect(result.failure?.message.contains("PEM") == true)
        }
    }
}
