@testable import FuyunAgent
import FuyunInvocation
import Glibc
import MemoryUnits
import Synchronization
import SystemPackage
import Testing

@Suite("The spool")
struct SpoolTests {
    /// A directory of its own, and what was reported.
    final class Place: Sendable {
        let directory: FilePath
        private let events = Mutex<[Spool.Event]>([])

        init() throws {
            var template = Array("/tmp/fuyun-spool-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            let text = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            directory = FilePath(text)
        }

        deinit {
            chmod(directory.string, 0o755)
            for name in files { unlink(directory.appending(name).string) }
            rmdir(directory.string)
        }

        func open(capacity: Bytes = .mebibytes(1), segment: Bytes = .kibibytes(4)) -> Spool {
            Spool(directory: directory, capacity: capacity, segmentSize: segment, now: Self.moment(0)) { [self] event in
                events.withLock { $0.append(event) }
            }
        }

        func count(_ matches: (Spool.Event) -> Bool) -> Int { events.withLock { $0.filter(matches).count } }

        var dropped: Int {
            events.withLock { $0.reduce(0) { if case .dropped(let count) = $1 { $0 + count } else { $0 } } }
        }

        /// The files by name.
        var files: [String] {
            guard let stream = opendir(directory.string) else { return [] }
            defer { closedir(stream) }
            var names: [String] = []
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { names.append(name) }
            }
            return names.sorted()
        }

        var segments: [FilePath] { files.filter { $0.hasSuffix(".spool") }.map { directory.appending($0) } }

        static func moment(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
    }

    static func contents(of path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            return Array(bytes[..<count])
        }
    }

    static func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite]
        )
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    static func append(_ texts: [String], to spool: inout Spool, at seconds: UInt64 = 0) {
        var bytes: [UInt8] = []
        var payloads: [Range<Int>] = []
        for text in texts {
            payloads.append(bytes.count..<bytes.count + text.utf8.count)
            bytes += Array(text.utf8) + [0x0A]
        }
        bytes.withUnsafeBytes { spool.append($0, payloads, now: Place.moment(seconds)) }
    }

    /// Everything that can be read, acknowledged as it comes.
    static func drain(_ spool: inout Spool, mostRecords: Int = 100) -> [String] {
        var texts: [String] = []
        while let batch = spool.batch(mostRecords: mostRecords, mostBytes: 10_000), texts.count < 100_000 {
            texts += batch.items.map { String(decoding: batch.bytes[$0.payload], as: UTF8.self) }
            if let last = batch.items.last { spool.acknowledge(last) }
        }
        return texts
    }

    private struct Nothing: Error {}

    /// The next batch, which must be there.
    static func batch(_ spool: inout Spool, _ mostRecords: Int, _ mostBytes: Int) throws -> Spool.Batch {
        guard let batch = spool.batch(mostRecords: mostRecords, mostBytes: mostBytes) else { throw Nothing() }
        return batch
    }

    private static func texts(_ range: Range<Int>) -> [String] { range.map { "observation \($0)" } }

    @Test("the checksum is CRC-32C, as its standard's examples have it")
    func checksum() {
        // RFC 3720, appendix B.4.
        #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(Checksum.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(Checksum.crc32c([UInt8](0..<32)) == 0x46DD_794E)
        #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
        let text = Array("observations in pieces".utf8)
        let seed = Checksum.crc32c(Array(text[..<5]))
        #expect(Array(text[5...]).withUnsafeBytes { Checksum.crc32c($0, seed: seed) } == Checksum.crc32c(text))
    }

    @Test("what goes in comes out, in order, over many segments, with growing numbers; and the files go")
    func roundTrip() throws {
        let place = try Place()
        var spool = place.open(segment: Bytes(200))
        Self.append(Self.texts(0..<50), to: &spool)
        #expect(place.segments.count > 5)
        let first = try Self.batch(&spool, 3, 10_000)
        #expect(first.items.map(\.sequence) == [1, 2, 3])
        let again = try Self.batch(&spool, 3, 10_000)
        #expect(again.items.map(\.sequence) == [1, 2, 3])
        let drained = Self.drain(&spool, mostRecords: 3)
        #expect(drained == Self.texts(0..<50))
        Self.append(["more"], to: &spool)
        let last = try Self.batch(&spool, 3, 10_000)
        #expect(last.items.map(\.sequence) == [51])
        spool.acknowledge(try #require(last.items.last))
        #expect(place.segments.count == 1)
        let size = spool.size
        #expect(size == .zero)
    }

    @Test("a batch is bounded in records and about in bytes, but never empty")
    func batchBounds() throws {
        let place = try Place()
        var spool = place.open(segment: .kibibytes(64))
        Self.append(Self.texts(0..<20) + [String(repeating: "x", count: 5_000)], to: &spool)
        let seven = try Self.batch(&spool, 7, 10_000)
        #expect(seven.items.count == 7)
        let three = try Self.batch(&spool, 100, 100)
        #expect(three.items.count == 3)
        for _ in 0..<20 {
            let batch = try Self.batch(&spool, 1, 10_000)
            spool.acknowledge(batch.items[0])
        }
        let large = try Self.batch(&spool, 10, 1)
        #expect(large.items.count == 1)
    }

    @Test(
        "after a restart what was not acknowledged is there, under its own epoch, and new observations have a new one"
    )
    func restart() throws {
        let place = try Place()
        var before = place.open()
        Self.append(Self.texts(0..<10), to: &before)
        let batch = try Self.batch(&before, 4, 10_000)
        before.acknowledge(batch.items[3])
        before.finish()

        var spool = place.open()
        Self.append(["new"], to: &spool)
        let old = try Self.batch(&spool, 100, 10_000)
        #expect(old.epoch == batch.epoch)
        #expect(old.items.map(\.sequence) == Array(5...10))
        spool.acknowledge(old.items[5])
        let new = try Self.batch(&spool, 100, 10_000)
        let epoch = spool.epoch
        #expect(new.epoch == epoch && new.epoch != old.epoch)
        #expect(new.items.map(\.sequence) == [1])
        #expect(place.segments.count == 1)
    }

    @Test("a segment cut off at any byte loses at most the record that was cut")
    func truncation() throws {
        let place = try Place()
        var spool = place.open()
        Self.append(Self.texts(0..<5), to: &spool)
        spool.finish()
        let path = try #require(place.segments.first)
        let whole = try Self.contents(of: path)
        let size = SpoolFormat.recordHeadSize + "observation 0".utf8.count
        for length in 0...whole.count {
            try Self.write(Array(whole[..<length]), to: path)
            for name in place.files where name != path.lastComponent?.string {
                unlink(place.directory.appending(name).string)
            }
            var spool = place.open()
            Self.append(["after"], to: &spool)
            let kept = max(0, length - SpoolFormat.headSize) / size
            let drained = Self.drain(&spool)
            #expect(drained == Self.texts(0..<kept) + ["after"], "cut at \(length)")
        }
        #expect(place.count { $0 == .truncated } == 5 * (size - 1))
        #expect(place.count { $0 == .corrupt } == SpoolFormat.headSize)
    }

    @Test("a bit that changed anywhere loses no more than the rest of its segment, and is counted")
    func corruption() throws {
        let place = try Place()
        var spool = place.open(segment: Bytes(110))
        Self.append(Self.texts(0..<6), to: &spool)
        spool.finish()
        let paths = place.segments
        try #require(paths.count == 3)
        let path = paths[1]
        let whole = try Self.contents(of: path)
        for index in whole.indices {
            for (other, lines) in zip(paths, [0..<2, 2..<4, 4..<6]) where other != path {
                try Self.restore(Self.texts(lines), at: other, like: whole)
            }
            var bytes = whole
            bytes[index] ^= 1 << UInt8(index % 8)
            try Self.write(bytes, to: path)
            unlink(place.directory.appending("acknowledged").string)
            for extra in place.segments where !paths.contains(extra) { unlink(extra.string) }
            let before = place.count { $0 == .corrupt || $0 == .truncated }
            var spool = place.open()
            let read = Self.drain(&spool)
            // The zeroes at the end of the head mean nothing yet.
            let isHarmless = (20..<24).contains(index)
            let isInSecond = index >= SpoolFormat.headSize + SpoolFormat.recordHeadSize + "observation 2".utf8.count
            let middle = isHarmless ? Self.texts(2..<4) : isInSecond ? Self.texts(2..<3) : []
            #expect(read == Self.texts(0..<2) + middle + Self.texts(4..<6), "byte \(index)")
            #expect(
                place.count { $0 == .corrupt || $0 == .truncated } == before + (isHarmless ? 0 : 1),
                "byte \(index)"
            )
        }
    }

    private static func restore(_ texts: [String], at path: FilePath, like segment: [UInt8]) throws {
        var bytes = Array(segment[..<SpoolFormat.headSize])
        for (index, text) in texts.enumerated() {
            Array(text.utf8).withUnsafeBytes { SpoolFormat.append($0, sequence: UInt64(index + 1), to: &bytes) }
        }
        try write(bytes, to: path)
    }

    @Test("the bound holds, the oldest go, and every one that was not acknowledged is counted")
    func bounded() throws {
        let place = try Place()
        var spool = place.open(capacity: .kibibytes(40), segment: .kibibytes(4))
        for start in stride(from: 0, to: 4_000, by: 50) { Self.append(Self.texts(start..<start + 50), to: &spool) }
        var status = stat()
        let size = place.segments.reduce(0) { sum, path in
            stat(path.string, &status)
            return sum + Int(status.st_size)
        }
        #expect(size <= 40 << 10)
        let left = Self.drain(&spool)
        #expect(left.last == "observation 3999")
        #expect(left == Self.texts(4_000 - left.count..<4_000))
        #expect(place.dropped == 4_000 - left.count)
    }

    @Test("many runs with one observation each are bounded too")
    func manyRuns() throws {
        let place = try Place()
        for run in 0..<20 {
            var spool = place.open(capacity: .kibibytes(40))
            Self.append(["run \(run)"], to: &spool)
        }
        let left = place.segments.count
        #expect((1...10).contains(left))
        var spool = place.open(capacity: .kibibytes(40))
        let drained = Self.drain(&spool)
        #expect(drained == (20 - left..<20).map { "run \($0)" })
        #expect(place.dropped == 20 - left)
    }

    @Test("a batch on its way while its segment is dropped is acknowledged without harm")
    func droppedMeanwhile() throws {
        let place = try Place()
        var spool = place.open(capacity: .kibibytes(16), segment: .kibibytes(4))
        Self.append(Self.texts(0..<10), to: &spool)
        let batch = try Self.batch(&spool, 5, 10_000)
        for start in stride(from: 10, to: 2_000, by: 10) { Self.append(Self.texts(start..<start + 10), to: &spool) }
        spool.acknowledge(batch.items[4])
        let rest = Self.drain(&spool)
        #expect(rest.last == "observation 1999")
        #expect(rest == Self.texts(2_000 - rest.count..<2_000))
    }

    /// Whether this process may mount a file system, for the tests that fill one up.
    private static let mayMount: Bool = {
        guard let place = try? Place(), mount("tmpfs", place.directory.string, "tmpfs", 0, "size=64k") == 0 else {
            return false
        }
        return umount2(place.directory.string, CInt(MNT_DETACH)) == 0
    }()

    @Test(
        "a full disk stops nothing: what it does not take waits in memory, and goes to disk when there is room",
        .enabled(if: mayMount)
    )
    func fullDisk() throws {
        let place = try Place()
        try #require(mount("tmpfs", place.directory.string, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(place.directory.string, CInt(MNT_DETACH)) }
        let filler = place.directory.appending("filler")
        try Self.write([UInt8](repeating: 0, count: 40_000), to: filler)
        var spool = place.open(segment: .kibibytes(8))
        for start in stride(from: 0, to: 1_000, by: 10) { Self.append(Self.texts(start..<start + 10), to: &spool) }
        let isFull = spool.isInMemory
        #expect(isFull)
        unlink(filler.string)
        Self.append(["late"], to: &spool, at: 11)
        let isInMemory = spool.isInMemory
        #expect(!isInMemory)
        spool.finish()
        var next = place.open()
        let drained = Self.drain(&next)
        #expect(drained == Self.texts(0..<1_000) + ["late"])
        #expect(place.dropped == 0)
    }

    @Test("a file system that becomes read-only stops nothing", .enabled(if: mayMount))
    func readOnly() throws {
        let place = try Place()
        try #require(mount("tmpfs", place.directory.string, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(place.directory.string, CInt(MNT_DETACH)) }
        var spool = place.open()
        Self.append(Self.texts(0..<5), to: &spool)
        spool.finish()
        let flags = UInt(MS_REMOUNT | MS_RDONLY)
        try #require(mount("tmpfs", place.directory.string, "tmpfs", flags, "size=64k") == 0)
        Self.append(Self.texts(5..<10), to: &spool)
        let drained = Self.drain(&spool)
        #expect(drained == Self.texts(0..<10))
    }

    @Test(
        "a directory that cannot be made or written: the last observations wait in memory, and go to disk when it can"
    )
    func noDisk() throws {
        let place = try Place()
        try Self.write([], to: place.directory.appending("state"))
        let directory = place.directory.appending("state").appending("spool")
        let events = Mutex<[Spool.Event]>([])
        var spool = Spool(
            directory: directory,
            capacity: .mebibytes(1),
            segmentSize: .kibibytes(4),
            now: Place.moment(0)
        ) { event in events.withLock { $0.append(event) } }
        Self.append(Self.texts(0..<3_000), to: &spool, at: 1)
        let isInMemory = spool.isInMemory
        #expect(isInMemory)
        let first = try Self.batch(&spool, 48, 100_000)
        #expect(first.items.map(\.sequence) == Array(953..<1001))
        spool.acknowledge(first.items[47])
        unlink(place.directory.appending("state").string)
        Self.append(["late"], to: &spool, at: 5)
        let isStillInMemory = spool.isInMemory
        #expect(isStillInMemory)
        Self.append(["later"], to: &spool, at: 11)
        let isInMemoryAgain = spool.isInMemory
        #expect(!isInMemoryAgain)
        let drained = Self.drain(&spool)
        #expect(drained == Self.texts(1_000..<3_000) + ["late", "later"])
        let (stops, recoveries) = events.withLock { events in
            (
                events.filter { if case .stopped = $0 { true } else { false } }.count,
                events.filter { $0 == .recovered }.count
            )
        }
        #expect(stops == 1 && recoveries == 1)
        for name in ["acknowledged"] { unlink(directory.appending(name).string) }
        rmdir(directory.string)
        rmdir(place.directory.appending("state").string)
    }
}
