import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Glibc
import HTTPTypes
import HummingbirdTesting
import Logging
import MemoryUnits
import NIOCore
import NIOSSL
import ServiceLifecycle
import Settings

@testable import FuyunCoordinator

/// A coordinator that serves, with its database in a directory of its own.
struct Rig: Sendable {
    let coordinator: Coordinator
    let store: SQLiteStore
    let metrics: CoordinatorMetrics
    let port: Int
    let folder: String
    let group: ServiceGroup

    static let nodeToken = "node-a-token-0123456789"
    static let otherToken = "node-b-token-0123456789"
    static let anyNodeToken = "any-node-token-0123456789"
    static let operatorToken = "operator-token-0123456789"

    /// Runs a coordinator while the body does something, and then stops it as an operator would.
    ///
    /// - Parameters:
    ///   - guarded: Whether it has tokens: those above.
    ///   - settings: `KEY=VALUE`.
    static func with(
        guarded: Bool = false,
        settings: [String] = [],
        _ body: (Rig) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            var assignments = ["listen.port=0", "store.path=\(folder)/fuyun.db"] + settings
            if guarded {
                try write("a \(nodeToken)\nb \(otherToken)\n* \(anyNodeToken)\n", to: "\(folder)/nodes")
                try write("# operators\n\(operatorToken)\n", to: "\(folder)/operators")
                assignments += ["tokens.nodes_file=\(folder)/nodes", "tokens.operators_file=\(folder)/operators"]
            }
            try await run(folder, try configuration(assignments), body)
        }
    }

    static func configuration(_ assignments: [String]) throws(ConfigurationErrors) -> CoordinatorConfiguration {
        try .load(ConfigurationSources(file: nil, environment: [:], assignments: assignments))
    }

    static func run(
        _ folder: String,
        _ configuration: CoordinatorConfiguration,
        _ body: (Rig) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = try await SQLiteStore.open(path: "\(folder)/fuyun.db")
        let metrics = CoordinatorMetrics()
        let coordinator = try Coordinator(
            configuration,
            CoordinatorSurroundings(store: store, metrics: metrics, logger: logger)
        )
        let group = ServiceGroup(services: [coordinator], logger: logger)
        let running = Task { try await group.run() }
        guard let port = await coordinator.port else {
            try await running.value
            throw RigError.notListening
        }
        let rig = Rig(
            coordinator: coordinator,
            store: store,
            metrics: metrics,
            port: port,
            folder: folder,
            group: group
        )
        do { try await body(rig) } catch {
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }

    enum RigError: Error { case notListening }

    static func withFolder(_ body: (String) async throws -> Void) async throws {
        var template = Array("/tmp/fuyun-coordinator-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw RigError.notListening }
        let folder = String(cString: made)
        defer {
            for name in ["fuyun.db", "fuyun.db-wal", "fuyun.db-shm", "nodes", "operators", "certificate", "key"] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
        try await body(folder)
    }

    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard file >= 0 else { throw RigError.notListening }
        defer { close(file) }
        fchmod(file, mode)
        _ = Glibc.write(file, text, text.utf8.count)
    }

    /// An answer.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var body: String

        var json: JSONValue? { try? JSONDocument.parse(Array(body.utf8)).root }
        var errorCode: String? { json?["error"]?["code"]?.text }
    }

    /// Sends one request on a connection of its own.
    @discardableResult
    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ body: String? = nil,
        token: String? = nil,
        headers: HTTPFields = [:],
        tls: TLSConfiguration? = nil
    ) async throws -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        let request = TestClient.Request(
            target,
            method: method,
            authority: "localhost",
            headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        )
        let configuration = TestClient.Configuration(
            tlsConfiguration: tls,
            timeout: .seconds(70),
            serverName: tls == nil ? nil : "localhost"
        )
        return try await TestClient.withClient(host: "127.0.0.1", port: port, configuration: configuration) { client in
            let response = try await client.execute(request)
            return Answer(
                status: response.status.code,
                headers: response.headers,
                body: response.body.map { String(buffer: $0) } ?? ""
            )
        }
    }

    /// Polls until it is so, for ten seconds at most.
    func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    /// A policy document.
    static func policy(
        _ function: String = "guest/f",
        status: String = "shadow",
        base: Int = 40_000_000
    ) -> String {
        """
        {"schema":"fuyun.policy/v1",
         "metadata":{"policy_id":"\(function)","version":1,"status":"\(status)"},
         "inputs":{"source":"payload","variables":[{"name":"n","type":"integer","range":[0,1000000000]}],
                   "mapping":{"n":{"json":"/n"}}},
         "logic":{"type":"linear","terms":{"n":"n"},"coefficients":{"base":\(base),"n":1},"decision_rationale":"test"},
         "safety":{"headroom":0}}
        """
    }

    /// A batch of observations.
    static func batch(_ sequences: ClosedRange<Int>, function: String = "guest/f", epoch: Int = 7) -> String {
        let records = sequences.map { sequence in
            """
            {"sequence":\(sequence),"observation":{"schema":"fuyun.observation/v1","id":"6650f1a2-\(sequence)",
            "function":"\(function)","began_ms":1750000000000,"duration_ms":12.5,"features":{"n":\(sequence)},
            "need":{"lower_bytes":1000,"upper_bytes":2000},"outcome":"success"}}
            """
        }
        return """
            {"schema":"fuyun.observations/v1","epoch":\(epoch),"observations":[\(records.joined(separator: ","))]}
            """
    }
}

extension JSONValue {
    var text: String? { if case .string(let text) = content { text } else { nil } }
    var number: Double? { if case .number(let number) = content { number } else { nil } }
    var flag: Bool? { if case .bool(let flag) = content { flag } else { nil } }
    var elements: [JSONValue] { if case .array(let elements) = content { elements } else { [] } }
}
