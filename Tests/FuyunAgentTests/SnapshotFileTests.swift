@testable import FuyunAgent
import FuyunPolicy
import FuyunProtocol
import Glibc
import Synchronization
import SystemPackage
import Testing

@Suite("The stored policies of the coordinator")
struct SnapshotFileTests {
    private final class Place: Sendable {
        let directory: FilePath
        let events = Mutex<[SnapshotFile.Event]>([])

        init() throws {
            var template = Array("/tmp/fuyun-snapshot-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            let text = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            directory = FilePath(text)
        }

        deinit {
            for suffix in ["", ".new", ".corrupt"] { unlink(path.string + suffix) }
            rmdir(directory.string)
        }

        var path: FilePath { directory.appending(SnapshotFile.name) }

        func file(_ url: String = "https://coordinator:7070") -> SnapshotFile {
            SnapshotFile(directory: directory, url: url) { event in self.events.withLock { $0.append(event) } }
        }
    }

    private func policies(_ count: Int) -> CoordinatorPolicies {
        var policies = CoordinatorPolicies()
        let functions = (0..<count).map { index in
            SyncPureTests.function(
                "guest/f\(index)",
                cap: .canary,
                [Fixture.policy("guest/f\(index)", version: index + 1)]
            )
        }
        _ = policies.merge(PoliciesAnswer(revision: 77, isFull: true, modeCap: .canary, functions: functions))
        return policies
    }

    @Test("what is stored is read back, whatever its size", arguments: [0, 1, 64, 65, 200])
    func roundTrip(count: Int) throws {
        let place = try Place()
        let file = place.file()
        file.store(policies(count))
        file.finish()
        // One JSON document, for whoever else reads it.
        _ = try JSONDocument.parse(SpoolTests.contents(of: place.path))
        let read = file.read()
        #expect(read.revision == 77)
        #expect(read.modeCap == .canary)
        #expect(read.functions.count == count)
        for (name, function) in read.functions {
            #expect(function.narrowing.mode == .canary)
            #expect(function.policies.map { "guest/f\($0.version - 1)" } == [name])
        }
        #expect(place.events.withLock { $0 } == [])
    }

    @Test("of another coordinator the policies are used, but its revision says nothing")
    func otherCoordinator() throws {
        let place = try Place()
        let file = place.file()
        file.store(policies(2))
        file.finish()
        let read = place.file("https://other").read()
        #expect(read.revision == nil)
        #expect(read.functions.count == 2)
    }

    @Test("no file is no error")
    func missing() throws {
        let place = try Place()
        #expect(place.file().read().functions.isEmpty)
        #expect(place.events.withLock { $0 } == [])
    }

    @Test("a file with any byte changed, or cut anywhere, is set aside and nothing of it is used")
    func damage() throws {
        let place = try Place()
        let file = place.file()
        file.store(policies(1))
        file.finish()
        let whole = try SpoolTests.contents(of: place.path)
        var damaged: [[UInt8]] = (0..<whole.count).map { Array(whole[..<$0]) }
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 1
            damaged.append(bytes)
        }
        for (number, bytes) in damaged.enumerated() {
            try SpoolTests.write(bytes, to: place.path)
            #expect(file.read().functions.isEmpty, "damage \(number)")
            #expect(access(place.path.string, F_OK) != 0, "damage \(number)")
            #expect(access(place.path.string + ".corrupt", F_OK) == 0, "damage \(number)")
        }
        #expect(place.events.withLock { $0.count } == damaged.count)
    }

    @Test("a directory that cannot be written is counted, and the next write is tried all the same")
    func failure() throws {
        let place = try Place()
        let file = SnapshotFile(directory: place.directory.appending("gone"), url: "x") { event in
            place.events.withLock { $0.append(event) }
        }
        file.store(policies(1))
        file.finish()
        file.store(policies(1))
        file.finish()
        #expect(place.events.withLock { $0 } == [.failed(.noSuchFileOrDirectory), .failed(.noSuchFileOrDirectory)])
    }
}
