import Cgroup
import FuyunAgent
import Glibc
import Logging
import Rig
import Synchronization
import SystemPackage

/// The node agent as `fuyun-agent` builds it, but on a directory of plain files.
///
/// Its callers are said to come from one container after the other. It serves until its standard input ends.
@main
struct BenchmarkAgent {
    static func main() async throws {
        guard let containers = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }) else {
            print("usage: benchmark-agent CONTAINERS [KEY=VALUE…]")
            exit(64)
        }
        let configuration = try AgentConfiguration.load(
            ConfigurationSources(file: nil, environment: [:], assignments: Array(CommandLine.arguments.dropFirst(2)))
        )
        let hierarchy = try CgroupHierarchy(mountPoint: FilePath(configuration.cgroups.mount), check: .unchecked)
        let next = Atomic<Int>(0)
        let resolver = PeerResolver { (_: CInt) throws(PeerError) in
            let path = Sample.container(next.add(1, ordering: .relaxed).oldValue % containers)
            guard case .some(let directory) = try? hierarchy.directory(at: path) else { throw .cgroupRemoved }
            return PeerIdentity(cgroup: directory.id, path: path, process: 1, method: .pidfdCgroupID)
        }
        var logger = Logger(label: "agent") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = configuration.logLevel
        let agent = try await Agent.build(
            configuration,
            AgentSurroundings(hierarchy: hierarchy, resolver: resolver, logger: logger)
        )
        try await agent.start()
        _ = write(STDOUT_FILENO, "ready\n", 6)
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 {}
        await agent.stop()
    }
}
