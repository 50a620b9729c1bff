import ArgumentParser
import CoordinatorClient
import FuyunPolicy
import FuyunProtocol
import NIOPosix

/// Options that say where the coordinator is.
struct CoordinatorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The coordinator, such as https://fuyun.example.org:7070; else FUYUN_COORDINATOR.",
            valueName: "url"
        )
    )
    var coordinator: String?

    @Option(
        help: ArgumentHelp("A file with an operator's token (mode 0600); else FUYUN_TOKEN_FILE.", valueName: "file")
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with the certificate of the authority to trust; else FUYUN_CA_FILE, else the system's.",
            valueName: "file"
        )
    )
    var caFile: String?

    /// The coordinator that the options name, if they name one.
    func access() throws(CommandFailure) -> CoordinatorAccess? {
        guard let url = coordinator ?? variable("FUYUN_COORDINATOR") else { return nil }
        do throws(CoordinatorError) {
            return CoordinatorAccess(
                settings: CoordinatorSettings(
                    address: try CoordinatorAddress(url),
                    tokenFile: tokenFile ?? variable("FUYUN_TOKEN_FILE"),
                    authorityFile: caFile ?? variable("FUYUN_CA_FILE")
                )
            )
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The coordinator, for a command that needs one.
    func required() throws -> CoordinatorAccess {
        guard let access = try access() else {
            throw ValidationError("this needs a coordinator: name it by --coordinator URL or by FUYUN_COORDINATOR")
        }
        return access
    }

    private func variable(_ name: String) -> String? { Console.environment(name).flatMap { $0.isEmpty ? nil : $0 } }
}

/// The option of commands that print what they got.
struct AnswerOptions: ParsableArguments {
    @Flag(help: "Print one JSON document, for programs.")
    var json = false
}

/// The coordinator, and how to get there.
struct CoordinatorAccess: Sendable {
    /// The most elements of a list that are fetched.
    static let mostElements = 100_000

    /// How to get there.
    var settings: CoordinatorSettings

    /// Its URL.
    var url: String { settings.address.description }

    /// Opens a connection for the time of `body`; failures come out in words.
    func use<Value>(
        _ body: (CoordinatorClient) async throws(CoordinatorError) -> Value
    ) async throws(CommandFailure) -> Value {
        let client = CoordinatorClient(settings, on: MultiThreadedEventLoopGroup.singleton)
        do throws(CoordinatorError) {
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw CommandFailure(error)
        }
    }

    /// The same about one function: when the coordinator does not know it, functions with names like that are named.
    func use<Value>(
        about function: String,
        _ body: (CoordinatorClient) async throws(CoordinatorError) -> Value
    ) async throws(CommandFailure) -> Value {
        try await use { client async throws(CoordinatorError) in
            do throws(CoordinatorError) {
                return try await body(client)
            } catch {
                guard error.refusal?.status == 404 else { throw error }
                let known = try await Self.all(client) { .functions(after: $0) }.map(\.name)
                guard !known.contains(function) else { throw error }
                let near = NearName.suggestions(for: function, among: known)
                throw CoordinatorError(
                    .refused,
                    "the coordinator at \(url) does not know the function \(function)",
                    advice: near.isEmpty
                        ? "fuyun functions lists those that it knows"
                        : "did you mean \(near.joined(separator: " or "))?",
                    refusal: error.refusal
                )
            }
        }
    }

    /// All elements of a list, page by page.
    static func all<Element: WireValue & CoordinatorAPI.PageElement>(
        _ client: CoordinatorClient,
        _ page: (String?) -> CoordinatorRequest<CoordinatorAPI.Page<Element>>
    ) async throws(CoordinatorError) -> [Element] {
        var elements: [Element] = []
        var next: String?
        repeat {
            let answer = try await client.answer(to: page(next))
            elements += answer.elements
            // A list that does not get on would never end.
            next = answer.next == next || answer.elements.isEmpty ? nil : answer.next
        } while next != nil && elements.count < mostElements
        return elements
    }
}

extension CommandFailure {
    /// A failure of the coordinator, in words.
    init(_ error: CoordinatorError) {
        var lines = [error.message]
        lines += (error.refusal?.findings ?? []).map { "\($0.path): \($0.message) [\($0.code)]" }
        if !error.advice.isEmpty { lines.append(error.advice) }
        let isAway: Bool =
            switch error.code {
            case .unreachable, .timeout: true
            case .refused: error.isWorthRetrying
            default: false
            }
        self.init(lines.joined(separator: "\n"), outcome: isAway ? .away : .problem)
    }
}
