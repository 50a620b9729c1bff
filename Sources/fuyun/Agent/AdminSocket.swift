import ArgumentParser
import FuyunClient
import FuyunProtocol
import Glibc
import NIOCore
import NIOPosix

/// Options of the commands that ask the agent.
struct AgentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The agent's socket for operators; else FUYUN_ADMIN_SOCKET, else \(AdminSocket.standardPath).",
            valueName: "path"
        )
    )
    var socket: String?

    @Flag(help: "Print the agent's answer as it is, for programs.")
    var json = false

    /// The socket that the options name.
    var admin: AdminSocket {
        AdminSocket(path: socket ?? Console.environment("FUYUN_ADMIN_SOCKET") ?? AdminSocket.standardPath)
    }
}

/// The agent, asked over its socket for operators.
struct AdminSocket: Sendable {
    /// Where the agent listens unless told otherwise.
    static let standardPath = "/run/fuyun/admin.sock"

    /// The socket's path.
    var path: String
    /// How long an answer may take.
    var deadline = Duration.seconds(5)

    /// Asks for a page.
    ///
    /// - Throws: `CommandFailure`, with what to do about it: `away` when there is no answer or the agent cannot
    ///   serve, `problem` when it refuses.
    func get(_ route: Route) async throws(CommandFailure) -> ByteBuffer {
        let endpoint: Endpoint
        do throws(Endpoint.ParsingError) {
            endpoint = try Endpoint("unix:" + path)
        } catch {
            throw CommandFailure(error.description)
        }
        let response: ClientResponse
        do throws(ClientFailure) {
            response = try await ClientRequest(.get, route.path)
                .send(to: endpoint, on: MultiThreadedEventLoopGroup.singleton.any(), deadline: deadline)
        } catch {
            throw unanswered(error)
        }
        guard response.status != 200 else { return response.body }
        guard let refusal = try? response.refusal() else {
            throw CommandFailure("\(path) answered with the status \(response.status); is that the agent's admin.sock?")
        }
        throw CommandFailure(refusal.message, outcome: response.status == 503 ? .away : .problem)
    }

    private func unanswered(_ failure: ClientFailure) -> CommandFailure {
        var lines = ["the agent cannot be reached at \(path): \(failure)"]
        // connect(2) needs the right to write.
        if access(path, W_OK) != 0, errno == EACCES {
            lines = ["\(path): permission denied", "The socket is root's; try again with sudo."]
        } else if case .tooLarge = failure {
            return CommandFailure("the agent's answer is larger than 16 MiB; see its metrics instead")
        } else if case .malformed = failure {
            lines.append("Is that the agent's admin.sock?")
        } else {
            lines += [
                "Is it running?          systemctl status fuyun-agent",
                "What did it say last?   journalctl -u fuyun-agent -e",
                "Is this node fit?       fuyun doctor",
            ]
        }
        return CommandFailure(lines.joined(separator: "\n"), outcome: .away)
    }
}
