import FuyunProtocol
import FuyunStore
import Glibc
import Logging
import ModelClient
import Settings
import SystemPackage
import Testing

@testable import FuyunCoordinator

@Suite("The coordinator's configuration")
struct CoordinatorConfigurationTests {
    @Test("without anything the defaults hold: loopback, plain, open")
    func defaults() throws {
        let configuration = try Rig.configuration([])
        #expect(configuration.listen == .init(host: "127.0.0.1", port: 7070))
        #expect(configuration.tls == nil)
        #expect(configuration.tokens == .init(nodes: nil, operators: nil))
        #expect(configuration.storePath == "/var/lib/fuyun-coordinator/fuyun.db")
        #expect(configuration.retention.observationAge == .seconds(30 * 86_400))
        #expect(configuration.logLevel == .info)
    }

    @Test("its environment has a name of its own")
    func environment() throws {
        let configuration = try CoordinatorConfiguration.load(
            ConfigurationSources(
                file: nil,
                environment: ["FUYUN_COORDINATOR_LISTEN_PORT": "8080", "FUYUN_LISTEN_PORT": "9090"]
            )
        )
        #expect(configuration.listen.port == 8080)
    }

    private static let tls = ["tls.certificate_file=/c", "tls.key_file=/k"]
    private static let tokens = ["tokens.nodes_file=/n", "tokens.operators_file=/o"]

    @Test(
        "off loopback it starts with TLS and tokens only",
        arguments: [
            ("127.0.0.1", [], []), ("127.9.9.9", [], []), ("localhost", [], []), ("::1", [], []),
            ("0.0.0.0", [], ["tls", "tokens.nodes_file", "tokens.operators_file"]),
            ("::", [], ["tls", "tokens.nodes_file", "tokens.operators_file"]),
            ("127.0.0.1.example.org", [], ["tls", "tokens.nodes_file", "tokens.operators_file"]),
            ("127.0.0.256", [], ["tls", "tokens.nodes_file", "tokens.operators_file"]),
            ("192.0.2.1", tls, ["tokens.nodes_file", "tokens.operators_file"]), ("192.0.2.1", tokens, ["tls"]),
            ("192.0.2.1", tls + [tokens[0]], ["tokens.operators_file"]), ("192.0.2.1", tls + tokens, []),
            ("127.0.0.1", [tls[0]], ["tls"]), ("127.0.0.1", [tls[1]], ["tls"]), ("127.0.0.1", tls, []),
            ("127.0.0.1", tokens, []),
        ] as [(String, [String], [String])]
    )
    func door(host: String, settings: [String], places: [String]) {
        let assignments = ["listen.host=\(host)"] + settings
        guard !places.isEmpty else {
            #expect(throws: Never.self) { try Rig.configuration(assignments) }
            return
        }
        let error = #expect(throws: ConfigurationErrors.self) { try Rig.configuration(assignments) }
        #expect(error?.diagnostics.map(\.place).sorted() == places.sorted())
    }

    @Test("without an endpoint nobody is asked; with one everything about it is read")
    func drafter() throws {
        #expect(try Rig.configuration([]).drafting == DraftingSettings())
        let drafting = try Rig.configuration([
            "drafter.url=https://api.example.org/v1", "drafter.model=m", "drafter.key_file=/k", "drafter.ca_file=/ca",
            "drafter.timeout_seconds=7", "drafter.retries=1", "drafter.requests_per_hour=5", "drafter.cost_per_day=2.5",
            "drafter.prompt_price=3", "drafter.completion_price=15", "drafter.rounds=4",
            "drafter.second_thoughts=false",
            "drafter.knowledge_directory=/notes",
        ]).drafting
        var model = ModelSettings(endpoint: try ModelEndpoint("https://api.example.org/v1"), model: "m")
        (model.keyFile, model.authorityFile, model.timeout, model.retries) = ("/k", "/ca", .seconds(7), 1)
        model.prices = .init(prompt: 3, completion: 15)
        model.limits = .init(requestsPerHour: 5, costPerDay: 2.5)
        var expected = DraftingSettings()
        (expected.model, expected.rounds, expected.secondThoughts, expected.knowledgeDirectory) = (
            model, 4, false, "/notes"
        )
        #expect(drafting == expected)
    }

    @Test("the key is a credential of the service where no file is named and there is one")
    func credential() async throws {
        try await Rig.withFolder { folder in
            let assignments = ["drafter.url=http://127.0.0.1:1", "drafter.model=m"]
            func keyFile() throws -> String? {
                let environment = ["CREDENTIALS_DIRECTORY": folder]
                let sources = ConfigurationSources(file: nil, environment: environment, assignments: assignments)
                return try CoordinatorConfiguration.load(sources).drafting.model?.keyFile
            }
            #expect(try keyFile() == nil)
            try Rig.write("key", to: "\(folder)/fuyun.llm-key")
            #expect(try keyFile() == "\(folder)/fuyun.llm-key")
            unlink("\(folder)/fuyun.llm-key")
        }
    }

    @Test(
        "what is wrong with an endpoint is named",
        arguments: [
            (["drafter.url=nowhere"], "drafter.url"), (["drafter.url=http://h"], "drafter.model"),
            (["drafter.url=http://user:pw@h", "drafter.model=m"], "drafter.url"),
            (["drafter.cost_per_day=1"], "drafter.cost_per_day"),
        ]
    )
    func badDrafter(assignments: [String], place: String) {
        let error = #expect(throws: ConfigurationErrors.self) { try Rig.configuration(assignments) }
        #expect(error?.diagnostics.map(\.place) == [place])
        #expect("\(error?.diagnostics ?? [])".contains("pw@") == false)
    }

    @Test("files of tokens and of the certificate are named when they are no good")
    func files() throws {
        let configuration = try Rig.configuration(Self.tls + Self.tokens)
        let problems = Coordinator.problems(of: configuration)
        #expect(problems.count == 2)
        #expect(problems.contains { $0.hasPrefix("/n: ") })
        #expect(problems.contains { $0.hasPrefix("/c: ") })
    }

    @Test("the table in docs/coordinator.md is the table in the code")
    func documentation() throws {
        let path = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .removingLastComponent().appending("docs/coordinator.md")
        let text = try Self.read(path)
        let table = CoordinatorConfiguration.settings.markdown.split(separator: "\n")
        for line in table { #expect(text.contains(line), "docs/coordinator.md lacks or differs in: \(line)") }
        let rows = text.split(separator: "\n").filter { $0.contains("`FUYUN_COORDINATOR_") && $0.hasPrefix("| `") }
        #expect(rows.count == table.count - 2)
    }

    private static func read(_ path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = try buffer.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
