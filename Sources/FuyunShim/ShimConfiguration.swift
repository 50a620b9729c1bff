public import FuyunClient

/// Whose contract the requests follow, and so where a call's name and outcome are found.
public enum Platform: String, Hashable, Sendable, CaseIterable {
    /// Found from the environment; without evidence, `/init` and `/run` are OpenWhisk's when their bodies look like it.
    case auto
    /// Apache OpenWhisk: `/init` prepares, `/run` is an invocation.
    case openwhisk
    /// Knative Serving: the service's name is in `K_SERVICE`.
    case knative
    /// Any other HTTP server.
    case plain
}

/// Everything that the shim is told at its start.
public struct ShimConfiguration: Sendable {
    /// Where the platform's requests arrive.
    public var listen: Endpoint
    /// Where the function's own server listens.
    public var upstream: Endpoint
    /// The agent's socket.
    public var agent: Endpoint = .unix("/run/fuyun/function.sock")
    /// The most that a call waits for the agent.
    public var agentDeadline: Duration = .milliseconds(5)
    /// How much of a payload is kept and sent to the agent, in bytes.
    public var payloadLimit = 1 << 20
    /// Whose contract the requests follow.
    public var platform = Platform.auto
    /// The function's name, when it is given by hand.
    public var function: String?
    /// The methods of invocations.
    public var methods: Set<String> = ["POST", "PUT", "PATCH"]
    /// How long after the start a call waits for the function's server to come up.
    public var upstreamWait: Duration = .seconds(60)
    /// How long a connection to the function's server is used again after its last answer; servers close idle ones.
    public var upstreamReuse: Duration = .seconds(1)
    /// How long a connection may stay open between requests.
    public var idleTimeout: Duration = .seconds(600)
    /// How long a request's head, the next part of its body, or the taking of the answer may take.
    public var stallTimeout: Duration = .seconds(60)
    /// How long calls in flight are waited for when the shim is told to stop and has no command of its own.
    public var drainTimeout: Duration = .seconds(30)
    /// The largest header, in bytes.
    public var maximumHeaderSize = 64 << 10
    /// Connections at once; more wait in the kernel's queue.
    public var maximumConnections = 1024
    /// Nothing is written to stderr but errors of the start.
    public var isQuiet = false
    /// The environment.
    public var environment: [String: String]

    /// Makes a configuration with the defaults of everything else.
    public init(listen: Endpoint, upstream: Endpoint, environment: [String: String] = [:]) {
        self.listen = listen
        self.upstream = upstream
        self.environment = environment
    }

    /// Makes a configuration from addresses as they stand on a command line, and this process's environment.
    public init(listen: String, upstream: String, agent: String) throws(Endpoint.ParsingError) {
        self.init(
            listen: try Endpoint(listen),
            upstream: try Endpoint(upstream),
            environment: Self.processEnvironment()
        )
        self.agent = try Endpoint(agent)
    }

    /// How calls will be named, in a line for people.
    public var namingDescription: String {
        let naming = CallNaming(self)
        switch (naming.staticName, naming.platform) {
        case (let name?, let platform): return "function \(name), platform \(platform.rawValue)"
        case (nil, .openwhisk): return "function named by OpenWhisk's calls"
        case (nil, _): return ShimProcess.noNameWarning
        }
    }

    /// What is wrong with the configuration, for people; empty when it can be used.
    public func problems() -> [String] {
        var problems: [String] = []
        if listen == upstream {
            problems.append("--listen and --upstream are the same address; the shim would call itself")
        }
        if case .internet(_, 0) = upstream { problems.append("--upstream needs a port") }
        if !(Duration.microseconds(100)...Duration.seconds(10)).contains(agentDeadline) {
            problems.append("--agent-deadline must be from 0.1 to 10000 milliseconds")
        }
        if !(0...(64 << 20)).contains(payloadLimit) { problems.append("--payload-limit must be from 0 to 64 MiB") }
        if let function, CallNaming.name(function) != function {
            problems.append("--function “\(function)” is not a name; give 1…256 of [A-Za-z0-9._@:/-]")
        }
        if methods.isEmpty { problems.append("--methods names no method") }
        if maximumConnections < 1 { problems.append("--max-connections must be at least 1") }
        if !(1024...(1 << 20)).contains(maximumHeaderSize) {
            problems.append("--header-limit must be from 1 KiB to 1 MiB")
        }
        return problems
    }
}
