public import BenchmarkSupport
import FuyunTestSupport
import Glibc
import SystemPackage

/// An agent in a process of its own (`benchmark-agent`), on a cgroup tree of plain files.
///
/// Both live in `TMPDIR`, which should be in memory; `Benchmarks/run` makes it and removes what is left there.
public final class AgentRig {
    private let tree: FakeCgroupTree
    private let home: String
    /// The agent's process.
    public let process: ChildProcess

    /// Starts an agent and waits until it serves.
    ///
    /// - Parameters:
    ///   - containers: How many containers the node has; connections are said to come from one after the other.
    ///   - functions: How many functions have a policy.
    ///   - settings: Settings of the agent, `KEY=VALUE`.
    public init(containers: Int = 1, functions: Int = 1, settings: [String] = []) throws {
        let tree = try FakeCgroupTree(test: "benchmark") {
            [Sample.slice: [:]]
        }
        for index in 0..<containers {
            let limit = ["memory.max": "536870912\n", "memory.swap.max": "0\n"]
            try tree.add(Sample.scope(index), limit)
            try tree.add(Sample.container(index), limit)
        }
        self.tree = tree
        home = tree.mount.string + "-home"
        for name in ["", "/policies"] { mkdir(home + name, 0o755) }
        for index in 0..<functions {
            try Self.write(Sample.policy(index), to: "\(home)/policies/f-\(index).json")
        }
        let assignments =
            [
                "cgroup.mount=\(tree.mount)", "paths.policies=\(home)/policies", "paths.state=\(home)/state",
                "paths.runtime=\(home)/run", "log.level=warning",
            ] + settings
        process = try ChildProcess("benchmark-agent", ["\(containers)"] + assignments)
        try process.waitUntilReady()
    }

    deinit { process.stop() }

    /// The path of one of its sockets: `function`, `platform` or `admin`.
    public func socket(_ name: String) -> String { "\(home)/run/\(name).sock" }

    /// A path beside its sockets, for a rival's.
    public func path(_ name: String) -> String { "\(home)/run/\(name)" }

    private static func write(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path),
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite]
        )
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    }
}
