import CoordinatorClient
import FuyunProtocol
import NIOCore
import Testing

@Suite("Tokens and certificates")
struct TrustTests {
    private static let status = #"{"version":"0.1.0","ready":true}"#

    private func status(
        _ url: String,
        tokenFile: String? = nil,
        authorityFile: String? = nil
    ) async throws -> CoordinatorError? {
        try await withClient(url, tokenFile: tokenFile, authorityFile: authorityFile) { client in
            await failure { () throws(CoordinatorError) in try await client.answer(to: .status()) }
        }
    }

    @Test("an own authority is trusted, for the names that it vouches for")
    func authority() async throws {
        let directory = TemporaryDirectory()
        let authority = directory.write(Certificates.authority, to: "ca.pem", mode: 0o644)
        let token = directory.write("token", to: "token")
        let stub = try await StubCoordinator(Certificates.local) { _, _ in .json(Self.status) }
        for host in ["localhost", "127.0.0.1"] {
            #expect(try await status("https://\(host):\(stub.port)", tokenFile: token, authorityFile: authority) == nil)
        }
        #expect(stub.requests.allSatisfy { $0.headers["authorization"] == "Bearer token" })
        await stub.stop()

        let other = try await StubCoordinator(Certificates.other) { _, _ in .json(Self.status) }
        let error = try await status("https://localhost:\(other.port)", authorityFile: authority)
        #expect(error?.code == .tls)
        #expect(error?.message.contains("not for the name localhost") == true, "\(String(describing: error))")
        #expect(other.requests.isEmpty)
        await other.stop()
    }

    @Test("a strange authority is not trusted")
    func strange() async throws {
        let directory = TemporaryDirectory()
        let stub = try await StubCoordinator(Certificates.local) { _, _ in .json(Self.status) }
        // That of the other host vouches for nobody.
        let wrong = directory.write(Certificates.other.certificate, to: "ca.pem")
        for file in [nil, wrong] {
            let error = try await status("https://localhost:\(stub.port)", authorityFile: file)
            #expect(error?.code == .tls)
            #expect(error?.isWorthRetrying == false)
            #expect(error?.message.contains("is not trusted") == true, "\(String(describing: error))")
        }
        #expect(stub.requests.isEmpty)
        await stub.stop()
    }

    @Test("https to a server without it says so")
    func noTLS() async throws {
        let stub = try await StubCoordinator { _, _ in .json(Self.status) }
        let error = try await status("https://localhost:\(stub.port)")
        #expect(error?.code == .tls)
        #expect(error?.message.contains("does not speak TLS") == true, "\(String(describing: error))")
        await stub.stop()
    }

    @Test("http to a server with TLS fails")
    func plainToTLS() async throws {
        let stub = try await StubCoordinator(Certificates.local) { _, _ in .json(Self.status) }
        let error = try await status("http://localhost:\(stub.port)")
        #expect([.unreachable, .badAnswer].contains(error?.code))
        await stub.stop()
    }

    struct BadFile: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var content: String?
        var mode: UInt32 = 0o600
        var words: String
    }

    static let badTokens = [
        BadFile(testDescription: "absent", content: nil, words: "cannot be read: No such file"),
        BadFile(testDescription: "empty", content: " \n", words: "does not hold a token"),
        BadFile(testDescription: "two words", content: "node1 token", words: "does not hold a token"),
        BadFile(testDescription: "not ASCII", content: "tokén", words: "does not hold a token"),
        BadFile(
            testDescription: "too long",
            content: String(repeating: "x", count: 1025),
            words: "does not hold a token"
        ),
        BadFile(testDescription: "huge", content: String(repeating: "x", count: 5000), words: "more than 4096 bytes"),
        BadFile(testDescription: "for all to read", content: "token", mode: 0o644, words: "chmod 600"),
        BadFile(testDescription: "for the group to read", content: "token", mode: 0o640, words: "chmod 600"),
    ]

    @Test("a bad token file is refused with its name before anything is sent", arguments: badTokens)
    func badToken(row: BadFile) async throws {
        let directory = TemporaryDirectory()
        if let content = row.content { directory.write(content, to: "token", mode: row.mode) }
        let stub = try await StubCoordinator { _, _ in .json(Self.status) }
        let error = try await status("http://127.0.0.1:\(stub.port)", tokenFile: directory.file("token"))
        #expect(error?.code == .configuration)
        #expect(error?.description.contains(row.words) == true, "\(String(describing: error))")
        #expect(error?.message.contains(directory.file("token")) == true)
        #expect(error?.description.contains("tokén") == false)
        #expect(stub.requests.isEmpty)
        await stub.stop()
    }

    @Test("a bad file of authorities is refused with its name", arguments: [nil, "", "no certificate"])
    func badAuthority(content: String?) async throws {
        let directory = TemporaryDirectory()
        if let content { directory.write(content, to: "ca.pem") }
        let error = try await status("https://127.0.0.1:1", authorityFile: directory.file("ca.pem"))
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(directory.file("ca.pem")) == true)
    }

    @Test("a token never goes over the network unencrypted")
    func unencrypted() async throws {
        let directory = TemporaryDirectory()
        let token = directory.write("token", to: "token")
        let error = try await status("http://192.0.2.1:7070", tokenFile: token)
        #expect(error?.code == .configuration)
        #expect(error?.advice == "use https://")
    }

    @Test("a token that is exchanged is used from the next call on")
    func exchanged() async throws {
        let directory = TemporaryDirectory()
        let token = directory.write("first", to: "token")
        let stub = try await StubCoordinator { _, _ in .json(Self.status) }
        try await withClient("http://127.0.0.1:\(stub.port)", tokenFile: token) { client in
            _ = try await client.answer(to: .status())
            directory.write("second", to: "token")
            _ = try await client.answer(to: .status())
        }
        #expect(stub.requests.map { $0.headers["authorization"] } == ["Bearer first", "Bearer second"])
        await stub.stop()
    }
}
