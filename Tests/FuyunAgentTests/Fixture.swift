import Cgroup
import FuyunAgent
import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import Glibc
import Logging
import MemoryUnits
import NIOCore
import NIOPosix
import Settings
import Synchronization
import SystemPackage
import Systemd
import Testing

/// A whole agent on a fake cgroup tree, with real sockets; it is stopped and its directory removed at the end.
final class Fixture: Sendable {
    /// A container as podman with crun makes it: processes one level below the scope.
    static let scope = "machine.slice/libpod-\(String(repeating: "ab", count: 32)).scope"
    static let first = scope + "/container"
    /// A container as docker makes it.
    static let second = "system.slice/docker-\(String(repeating: "cd", count: 32)).scope"
    static let ceiling = Bytes.mebibytes(512)

    let tree: FakeCgroupTree
    let home: FilePath
    let configuration: AgentConfiguration
    let hierarchy: CgroupHierarchy
    let agent: Agent
    /// The cgroup that callers on `function.sock` are said to live in.
    let caller: CallerBox
    let group = MultiThreadedEventLoopGroup.singleton
    private let open = Mutex<[ClientConnection]>([])

    private init(
        tree: FakeCgroupTree,
        home: FilePath,
        configuration: AgentConfiguration,
        hierarchy: CgroupHierarchy,
        agent: Agent,
        caller: CallerBox
    ) {
        self.tree = tree
        self.home = home
        self.configuration = configuration
        self.hierarchy = hierarchy
        self.agent = agent
        self.caller = caller
    }

    /// Where an agent that is about to start keeps its files.
    struct Home {
        let state: FilePath
    }

    /// Runs a test's body with an agent that serves.
    static func with(
        _ test: String = #function,
        settings: [String] = [],
        functions: String? = nil,
        policies: [String: String] = ["f.json": Fixture.policy()],
        prepare: (Home) throws -> Void = { _ in },
        _ body: (Fixture) async throws -> Void
    ) async throws {
        // Each agent takes two inotify instances, of which a user has 128 in all.
        await AgentSlots.shared.take()
        defer { AgentSlots.shared.give() }
        let tree = try FakeCgroupTree(test: test) {
            [
                Self.scope: ["memory.max": "\(ceiling.rawValue)\n"],
                Self.first: ["memory.max": "\(ceiling.rawValue)\n", "memory.swap.max": "0\n"],
                Self.second: ["memory.max": "\(ceiling.rawValue)\n"],
                "system.slice/sshd.service": [:],
            ]
        }
        let home = FilePath(tree.mount.string + "-home")
        for name in ["", "policies"] { mkdir(home.appending(name).string, 0o755) }
        defer { remove(home) }
        for (name, text) in policies { try write(text, to: home.appending("policies").appending(name)) }
        try prepare(Home(state: home.appending("state")))
        let fixture = try await make(tree, home, settings, functions)
        try await fixture.agent.start()
        do {
            try await body(fixture)
        } catch {
            await fixture.close()
            throw error
        }
        await fixture.close()
    }

    private static func make(
        _ tree: FakeCgroupTree,
        _ home: FilePath,
        _ settings: [String],
        _ functions: String?
    ) async throws -> Fixture {
        let configuration = try AgentConfiguration.load(
            ConfigurationSources(
                file: functions.map { (path: "agent.json", contents: Array("{\"functions\":\($0)}".utf8)) },
                environment: [:],
                assignments: [
                    "cgroup.mount=\(tree.mount)", "paths.policies=\(home)/policies", "paths.state=\(home)/state",
                    "paths.runtime=\(home)/run", "defaults.minimum_bytes=1048576", "limiter.cache_allowance_bytes=0",
                ] + settings
            )
        )
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let caller = CallerBox()
        let resolver = PeerResolver { (socket: CInt) throws(PeerError) in
            // Only function.sock is called from the container; the operator and the platform are on the node itself.
            guard localPath(of: socket).hasSuffix("function.sock") || caller.isEverywhere.withLock({ $0 }) else {
                throw .cgroupRemoved
            }
            let path = caller.path.withLock { $0 }
            guard case .some(let directory) = try? hierarchy.directory(at: path) else { throw .cgroupRemoved }
            return PeerIdentity(cgroup: directory.id, path: path, process: 1, method: .pidfdCgroupID)
        }
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let agent = try await Agent.build(
            configuration,
            AgentSurroundings(hierarchy: hierarchy, resolver: resolver, logger: logger)
        )
        let fixture = Fixture(
            tree: tree,
            home: home,
            configuration: configuration,
            hierarchy: hierarchy,
            agent: agent,
            caller: caller
        )
        return fixture
    }

    private func close() async {
        for connection in open.withLock({ $0 }) { connection.close() }
        await agent.stop()
    }

    // MARK: - Talking to it

    func path(_ socket: String) -> String { home.appending("run").appending("\(socket).sock").string }

    /// From now on, connections on `function.sock` are said to come from this cgroup.
    func call(from path: String) { caller.path.withLock { $0 = path } }

    /// A connection of its own, closed with the fixture.
    func connect(_ socket: String = "function") throws -> ClientConnection {
        let connection = ClientConnection(to: try Endpoint("unix:\(path(socket))"), on: group.next())
        open.withLock { $0.append(connection) }
        return connection
    }

    /// What an operator's page says.
    func page(_ target: String) async throws -> String {
        let request = ClientRequest(.get, target)
        let response = try await request.send(to: try Endpoint("unix:\(path("admin"))"), on: group.next())
        return String(buffer: response.body)
    }

    /// Waits until a page of the agent satisfies a condition, at most five seconds.
    func wait(for target: String, _ condition: (String) -> Bool) async throws -> String {
        var last = ""
        for _ in 0..<500 {
            last = try await page(target)
            if condition(last) { return last }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(target) never satisfied the condition: \(last.prefix(2000))")
        return last
    }

    /// Waits until something holds, at most five seconds.
    func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        for _ in 0..<500 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never happened: \(what)")
    }

    /// The container's limit as its file says now.
    func limit(of path: String = Fixture.first) throws -> String { try tree.value("memory.max", of: path) }

    /// The lines of the observation log.
    func observations() -> [String] {
        let path = home.appending("state").appending("observations.jsonl")
        guard let text = try? String(contentsOf: path) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }

    /// Waits for so many observations.
    func observations(_ count: Int) async throws -> [String] {
        try await wait("\(count) observations") { observations().count >= count }
        return observations()
    }

    /// Moves a cgroup of the fake tree, so that it is born as it is.
    func move(_ old: String, to new: String) throws {
        guard rename(tree.mount.string + "/" + old, tree.mount.string + "/" + new) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    func replacePolicy(_ name: String, _ text: String) throws {
        let directory = home.appending("policies")
        try Self.write(text, to: directory.appending(".new"))
        rename(directory.appending(".new").string, directory.appending(name).string)
    }

    static func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead]
        )
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    }

    static func remove(_ directory: FilePath) {
        guard let stream = opendir(directory.string) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) { remove(directory.appending(name)) }
            unlink(directory.appending(name).string)
        }
        closedir(stream)
        rmdir(directory.string)
    }

    /// A policy: 40 MB and the number `n` of the payload.
    static func policy(
        _ function: String = "guest/f",
        version: Int = 1,
        status: String = "active",
        base: Int = 40_000_000
    ) -> String {
        """
        {"schema":"fuyun.policy/v1",
         "metadata":{"policy_id":"\(function)","version":\(version),"status":"\(status)"},
         "inputs":{"source":"payload",
                   "variables":[{"name":"n","type":"integer","range":[0,1000000000]}],
                   "mapping":{"n":{"json":"/n"}}},
         "logic":{"type":"linear","terms":{"n":"n"},"coefficients":{"base":\(base),"n":1},"decision_rationale":"test"},
         "safety":{"headroom":0}}
        """
    }
}

/// Bounds how many agents run at once.
private final class AgentSlots: Sendable {
    static let shared = AgentSlots()

    private struct State {
        var free = 8
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// The cgroup that callers are said to live in; a test may change it between connections.
final class CallerBox: Sendable {
    let path = Mutex(Fixture.first)
    /// Whether callers on the other two sockets are said to live there too.
    let isEverywhere = Mutex(false)
}

/// The path that a socket is bound to, or was accepted on; empty for none.
private func localPath(of socket: CInt) -> String {
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    guard status == 0 else { return "" }
    return withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

extension String {
    init(contentsOf path: FilePath) throws {
        let file = try FileDescriptor.open(path, .readOnly)
        self = try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = try buffer.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
