public import BenchmarkSupport

/// A `fuyun-shim` in front of a function's server.
public final class ShimRig {
    /// The shim's process.
    public let process: ChildProcess
    /// Where it listens.
    public let port: UInt16

    /// Starts a shim; connecting to its port waits until it listens.
    ///
    /// - Parameters:
    ///   - upstream: The server's port.
    ///   - agent: The agent's socket, which need not be there.
    public init(upstream: UInt16, agent: String) throws {
        port = Load.freePort()
        process = try ChildProcess(
            "fuyun-shim",
            [
                "http", "--listen", "127.0.0.1:\(port)", "--upstream", "127.0.0.1:\(upstream)", "--agent",
                "unix:\(agent)",
                "--platform", "plain", "--function", Sample.function(0), "--quiet",
            ]
        )
    }
}
