import Cgroup
import FuyunTestSupport
import Glibc
import MemoryUnits
import SystemPackage
import Testing

@Suite("The tree")
struct HierarchyTests {
    private func opened(_ tree: FakeCgroupTree) throws -> CgroupHierarchy {
        try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
    }

    @Test("refuses what is no cgroup v2 mount, and what is not there")
    func refused() throws {
        let tree = try FakeCgroupTree()
        let plain = #expect(throws: CgroupError.self) { try CgroupHierarchy(mountPoint: tree.mount) }
        #expect(plain?.code == .notCgroup2)
        let missing = #expect(throws: CgroupError.self) { try CgroupHierarchy(mountPoint: "/nowhere/at/all") }
        #expect(missing?.code == .absent)
    }

    @Test(
        "finds cgroups by path",
        arguments: [
            ("a.slice/b", "a.slice/b"), ("/a.slice/b/", "a.slice/b"), ("a.slice//b", "a.slice/b"), ("", ""), ("/", ""),
            ("./a.slice", "a.slice"),
        ]
    )
    func paths(_ asked: String, _ path: String) throws {
        let tree = try FakeCgroupTree { ["a.slice/b": [:]] }
        let directory = try opened(tree).directory(at: asked)
        #expect(directory.path == path)
        #expect(directory.name == path.split(separator: "/").last.map(String.init) ?? "")
        var facts = stat()
        #expect(stat(tree.mount.pushing(FilePath(path)).string, &facts) == 0)
        #expect(directory.id == CgroupID(rawValue: UInt64(facts.st_ino)))
    }

    @Test("never leaves the tree", arguments: ["..", "a.slice/../..", "a.slice/../a.slice", "a\0b"])
    func escapes(_ asked: String) throws {
        let tree = try FakeCgroupTree { ["a.slice/b": [:]] }
        let hierarchy = try opened(tree)
        let error = #expect(throws: CgroupError.self) { _ = try hierarchy.directory(at: asked) }
        #expect(error?.errno == .invalidArgument)
    }

    @Test("lists and opens children")
    func children() throws {
        let tree = try FakeCgroupTree { ["a/x": [:], "a/y": [:], "a/z.scope/container": [:]] }
        let hierarchy = try opened(tree)
        let parent = try hierarchy.directory(at: "a")
        #expect(try Set(parent.childNames()) == ["x", "y", "z.scope"])
        #expect(try parent.childNames(limit: 2).count == 2)
        #expect(try parent.openChild("x")?.path == "a/x")
        #expect(try parent.openChild("nobody")?.path == nil)
        #expect(try parent.openProcessLeaf().path == "a")
        #expect(try hierarchy.directory(at: "a/z.scope").openProcessLeaf().path == "a/z.scope/container")
        #expect(throws: CgroupError.self) { _ = try parent.openChild("x/..") }
    }

    @Test("a fake tree answers nothing about ids")
    func fakeID() throws {
        let tree = try FakeCgroupTree { ["a": [:]] }
        let hierarchy = try opened(tree)
        #expect(try hierarchy.path(of: hierarchy.directory(at: "a").id) == nil)
        #expect(!hierarchy.trustsPidfdCgroupID)
    }

    @Test("features are probed, not assumed")
    func features() throws {
        let tree = try FakeCgroupTree {
            [
                "new": [:],
                "old": [
                    "memory.peak": nil, "memory.reclaim": nil, "memory.pressure": nil, "memory.swap.max": nil,
                    "memory.events.local": nil, "memory.high": nil,
                ],
            ]
        }
        let hierarchy = try opened(tree)
        let new = try hierarchy.features(testedIn: hierarchy.directory(at: "new"))
        #expect(new.peak && new.peakReset && new.reclaim && new.localEvents && new.pressure && new.swapMax && new.high)
        #expect(try tree.value("memory.peak", of: "new") == "8388608")
        let old = try hierarchy.features(testedIn: hierarchy.directory(at: "old"))
        #expect(!old.peak && !old.peakReset && !old.reclaim && !old.localEvents && !old.pressure && !old.swapMax)
        #expect(!old.high && !old.pidfdCgroupID)
    }

    @Test("ancestors give the least limit, and count each for itself")
    func ancestors() throws {
        let tree = try FakeCgroupTree {
            [
                "k.slice": ["memory.max": "400000000\n"], "k.slice/pod.slice": ["memory.max": "300000000\n"],
                "k.slice/pod.slice/c.scope/container": ["memory.max": "1\n"], "free": [:],
            ]
        }
        let hierarchy = try opened(tree)
        let chain = try hierarchy.ancestors(of: "/k.slice/pod.slice/c.scope/container")
        #expect(
            chain.levels.map { $0.directory.path } == ["k.slice/pod.slice/c.scope", "k.slice/pod.slice", "k.slice"]
        )
        #expect(try chain.effectiveCeiling() == .bytes(Bytes(300_000_000)))
        try tree.write("200000000\n", to: "memory.max", of: "k.slice")
        #expect(try chain.effectiveCeiling() == .bytes(Bytes(200_000_000)))
        #expect(try hierarchy.ancestors(of: "free").effectiveCeiling() == .max)
        #expect(try hierarchy.ancestors(of: "").levels.isEmpty)

        let before = try chain.counters()
        try tree.bump("oom", of: "k.slice/pod.slice", by: 2)
        try tree.bump("oom_kill", of: "k.slice/pod.slice/c.scope/container")
        let moved = try chain.counters().since(before)
        #expect(moved.nearestOOM?.path == "k.slice/pod.slice")
        #expect(moved.levels.map(\.events.oom) == [0, 2, 0])
        #expect(moved.levels.map(\.events.oomKill) == [0, 0, 0])
        #expect(try hierarchy.directory(at: "k.slice").memoryEvents()?.oomKill == 1)
        #expect(try chain.userspaceKillCounts() == [0, 0, 0])
    }

    @Test("levels are shared among chains, and a path that is used again is a new level")
    func sharedLevels() throws {
        let tree = try FakeCgroupTree { ["k.slice/a": [:], "k.slice/b": [:]] }
        let hierarchy = try opened(tree)
        let first = try hierarchy.ancestors(of: "k.slice/a")
        let second = try hierarchy.ancestors(of: "k.slice/b")
        #expect(first.levels[0] === second.levels[0])
    }

    @Test("an ancestor without the memory controller limits nothing")
    func bareAncestor() throws {
        let tree = try FakeCgroupTree {
            ["k": ["memory.max": nil, "memory.events.local": nil], "k/a": [:]]
        }
        let chain = try opened(tree).ancestors(of: "k/a")
        #expect(try chain.effectiveCeiling() == .max)
        #expect(try chain.counters().levels.map(\.events) == [MemoryEvents()])
    }

    @Test(
        "mount options are those of the very mount",
        arguments: [
            (29, MountOptions?.none), (30, MountOptions(recursiveProtection: true, namespaceDelegation: true)),
            (31, MountOptions(localEvents: true)), (99, nil), (32, nil),
        ]
    )
    func mountOptions(_ id: Int, _ expected: MountOptions?) {
        let table = """
            29 25 0:5 / /dev rw shared:2 - devtmpfs udev rw,size=4
            30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
            31 25 0:26 / /with\\040space rw - cgroup2 none rw,memory_localevents
            32 25 0:26 / /cut rw
            """
        #expect(MountOptions(mountinfo: table, mountID: id) == expected)
    }

    @Test("every descriptor is closed")
    func descriptors() throws {
        let tree = try FakeCgroupTree { ["k.slice/a": ["memory.events": "junk\n"]] }
        func held() -> Int {
            (0..<4096).count { descriptor in
                var target = [CChar](repeating: 0, count: 256)
                guard readlink("/proc/self/fd/\(descriptor)", &target, 255) > 0 else { return false }
                return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                    .hasPrefix(tree.mount.string)
            }
        }
        #expect(held() == 0)
        do {
            let hierarchy = try opened(tree)
            for _ in 0..<20 {
                let directory = try hierarchy.directory(at: "k.slice/a")
                let files = try ContainerFiles(directory)
                _ = try files.current()
                _ = try? files.events()
                _ = try? directory.memoryEvents()
                _ = try directory.childNames()
                _ = try? directory.open("nobody")
                var window = try PeakWindow(directory)
                try window.begin()
                _ = try hierarchy.ancestors(of: "k.slice/a").effectiveCeiling()
                let watcher = try CgroupWatcher()
                _ = try watcher.watchChildren(of: directory)
            }
            #expect(held() == 1)
        }
        #expect(held() == 0)
    }
}
