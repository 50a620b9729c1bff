import FuyunDrafter
import FuyunPolicy
import FuyunTestSupport
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import ModelClient

/// Clocks that go on when somebody waits, and a die that always shows the same.
final class ManualSurroundings: Sendable {
    private let state = Mutex((wall: Duration.seconds(1_750_000_000), waits: [Duration]()))
    let chance: Double

    init(chance: Double = 0.5) { self.chance = chance }

    /// The pauses so far.
    var waits: [Duration] { state.withLock { $0.waits } }

    func advance(by duration: Duration) { state.withLock { $0.wall += duration } }

    var surroundings: ModelSurroundings {
        ModelSurroundings(
            wall: { self.state.withLock { $0.wall } },
            monotonic: { self.state.withLock { $0.wall } },
            sleep: { wait in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.waits.append(wait)
                    state.wall += wait
                }
            },
            chance: { self.chance }
        )
    }
}

/// Answers of an endpoint.
enum Reply {
    static let good = completion(#"{\"answer\":42}"#)

    /// An answer of this protocol with a content that is JSON text in JSON text already.
    static func completion(_ content: String, usage: String = #"{"prompt_tokens":1000,"completion_tokens":200}"#)
        -> String
    {
        #"{"id":"c","model":"model-7b-q4","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"\#(content)"}}],"usage":\#(usage)}"#
    }

    static func http(_ status: String, _ body: String, type: String = "application/json", _ headers: String...)
        -> [StubServer.Step]
    {
        let more = headers.map { "\($0)\r\n" }.joined()
        return [
            .text(
                "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
            )
        ]
    }

    static func error(_ status: String, _ message: String, code: String = "x", _ headers: String...) -> [StubServer
        .Step]
    {
        let body = #"{"error":{"message":"\#(message)","type":"t","code":"\#(code)"}}"#
        let more = headers.map { "\($0)\r\n" }.joined()
        return [
            .text(
                "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
            )
        ]
    }
}

/// What a client did with an endpoint.
struct Exchange: Sendable {
    var reply: ChatReply?
    var failure: ModelFailure?
    var requests: [StubServer.Request]
    var waits: [Duration]
    var calls: [ModelCall]

    var bodies: [JSONValue] {
        requests.compactMap { try? JSONDocument.parse(Array($0.body.readableBytesView)).root }
    }
}

let question = ChatRequest(
    messages: [ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "Secret source")],
    schema: ReplySchema(name: "answer", json: #"{"type":"object"}"#),
    maximumTokens: 512
)

/// Asks a stub, whose script gets the number of the request from 0.
func ask(
    _ request: ChatRequest = question,
    times: Int = 1,
    path: String = "",
    surroundings: ManualSurroundings = ManualSurroundings(),
    _ change: (inout ModelSettings) -> Void = { _ in },
    script: @escaping @Sendable (Int, StubServer.Request) -> [StubServer.Step]
) async throws -> Exchange {
    let group = MultiThreadedEventLoopGroup.singleton
    let count = Mutex(0)
    let stub = try await StubServer.start(on: group) { request in
        let number = count.withLock { count in
            count += 1
            return count - 1
        }
        return script(number, request)
    }
    var settings = ModelSettings(endpoint: try ModelEndpoint("http://127.0.0.1:\(stub.port)\(path)"), model: "m")
    settings.timeout = .seconds(10)
    change(&settings)
    let calls = Calls()
    let client = ChatCompletionsClient(
        settings,
        on: group,
        surroundings.surroundings,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { calls.add($0) }
    var result = Exchange(requests: [], waits: [], calls: [])
    for _ in 0..<times {
        do throws(ModelFailure) { result.reply = try await client.complete(request) } catch { result.failure = error }
    }
    await client.shutdown()
    try await stub.stop()
    result.requests = stub.requests
    result.waits = surroundings.waits
    result.calls = calls.all
    return result
}

final class Calls: Sendable {
    private let calls = Mutex([ModelCall]())

    var all: [ModelCall] { calls.withLock { $0 } }

    func add(_ call: ModelCall) { calls.withLock { $0.append(call) } }
}

/// A file of a test, removed after it.
func withFile<Value>(_ text: String, mode: mode_t = 0o600, _ body: (String) async throws -> Value) async throws -> Value
{
    var template = Array("/tmp/fuyun-model-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    fchmod(descriptor, mode)
    close(descriptor)
    defer { unlink(path) }
    return try await body(path)
}

extension JSONValue {
    var text: String? { if case .string(let text) = content { text } else { nil } }
    var number: Double? { if case .number(let number) = content { number } else { nil } }
    var elements: [JSONValue] { if case .array(let elements) = content { elements } else { [] } }
}
