@testable import Cgroup
import Glibc
import SystemPackage
import Testing

@Suite("Who is at the other end")
struct PeerIdentityTests {
    @Test(
        "a client in another cgroup, by every method",
        .enabled(if: RealCgroup.isAvailable && Client.isAvailable, Comment(rawValue: RealCgroup.missing)),
        arguments: PeerIdentity.Method.allCases
    )
    func client(_ method: PeerIdentity.Method) throws {
        let cgroup = try RealCgroup("peer-\(method)")
        let listener = try Listener()
        let client = try Client(in: cgroup, socket: listener.path)
        defer { client.end() }
        let connection = try listener.accept()
        defer { close(connection) }
        let identity = try PeerIdentity.of(socket: connection, in: cgroup.hierarchy, best: method)
        let directory = try cgroup.hierarchy.directory(at: cgroup.path)
        #expect(identity.path == cgroup.path)
        #expect(identity.cgroup == directory.id)
        #expect(identity.process == client.process)
        // Older kernels fall back; they must not do better than asked.
        let order = PeerIdentity.Method.allCases
        #expect(try #require(order.firstIndex(of: identity.method)) >= #require(order.firstIndex(of: method)))
        if method == .pidfdCgroupID, cgroup.hierarchy.trustsPidfdCgroupID {
            #expect(identity.method == .pidfdCgroupID)
            #expect(PeerIdentity.cgroupID(ofPeer: connection, in: cgroup.hierarchy) == directory.id)
        }
    }

    @Test(
        "a client that has exited is not believed, by any method",
        .enabled(if: RealCgroup.isAvailable && Client.isAvailable, Comment(rawValue: RealCgroup.missing)),
        arguments: PeerIdentity.Method.allCases
    )
    func exited(_ method: PeerIdentity.Method) throws {
        let cgroup = try RealCgroup("gone-\(method)")
        let listener = try Listener()
        let client = try Client(in: cgroup, socket: listener.path)
        let connection = try listener.accept()
        defer { close(connection) }
        client.end()
        #expect(throws: PeerError.exited) {
            try PeerIdentity.of(socket: connection, in: cgroup.hierarchy, best: method)
        }
        #expect(PeerIdentity.cgroupID(ofPeer: connection, in: cgroup.hierarchy) == nil)
    }

    @Test("pidfds are closed", .enabled(if: RealCgroup.isAvailable, Comment(rawValue: RealCgroup.missing)))
    func descriptors() throws {
        let cgroup = try RealCgroup("leak")
        var ends: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { ends.forEach { close($0) } }
        for method in PeerIdentity.Method.allCases {
            for _ in 0..<100 { _ = try PeerIdentity.of(socket: ends[0], in: cgroup.hierarchy, best: method) }
        }
        let pidfds = (0..<1024).count { descriptor in
            var target = [CChar](repeating: 0, count: 64)
            guard readlink("/proc/self/fd/\(descriptor)", &target, 63) > 0 else { return false }
            return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).contains(
                "pidfd"
            )
        }
        // Other tests may hold a few at the same time.
        #expect(pidfds < 20)
    }

    @Test("what is no connected Unix socket says so")
    func noSocket() throws {
        guard let mount = RealCgroup.mount else { return }
        let hierarchy = try CgroupHierarchy(mountPoint: mount)
        let error = #expect(throws: PeerError.self) { try PeerIdentity.of(socket: -1, in: hierarchy) }
        #expect(error?.description.contains("SO_PEERPIDFD") == true)
    }

    @Test(
        "/proc/PID/cgroup",
        arguments: [
            ("0::/a.slice/b\n", "a.slice/b"), ("12:pids:/x\n1:name=systemd:/y\n0::/\n", ""), ("0::/x y\n", "x y"),
        ]
    )
    func processCgroup(_ text: String, _ path: String) throws {
        #expect(try ProcessFiles.cgroupPath(text) == path)
    }

    @Test(
        "/proc/PID/cgroup that is of no use",
        arguments: [
            ("", PeerError.notInCgroup2), ("4:memory:/x\n", .notInCgroup2), ("0::\n", .notInCgroup2),
            ("0::/../other\n", .outsideNamespace(path: "/../other")), ("0::/..\n", .outsideNamespace(path: "/..")),
            ("0::/a/b (deleted)\n", .cgroupRemoved),
        ]
    )
    func refusedCgroup(_ text: String, _ error: PeerError) {
        #expect(throws: error) { try ProcessFiles.cgroupPath(text) }
    }

    @Test(
        "every error says what to do",
        arguments: [
            PeerError.exited, .invisible, .outsideNamespace(path: "/../x"), .cgroupRemoved, .notInCgroup2,
            .system(operation: "SO_PEERPIDFD", errno: EBADF),
        ]
    )
    func advice(_ error: PeerError) {
        #expect(error.description.contains(";"))
    }
}

@Suite("A real tree", .enabled(if: RealCgroup.isAvailable, Comment(rawValue: RealCgroup.missing)))
struct RealTreeTests {
    @Test("ids, paths and attributes")
    func identity() throws {
        let cgroup = try RealCgroup("ids")
        let directory = try cgroup.hierarchy.directory(at: cgroup.path)
        #expect(try cgroup.hierarchy.path(of: directory.id) == cgroup.path)
        #expect(try cgroup.hierarchy.path(of: cgroup.hierarchy.root.id) == "")
        #expect(try directory.cgroupEvents()?.populated == false)
        #expect(try directory.processes() == [])
        #expect(try directory.childNames() == [])
        #expect(try directory.setAttribute("user.fuyun.ceiling", "max"))
        #expect(try cgroup.hierarchy.directory(of: directory.id)?.attribute("user.fuyun.ceiling") == "max")
        let nobody = #expect(throws: CgroupError.self) { try cgroup.hierarchy.path(of: CgroupID(rawValue: 1 << 60)) }
        #expect(nobody?.code == .gone)
    }

    @Test("files that this kernel lacks are absent; a removed cgroup is gone")
    func removal() throws {
        var cgroup: RealCgroup? = try RealCgroup("removal")
        let path = try #require(cgroup?.path)
        let hierarchy = try #require(cgroup?.hierarchy)
        let directory = try hierarchy.directory(at: path)
        let files = try ContainerFiles(directory)
        let id = directory.id
        let hadPressure = try files.pressure() != nil
        if try !directory.hasMemoryController() {
            #expect(try directory.memoryMax() == nil)
            #expect(try files.readMax() == nil)
        } else {
            #expect(try directory.memoryMax() == .max)
            #expect(try files.events()?.oomKill == 0)
        }
        cgroup = nil
        for read: (borrowing CgroupDirectory) throws -> Void in [
            { _ = try $0.memoryMax() }, { _ = try $0.cgroupEvents() }, { _ = try ContainerFiles($0) },
        ] {
            let error = #expect(throws: CgroupError.self) { try read(directory) }
            #expect(error?.code == .gone)
        }
        if hadPressure {
            let error = #expect(throws: CgroupError.self) { try files.pressure() }
            #expect(error?.code == .gone)
        }
        let error = #expect(throws: CgroupError.self) { try hierarchy.path(of: id) }
        #expect(error?.code == .gone)
    }

    @Test("births, deaths and population are seen", .enabled(if: Client.isAvailable))
    func watching() throws {
        var cgroup: RealCgroup? = try RealCgroup("watching")
        let path = try #require(cgroup?.path)
        let hierarchy = try #require(cgroup?.hierarchy)
        let watcher = try CgroupWatcher()
        let births = try watcher.watchChildren(of: hierarchy.root)
        let population = try #require(try watcher.watch(.cgroupEvents, of: hierarchy.directory(at: path)))
        do {
            let listener = try Listener()
            let client = try Client(in: try #require(cgroup), socket: listener.path)
            let connection = try listener.accept()
            defer { close(connection) }
            let seen = try collect(watcher) { $0.contains { $0.watch == population && $0.kinds.contains(.modified) } }
            #expect(seen.contains { $0.watch == population && $0.kinds.contains(.modified) })
            #expect(try hierarchy.directory(at: path).cgroupEvents()?.populated == true)
            #expect(try hierarchy.directory(at: path).processes() == [client.process])
            client.end()
        }
        cgroup = nil
        let death = try collect(watcher) { $0.contains { $0.name == path && $0.kinds.contains(anyOf: .deleted) } }
        #expect(death.contains { $0.watch == births && $0.name == path && $0.isDirectory })
        // Kernels differ in whether the watch ended by itself; after this it has, in any case.
        watcher.remove(population)
        let ended: ([WatchEvent]) -> Bool = { $0.contains { $0.watch == population && $0.kinds.contains(.ended) } }
        #expect(try ended(death) || ended(collect(watcher, until: ended)))
    }
}
