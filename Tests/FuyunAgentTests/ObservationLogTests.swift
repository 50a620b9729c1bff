import FuyunAgent
import Glibc
import MemoryUnits
import Synchronization
import SystemPackage
import Testing

@Suite("The observation log")
struct ObservationLogTests {
    private final class Events: Sendable {
        let all = Mutex<[ObservationLog.Event]>([])

        func count(_ matches: (ObservationLog.Event) -> Bool) -> Int { all.withLock { $0.filter(matches).count } }
    }

    private func directory() throws -> FilePath {
        var template = Array("/tmp/fuyun-log-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        return FilePath(String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private func log(
        _ directory: FilePath,
        _ events: Events,
        size: Bytes = .mebibytes(1),
        files: Int = 2,
        capacity: Int = 1000
    ) -> ObservationLog {
        ObservationLog(directory: directory, fileSize: size, files: files, capacity: capacity) { event in
            events.all.withLock { $0.append(event) }
        }
    }

    @Test("lines are appended in order and survive a restart")
    func append() throws {
        let (directory, events) = (try directory(), Events())
        for run in 0..<2 {
            let log = log(directory, events)
            for line in 0..<50 { log.append(Array("\(run)-\(line)".utf8)) }
            log.close()
        }
        let text = try String(contentsOf: directory.appending("observations.jsonl"))
        let lines = text.split(separator: "\n")
        #expect(lines.count == 100)
        #expect(lines.first == "0-0")
        #expect(lines.last == "1-49")
    }

    @Test("what waits when the log is closed is written, in order, however much it is")
    func drain() throws {
        let (directory, events) = (try directory(), Events())
        let log = log(directory, events)
        for line in 0..<1000 { log.append(Array("\(line)".utf8)) }
        log.close()
        log.append(Array("too late".utf8))
        let text = try String(contentsOf: directory.appending("observations.jsonl"))
        let dropped = events.count { $0 == .dropped }
        #expect(text.split(separator: "\n").map(String.init) == (0..<1000).map(String.init))
        #expect(dropped == 1)
    }

    @Test("a line that a crash cut off is cut off at the start")
    func unfinishedLine() throws {
        let (directory, events) = (try directory(), Events())
        try Fixture.write("whole\nhal", to: directory.appending("observations.jsonl"))
        let log = log(directory, events)
        log.append(Array("next".utf8))
        log.close()
        #expect(try String(contentsOf: directory.appending("observations.jsonl")) == "whole\nnext\n")
    }

    @Test("the file is rotated by size, and no more than the set number is kept")
    func rotation() throws {
        let (directory, events) = (try directory(), Events())
        for _ in 0..<6 {
            let log = log(directory, events, size: Bytes(10))
            log.append(Array("0123456789".utf8))
            log.close()
        }
        #expect(events.count { $0 == .rotated } == 5)
        for name in ["observations.jsonl", "observations.jsonl.1", "observations.jsonl.2"] {
            #expect(try String(contentsOf: directory.appending(name)) == "0123456789\n")
        }
        #expect(access(directory.appending("observations.jsonl.3").string, F_OK) != 0)
    }

    @Test("a directory that cannot be written is counted, the queue fills, and what is too much is dropped and counted")
    func failure() async throws {
        let events = Events()
        let log = log("/nowhere/at/all", events, capacity: 3)
        for _ in 0..<5 { log.append(Array("x".utf8)) }
        for _ in 0..<500 where events.count({ if case .failed = $0 { true } else { false } }) == 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(events.count { if case .failed = $0 { true } else { false } } >= 1)
        #expect(events.count { $0 == .dropped } == 2)
    }
}
