import Cgroup
import FuyunTestSupport
import Glibc
import MemoryUnits
import SystemPackage
import Testing

@Suite("Kept files of a container")
struct ContainerFilesTests {
    private func opened(_ tree: FakeCgroupTree) throws -> CgroupDirectory {
        try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked).directory(at: "a")
    }

    @Test(
        "a limit is written and read back, shorter over longer too",
        arguments: [
            MemoryLimit.max, .bytes(.zero), .bytes(Bytes(7)), .bytes(.mebibytes(200)), .bytes(Bytes(10)), .bytes(.max),
        ]
    )
    func limits(_ limit: MemoryLimit) throws {
        let tree = try FakeCgroupTree { ["a": ["memory.max": "12345678901234567890\n"]] }
        let files = try ContainerFiles(opened(tree))
        try files.writeMax(limit)
        #expect(try files.readMax() == limit)
        try files.writeMax(.bytes(.gibibytes(1)))
        try files.writeMax(limit)
        #expect(try files.readMax() == limit)
        #expect(try opened(tree).memoryMax() == limit)
    }

    @Test("readings follow the files")
    func readings() throws {
        let tree = try FakeCgroupTree { ["a": [:]] }
        let files = try ContainerFiles(opened(tree))
        let before = try #require(try files.events())
        #expect(try files.current() == .mebibytes(8))
        try tree.setStat(["anon": .mebibytes(100), "shmem": .mebibytes(3)], of: "a")
        try tree.bump("oom_kill", of: "a")
        try tree.bump("max", of: "a", by: 12)
        #expect(try files.current() == .mebibytes(104))
        #expect(try files.stat()?.nonReclaimable == .mebibytes(105))
        #expect(
            try files.events()?.since(before)
                == MemoryEvents(low: 0, high: 0, max: 12, oom: 0, oomKill: 1, oomGroupKill: 0)
        )
        #expect(try files.localEvents()?.oomKill == 1)
        #expect(try files.pressure() == PressureStall(some: .zero, full: .zero))
    }

    @Test("without the memory controller everything is absent, and a write says so")
    func absent() throws {
        let missing: [String: String?] = [
            "memory.max": nil, "memory.current": nil, "memory.stat": nil, "memory.events": nil,
            "memory.events.local": nil, "memory.pressure": nil,
        ]
        let tree = try FakeCgroupTree { ["a": missing] }
        let files = try ContainerFiles(opened(tree))
        #expect(try files.readMax() == nil)
        #expect(try files.current() == nil)
        #expect(try files.stat() == nil)
        #expect(try files.events() == nil)
        #expect(try files.localEvents() == nil)
        #expect(try files.pressure() == nil)
        let error = #expect(throws: CgroupError.self) { try files.writeMax(.max) }
        #expect(error?.code == .absent)
        #expect(error?.file == "a/memory.max")
    }

    @Test("read-only access cannot write")
    func readOnly() throws {
        let tree = try FakeCgroupTree { ["a": [:]] }
        let files = try ContainerFiles(opened(tree), access: .readOnly)
        #expect(try files.readMax() == .max)
        let error = #expect(throws: CgroupError.self) { try files.writeMax(.max) }
        #expect(error?.errno == .badFileDescriptor)
    }
}

@Suite("Peak windows")
struct PeakWindowTests {
    private func opened(_ tree: FakeCgroupTree) throws -> CgroupDirectory {
        try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked).directory(at: "a")
    }

    @Test("with reset: the peak since begin")
    func window() throws {
        let tree = try FakeCgroupTree { ["a": ["memory.peak": "217944064\n"]] }
        var window = try PeakWindow(opened(tree))
        try window.begin()
        #expect(try window.end()?.bytes == .zero)
        try tree.write("7565312\n", to: "memory.peak", of: "a")
        #expect(try window.end() == PeakReading(bytes: Bytes(7_565_312), method: .window, isExact: true))
        #expect(window.method == .window)
    }

    @Test("without the file: the highest sample, if any")
    func sampled() throws {
        let tree = try FakeCgroupTree { ["a": ["memory.peak": nil]] }
        var window = try PeakWindow(opened(tree))
        #expect(window.method == .sampled)
        try window.begin()
        #expect(try window.end() == nil)
        window.note(current: .mebibytes(3))
        window.note(current: .mebibytes(9))
        window.note(current: .mebibytes(4))
        #expect(try window.end() == PeakReading(bytes: .mebibytes(9), method: .sampled, isExact: false))
        try window.begin()
        #expect(try window.end() == nil)
    }

    @Test("without reset: exact only when it grew")
    func lifetime() throws {
        let tree = try FakeCgroupTree { ["a": ["memory.peak": "1000\n"]] }
        var window = try PeakWindow(opened(tree), best: .lifetime)
        try window.begin()
        #expect(try window.end() == PeakReading(bytes: Bytes(1000), method: .lifetime, isExact: false))
        try tree.write("1001\n", to: "memory.peak", of: "a")
        #expect(try window.end() == PeakReading(bytes: Bytes(1001), method: .lifetime, isExact: true))
        try window.begin()
        #expect(try window.end()?.isExact == false)
    }

    @Test("a file that may not be written: the lifetime's peak", .enabled(if: geteuid() != 0, "root may write to any"))
    func readOnly() throws {
        let tree = try FakeCgroupTree { ["a": [:]] }
        #expect(chmod(tree.mount.appending("a").appending("memory.peak").string, 0o444) == 0)
        #expect(try PeakWindow(opened(tree)).method == .lifetime)
    }
}
