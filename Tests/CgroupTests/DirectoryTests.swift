import Cgroup
import FuyunTestSupport
import MemoryUnits
import SystemPackage
import Testing

/// The contents of one file, and what reading it must give; nil contents: the file does not exist.
struct FileCase<Value: Sendable>: Sendable, CustomTestStringConvertible {
    var contents: String?
    var expected: Expected

    enum Expected: Sendable {
        case value(Value?)
        case malformed
    }

    init(_ contents: String?, _ value: Value?) {
        self.contents = contents
        self.expected = .value(value)
    }

    init(malformed contents: String) {
        self.contents = contents
        self.expected = .malformed
    }

    var testDescription: String { contents ?? "missing" }

    /// Puts the file in a fake cgroup and reads it, from a directory and from kept files alike.
    func check(
        _ file: String,
        _ read: (borrowing CgroupDirectory, borrowing ContainerFiles) throws -> [Value?]
    ) throws where Value: Equatable {
        let tree = try FakeCgroupTree { ["a.slice/b": [file: contents]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let directory = try hierarchy.directory(at: "a.slice/b")
        let files = try ContainerFiles(directory)
        switch expected {
        case .value(let value):
            for got in try read(directory, files) { #expect(got == value) }
        case .malformed:
            let error = #expect(throws: CgroupError.self) { try read(directory, files) }
            #expect(error?.code == .malformed)
            #expect(error?.file == "a.slice/b/\(file)")
        }
    }
}

@Suite("Files of a cgroup")
struct DirectoryTests {
    @Test(
        "limits",
        arguments: [
            FileCase("max\n", MemoryLimit.max), FileCase("max", .max), FileCase("0\n", .bytes(.zero)),
            FileCase("67108864\n", .bytes(.mebibytes(64))), FileCase("4096\n864\n", .bytes(Bytes(4096))),
            FileCase("max\n15200\n", .max), FileCase("18446744073709551615\n", .bytes(.max)), FileCase(nil, nil),
            FileCase(malformed: ""), FileCase(malformed: "\n"), FileCase(malformed: "maximum\n"),
            FileCase(malformed: "-1\n"), FileCase(malformed: "18446744073709551616\n"), FileCase(malformed: "12 \n"),
            FileCase(malformed: "1e9\n"), FileCase(malformed: String(repeating: "9", count: 200)),
        ]
    )
    func limits(_ file: FileCase<MemoryLimit>) throws {
        try file.check("memory.max") { try [$0.memoryMax(), $1.readMax()] }
        try file.check("memory.high") { directory, _ in try [directory.memoryHigh()] }
        try file.check("memory.swap.max") { directory, _ in try [directory.memorySwapMax()] }
    }

    @Test(
        "quantities",
        arguments: [
            FileCase("8388608\n", Bytes.mebibytes(8)), FileCase("0\n", .zero), FileCase(nil, nil),
            FileCase(malformed: ""), FileCase(malformed: "max\n"), FileCase(malformed: "0x10\n"),
        ]
    )
    func quantities(_ file: FileCase<Bytes>) throws {
        try file.check("memory.current") { try [$0.memoryCurrent(), $1.current()] }
        try file.check("memory.peak") { directory, _ in try [directory.memoryPeak()] }
    }

    @Test(
        "switches",
        arguments: [
            FileCase("0\n", false), FileCase("1\n", true), FileCase(nil, nil), FileCase(malformed: "2\n"),
            FileCase(malformed: ""),
        ]
    )
    func switches(_ file: FileCase<Bool>) throws {
        try file.check("memory.oom.group") { directory, _ in try [directory.oomGroup()] }
    }

    @Test(
        "event counters",
        arguments: [
            FileCase(
                "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n",
                MemoryEvents(low: 1, high: 2, max: 3, oom: 4, oomKill: 5, oomGroupKill: 6)
            ),
            // An older kernel, and a newer one with a key that nobody knows yet.
            FileCase(
                "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n",
                MemoryEvents(low: 0, high: 0, max: 9, oom: 1, oomKill: 1)
            ),
            FileCase("sock_throttled 7\noom_kill 2\n", MemoryEvents(oomKill: 2)),
            // A line that was cut is left out.
            FileCase("max 9\noom 1", MemoryEvents(max: 9)), FileCase(nil, nil),
            FileCase(malformed: ""), FileCase(malformed: "oom\n"), FileCase(malformed: "oom x\n"),
            FileCase(malformed: " 1\n"), FileCase(malformed: "max 99999999999999999999\n"),
        ]
    )
    func eventCounters(_ file: FileCase<MemoryEvents>) throws {
        try file.check("memory.events") { try [$0.memoryEvents(), $1.events()] }
        try file.check("memory.events.local") { try [$0.memoryLocalEvents(), $1.localEvents()] }
    }

    @Test(
        "memory.stat",
        arguments: [
            FileCase(
                """
                anon 10
                file 20
                kernel 30
                kernel_stack 1
                sock 40
                shmem 5
                inactive_anon 0
                inactive_file 6
                active_file 7
                unevictable 8
                slab_reclaimable 9
                slab_unreclaimable 11
                this line is never reached

                """,
                MemoryStat(
                    anonymous: Bytes(10),
                    file: Bytes(20),
                    shared: Bytes(5),
                    kernel: Bytes(30),
                    slabReclaimable: Bytes(9),
                    slabUnreclaimable: Bytes(11),
                    sockets: Bytes(40),
                    unevictable: Bytes(8),
                    activeFile: Bytes(7),
                    inactiveFile: Bytes(6)
                )
            ),
            FileCase("file 3\nanon 2\n", MemoryStat(anonymous: Bytes(2), file: Bytes(3))), FileCase(nil, nil),
            FileCase(malformed: ""), FileCase(malformed: "anon -3\n"), FileCase(malformed: "anon 3 4\n"),
        ]
    )
    func stat(_ file: FileCase<MemoryStat>) throws {
        try file.check("memory.stat") { try [$0.memoryStat(), $1.stat()] }
    }

    @Test("memory.stat of a real kernel, in any order, with more keys than fit")
    func longStat() throws {
        let filler = (0..<400).map { "future_key_number_\($0) \($0)\n" }.joined()
        let tree = try FakeCgroupTree { ["a": [:], "b": ["memory.stat": "anon 7\n" + filler]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let usual = try #require(try hierarchy.directory(at: "a").memoryStat())
        #expect(usual.anonymous == .mebibytes(4))
        #expect(usual.slabUnreclaimable == .zero)
        #expect(usual.nonReclaimable == .mebibytes(6))
        #expect(try hierarchy.directory(at: "b").memoryStat() == MemoryStat(anonymous: Bytes(7)))
    }

    @Test(
        "pressure",
        arguments: [
            FileCase(
                "some avg10=1.50 avg60=0.20 avg300=0.00 total=1500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=2\n",
                PressureStall(some: .microseconds(1500), full: .microseconds(2))
            ),
            FileCase(nil, nil), FileCase(malformed: ""),
            FileCase(malformed: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
            FileCase(malformed: "some total=x\nfull total=1\n"), FileCase(malformed: "some tot\nfull t\n"),
            FileCase(malformed: "some total=18446744073709551615\nfull total=1\n"),
        ]
    )
    func pressure(_ file: FileCase<PressureStall>) throws {
        try file.check("memory.pressure") { try [$0.memoryPressure(), $1.pressure()] }
    }

    @Test(
        "cgroup.events",
        arguments: [
            FileCase("populated 1\nfrozen 0\n", CgroupEvents(populated: true, frozen: false)),
            FileCase("populated 0\n", CgroupEvents(populated: false)), FileCase(nil, nil),
            FileCase(malformed: "frozen 1\n"), FileCase(malformed: "populated yes\n"), FileCase(malformed: ""),
        ]
    )
    func cgroupEvents(_ file: FileCase<CgroupEvents>) throws {
        try file.check("cgroup.events") { directory, _ in try [directory.cgroupEvents()] }
    }

    @Test("processes, more than one read holds, bounded and checked")
    func processes() throws {
        let ids = (1...2000).map { CInt($0 * 1000) }
        let tree = try FakeCgroupTree {
            ["a": ["cgroup.procs": ids.map { "\($0)\n" }.joined()], "b": ["cgroup.procs": "12\nx\n"], "c": [:]]
        }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        #expect(try hierarchy.directory(at: "a").processes() == ids)
        #expect(try hierarchy.directory(at: "a").processes(limit: 3) == [1000, 2000, 3000])
        #expect(try hierarchy.directory(at: "c").processes() == [])
        let error = #expect(throws: CgroupError.self) { try hierarchy.directory(at: "b").processes() }
        #expect(error?.code == .malformed)
    }

    @Test(
        "the memory controller is a word of its own",
        arguments: [
            ("cpu memory pids\n", true), ("memory\n", true), ("memory", true), ("cpu pids\n", false), ("", false),
            ("memory2 hugememory\n", false),
        ]
    )
    func controller(_ contents: String, _ present: Bool) throws {
        let tree = try FakeCgroupTree { ["a": ["cgroup.controllers": contents]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        #expect(try hierarchy.directory(at: "a").hasMemoryController() == present)
    }

    @Test("limits are written, and a file that is not there says so")
    func writes() throws {
        let tree = try FakeCgroupTree { ["a": ["memory.swap.max": nil]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let directory = try hierarchy.directory(at: "a")
        try directory.setMemoryMax(.bytes(.mebibytes(1)))
        try directory.setMemoryHigh(.bytes(.zero))
        #expect(try tree.value("memory.max", of: "a") == "1048576")
        #expect(try tree.value("memory.high", of: "a") == "0")
        let error = #expect(throws: CgroupError.self) { try directory.setMemorySwapMax(.max) }
        #expect(error?.code == .absent)
        #expect(error?.description.contains("a/memory.swap.max") == true)
    }

    @Test("reclaim is asked for in bytes; a kernel without it says so")
    func reclaim() throws {
        let tree = try FakeCgroupTree { ["a": [:], "b": ["memory.reclaim": nil]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        #expect(try hierarchy.directory(at: "a").reclaim(.mebibytes(2)) == .complete)
        #expect(try tree.value("memory.reclaim", of: "a") == "2097152")
        #expect(try hierarchy.directory(at: "b").reclaim(.mebibytes(2)) == .unsupported)
    }

    @Test("a removed cgroup is gone, not without files")
    func gone() throws {
        let tree = try FakeCgroupTree { ["a.slice/b": [:]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let directory = try hierarchy.directory(at: "a.slice/b")
        tree.remove("a.slice/b")
        for read: (borrowing CgroupDirectory) throws -> Void in [
            { _ = try $0.memoryMax() }, { _ = try $0.memoryEvents() }, { _ = try $0.reclaim(.zero) },
            { _ = try ContainerFiles($0) }, { _ = try PeakWindow($0) },
        ] {
            let error = #expect(throws: CgroupError.self) { try read(directory) }
            #expect(error?.code == .gone)
        }
    }

    @Test("extended attributes hold a ceiling across openings")
    func attributes() throws {
        let tree = try FakeCgroupTree { ["a": [:]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let directory = try hierarchy.directory(at: "a")
        #expect(try directory.attribute("user.fuyun.ceiling") == nil)
        #expect(try directory.userspaceKillCount() == 0)
        // A temporary directory on an old tmpfs has no user attributes: then the answer is false, and nothing is kept.
        let works = try directory.setAttribute("user.fuyun.ceiling", "268435456")
        #expect(try hierarchy.directory(at: "a").attribute("user.fuyun.ceiling") == (works ? "268435456" : nil))
        guard works else { return }
        #expect(try directory.setAttribute("user.fuyun.ceiling", nil))
        #expect(try directory.setAttribute("user.fuyun.ceiling", nil))
        #expect(try directory.attribute("user.fuyun.ceiling") == nil)
        #expect(try directory.setAttribute("user.oomd_kill", "3"))
        #expect(try directory.userspaceKillCount() == 3)
    }
}
