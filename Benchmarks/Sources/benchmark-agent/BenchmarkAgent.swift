import Cgroup
import FuyunAgent
import Glibc
import Logging
import Rig
import Settings
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
        let resolver = PeerResolver { (socket: CInt) throws(PeerError) in
            // Only function.sock is called from containers; whoever asks for pages is on the node itself.
            guard isFunctionSocket(socket) else { throw .cgroupRemoved }
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

/// Whether a connection came in on `function.sock`.
private func isFunctionSocket(_ socket: CInt) -> Bool {
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    guard status == 0 else { return false }
    return withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        .hasSuffix("function.sock")
}
