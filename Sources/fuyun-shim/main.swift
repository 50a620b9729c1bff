import ArgumentParser
import FuyunProtocol
import FuyunShim

struct FuyunShim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuyun-shim",
        abstract: "Stands in front of a function and gives each call the memory it needs.",
        discussion: """
            The shim sits inside the function's container. For each call it shows the payload to the node's agent, which \
            sets the container's memory limit; then it passes the call on, and tells the agent how it ended. When the \
            agent is away or late, calls go on as if the shim were not there.
            """,
        version: FuyunVersion.text,
        subcommands: [HTTP.self]
    )
}

struct HTTP: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A reverse proxy in front of a function's HTTP server.",
        discussion: """
            The platform calls the shim at --listen; the function's own server listens at --upstream. Addresses are \
            host:port, :port or unix:/path. With a command the shim starts the server itself, passes signals on to it, \
            and exits with its status:

                fuyun-shim http --function guest/resize --listen :8080 --upstream 127.0.0.1:8081 -- node app.js

            OpenWhisk actions are named by their calls. Elsewhere the function's name comes from --function, or from \
            FUYUN_FUNCTION, K_SERVICE, FN_APP_NAME/FN_NAME or OPENFAAS_NAME.
            """
    )

    @Option(help: "Where the platform's calls arrive.")
    var listen: String

    @Option(help: "Where the function's own server listens.")
    var upstream: String

    @Option(help: "The agent's socket.")
    var agent = "unix:/run/fuyun/function.sock"

    @Option(help: ArgumentHelp("The most that a call waits for the agent.", valueName: "milliseconds"))
    var agentDeadline = 5.0

    @Option(help: ArgumentHelp("How much of a payload the agent sees.", valueName: "bytes"))
    var payloadLimit = 1 << 20

    @Option(help: "Whose contract the calls follow: auto, openwhisk, knative or plain.", transform: parsePlatform)
    var platform = Platform.auto

    @Option(
        name: .customLong("function"),
        help: ArgumentHelp("The function's name, when nothing else tells it.", valueName: "name")
    )
    var functionName: String?

    @Option(help: ArgumentHelp("The methods that are calls; all others just pass.", valueName: "list"))
    var methods = "POST,PUT,PATCH"

    @Option(help: ArgumentHelp("How long after the start calls wait for the function's server.", valueName: "seconds"))
    var upstreamWait = 60.0

    @Option(help: ArgumentHelp("How long a connection may stay open between calls.", valueName: "seconds"))
    var idleTimeout = 600.0

    @Option(help: ArgumentHelp("How long a client may take for the next part of a call.", valueName: "seconds"))
    var stallTimeout = 60.0

    @Option(help: ArgumentHelp("The largest header.", valueName: "bytes"))
    var headerLimit = 64 << 10

    @Option(help: ArgumentHelp("Connections at once; more wait in the kernel's queue.", valueName: "number"))
    var maxConnections = 1024

    @Flag(help: "Say nothing about calls that went on without the agent.")
    var quiet = false

    @Flag(help: "Say whether the options are right, and exit.")
    var check = false

    @Argument(parsing: .postTerminator, help: "The function's server and its arguments, after --.")
    var command: [String] = []

    func run() throws {
        let settings = try settings()
        if check {
            print("listen \(settings.listen), upstream \(settings.upstream), agent \(settings.agent)")
            print(settings.namingDescription)
            return
        }
        ShimProcess.run(settings, command: command)
    }

    private func settings() throws -> ShimConfiguration {
        var settings = try ShimConfiguration(listen: listen, upstream: upstream, agent: agent)
        settings.agentDeadline = .seconds(agentDeadline / 1000)
        settings.payloadLimit = payloadLimit
        settings.platform = platform
        settings.function = functionName
        settings.methods = Set(methods.split(separator: ",").map { $0.uppercased() })
        settings.upstreamWait = .seconds(upstreamWait)
        settings.idleTimeout = .seconds(idleTimeout)
        settings.stallTimeout = .seconds(stallTimeout)
        settings.maximumHeaderSize = headerLimit
        settings.maximumConnections = maxConnections
        settings.isQuiet = quiet
        let problems = settings.problems()
        guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n")) }
        return settings
    }
}

private func parsePlatform(_ text: String) throws -> Platform {
    guard let platform = Platform(rawValue: text) else {
        throw ValidationError("“\(text)” is no platform; give auto, openwhisk, knative or plain")
    }
    return platform
}

FuyunShim.main()
