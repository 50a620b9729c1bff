import Cgroup
import FuyunTestSupport
import Glibc
import MemoryUnits
import SystemPackage
import Testing

/// Collects events until the condition holds, or five seconds are over.
func collect(
    _ watcher: borrowing CgroupWatcher,
    until done: ([WatchEvent]) -> Bool
) throws -> [WatchEvent] {
    var events: [WatchEvent] = []
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(5)
    while !done(events), clock.now < deadline {
        var request = pollfd(fd: watcher.rawDescriptor, events: Int16(POLLIN), revents: 0)
        if poll(&request, 1, 100) > 0 { _ = try watcher.drain { events.append($0) } }
    }
    return events
}

@Suite("Watching the tree")
struct WatcherTests {
    @Test("births, deaths, counters and foreign writes; never our own")
    func fake() throws {
        let tree = try FakeCgroupTree { ["k/a": [:]] }
        let hierarchy = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked)
        let watcher = try CgroupWatcher()
        let parent = try watcher.watchChildren(of: hierarchy.directory(at: "k"))
        let directory = try hierarchy.directory(at: "k/a")
        let counters = try #require(try watcher.watch(.memoryEvents, of: directory))
        let limit = try #require(try watcher.watch(.memoryMax, of: directory))
        #expect(Set([parent, counters, limit]).count == 3)

        let files = try ContainerFiles(directory)
        try files.writeMax(.bytes(.mebibytes(5)))
        try tree.bump("oom", of: "k/a")
        let own = try collect(watcher) { $0.contains { $0.watch == counters } }
        #expect(own.allSatisfy { $0.watch == counters && $0.kinds.contains(.modified) && !$0.isDirectory })

        try tree.write("max\n", to: "memory.max", of: "k/a")
        let foreign = try collect(watcher) { $0.contains { $0.watch == limit } }
        #expect(foreign.contains { $0.watch == limit && $0.kinds.contains(.closedAfterWrite) })

        try tree.add("k/b")
        let birth = try collect(watcher) { $0.contains { $0.name == "b" } }
        #expect(birth.contains { $0.watch == parent && $0.kinds.contains(anyOf: .created) && $0.isDirectory })

        tree.remove("k/a")
        let death = try collect(watcher) { $0.contains { $0.name == "a" && $0.isDirectory } }
        #expect(death.contains { $0.watch == parent && $0.name == "a" && $0.kinds.contains(anyOf: .deleted) })

        watcher.remove(parent)
        let end = try collect(watcher) { $0.contains { $0.watch == parent && $0.kinds.contains(.ended) } }
        #expect(end.contains { $0.watch == parent && $0.kinds.contains(.ended) })
        watcher.remove(parent)
    }

    @Test("a file that the kernel does not have cannot be watched")
    func absent() throws {
        let tree = try FakeCgroupTree { ["a": ["memory.swap.max": nil]] }
        let directory = try CgroupHierarchy(mountPoint: tree.mount, check: .unchecked).directory(at: "a")
        let watcher = try CgroupWatcher()
        #expect(try watcher.watch(.memorySwapMax, of: directory) == nil)
    }

    private func record(_ watch: CInt, _ mask: UInt32, _ name: String = "", padding: Int = 0, length: UInt32? = nil)
        -> [UInt8]
    {
        let bytes = Array(name.utf8) + [UInt8](repeating: 0, count: padding)
        var header: [UInt8] = []
        withUnsafeBytes(of: watch) { header += $0 }
        let words: [UInt32] = [mask, 0, length ?? UInt32(bytes.count)]
        for word in words { withUnsafeBytes(of: word) { header += $0 } }
        return header + bytes
    }

    private func parsed(_ bytes: [UInt8]) -> [WatchEvent] {
        var events: [WatchEvent] = []
        bytes.withUnsafeBytes { CgroupWatcher.parse($0) { events.append($0) } }
        return events
    }

    @Test("takes records apart, the odd ones too")
    func records() {
        #expect(parsed([]).isEmpty)
        let joined =
            record(3, 0x4000_0100, "docker", padding: 10) + record(-1, 0x4000) + record(3, 0x8000) + record(4, 2)
        #expect(
            parsed(joined) == [
                WatchEvent(
                    watch: .init(rawValue: 3),
                    kinds: .init(rawValue: 0x100),
                    isDirectory: true,
                    name: "docker"
                ),
                WatchEvent(watch: nil, kinds: .overflow),
                WatchEvent(watch: .init(rawValue: 3), kinds: .ended),
                WatchEvent(watch: .init(rawValue: 4), kinds: .modified),
            ]
        )
    }

    @Test("never reads beyond the bytes", arguments: 0..<33)
    func cut(_ length: Int) {
        let bytes = record(3, 0x100, "name", padding: 12) + record(1, 2, length: 4096)
        let expected = length < 32 ? 0 : 1
        #expect(parsed(Array(bytes.prefix(length))).count == expected)
        #expect(parsed(bytes).count == 1)
    }
}
