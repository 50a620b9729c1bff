import Dispatch
import FuyunProtocol
import Glibc
import NIOCore
import Synchronization
import SystemPackage

/// The coordinator's last good policies on disk: `coordinator-policies.json`, replaced whole.
///
/// One JSON document, one line for each few functions, so that neither reading nor writing needs it whole in memory:
///
///     {"schema":"fuyun.snapshot/v1","url":"https://…","answers":[
///     {"schema":"fuyun.policies/v1",…},
///     {"schema":"fuyun.policies/v1",…}
///     ],"crc32c":1234567890}
///
/// The checksum is of everything before the last line. A file that is damaged is set aside as `.corrupt`.
final class SnapshotFile: Sendable {
    /// What happened, told to the owner of the counters.
    enum Event: Equatable, Sendable {
        /// The file was damaged and set aside.
        case corrupt(String)
        /// It could not be read or written.
        case failed(Errno)
    }

    /// The file's name in the state directory.
    static let name = "coordinator-policies.json"
    /// The largest file that is read.
    private static let largest = 1 << 28
    /// How many functions a line has.
    private static let functionsPerLine = 64
    /// A write that took long is not followed by another one for so many times as long.
    private static let rest = 20.0

    private struct State {
        var waiting: CoordinatorPolicies?
        var isScheduled = false
        var notBefore = DispatchTime(uptimeNanoseconds: 0)
    }

    private let path: FilePath
    private let head: [UInt8]
    private let queue = DispatchQueue(label: "fuyun.snapshot")
    private let state = Mutex(State())
    private let report: @Sendable (Event) -> Void

    /// Names the file.
    ///
    /// - Parameters:
    ///   - directory: The state directory.
    ///   - url: The coordinator whose policies they are; those of another one are used until the first answer, but their
    ///     revision means nothing.
    ///   - report: Called on the reading or writing thread.
    init(directory: FilePath, url: String, report: @escaping @Sendable (Event) -> Void) {
        path = directory.appending(Self.name)
        var head = ByteBuffer()
        head.writeStaticString("{\"schema\":\"fuyun.snapshot/v1\",\"url\":")
        head.writeJSON { $0.value(url) }
        head.writeStaticString(",\"answers\":[\n")
        self.head = Array(buffer: head)
        self.report = report
    }

    // MARK: - Reading

    /// What was stored; nothing when there is no file, or none that is whole.
    ///
    /// Blocking.
    func read() -> CoordinatorPolicies {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try contents()
        } catch {
            if error != .noSuchFileOrDirectory { report(.failed(error)) }
            return CoordinatorPolicies()
        }
        do throws(Damage) {
            return try parse(bytes)
        } catch {
            rename(path.string, path.string + ".corrupt")
            report(.corrupt(error.message))
            return CoordinatorPolicies()
        }
    }

    private struct Damage: Error {
        var message: String
    }

    private func parse(_ bytes: [UInt8]) throws(Damage) -> CoordinatorPolicies {
        guard bytes.last == UInt8(ascii: "\n"),
            let end = bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")),
            let tail = Self.checksum(ofTail: bytes[(end + 1)...])
        else { throw Damage(message: "it is cut off") }
        let body = bytes[...end]
        guard tail == body.withUnsafeBytes({ Checksum.crc32c($0) }) else {
            throw Damage(message: "the checksum is another")
        }
        guard body.starts(with: Array("{\"schema\":\"fuyun.snapshot/v1\",".utf8)),
            let start = body.firstIndex(of: UInt8(ascii: "\n"))
        else { throw Damage(message: "it is no fuyun.snapshot/v1") }
        var policies = CoordinatorPolicies()
        for line in body[(start + 1)...].split(separator: UInt8(ascii: "\n")) {
            let answer = line.last == UInt8(ascii: ",") ? line.dropLast() : line
            do throws(JSONError) {
                _ = policies.merge(try PoliciesAnswer(parsing: ByteBuffer(bytes: answer)))
            } catch {
                throw Damage(message: "a line is no answer: \(error)")
            }
        }
        if !body.starts(with: head) { policies.forgetRevision() }
        return policies
    }

    private static func checksum(ofTail line: ArraySlice<UInt8>) -> UInt32? {
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix("],\"crc32c\":"), text.hasSuffix("}\n") else { return nil }
        return UInt32(text.dropFirst(11).dropLast(2))
    }

    private func contents() throws(Errno) -> [UInt8] {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking])
            return try descriptor.closeAfter {
                let size = Int(try descriptor.seek(offset: 0, from: .end))
                guard size <= Self.largest else { throw Errno.fileTooLarge }
                return try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
                    while filled < size {
                        let rest = UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...]
                        )
                        let count = try descriptor.read(fromAbsoluteOffset: Int64(filled), into: rest)
                        if count == 0 { return }
                        filled += count
                    }
                }
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    // MARK: - Writing

    /// Has policies written, soon and by another thread; of several in a row only the last is.
    func store(_ policies: CoordinatorPolicies) {
        let moment = state.withLock { state -> DispatchTime? in
            state.waiting = policies
            guard !state.isScheduled else { return nil }
            state.isScheduled = true
            return max(state.notBefore, .now())
        }
        guard let moment else { return }
        queue.asyncAfter(deadline: moment) { self.writeWaiting() }
    }

    /// Writes what waits; waits at most two seconds for the disk.
    func finish() {
        let group = DispatchGroup()
        queue.async(group: group) { self.writeWaiting() }
        _ = group.wait(timeout: .now() + .seconds(2))
    }

    private func writeWaiting() {
        let policies = state.withLock { state in
            defer { state.waiting = nil }
            state.isScheduled = false
            return state.waiting
        }
        guard let policies else { return }
        let start = DispatchTime.now()
        do throws(Errno) { try write(policies) } catch { report(.failed(error)) }
        let spent = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds)
        let rest = DispatchTime.now() + .nanoseconds(Int(spent * Self.rest))
        state.withLock { $0.notBefore = rest }
    }

    private func write(_ policies: CoordinatorPolicies) throws(Errno) {
        let fresh = FilePath(path.string + ".new")
        do {
            let descriptor = try FileDescriptor.open(
                fresh,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead]
            )
            try descriptor.closeAfter {
                var checksum: UInt32 = 0
                func put(_ bytes: [UInt8]) throws {
                    checksum = bytes.withUnsafeBytes { Checksum.crc32c($0, seed: checksum) }
                    try descriptor.writeAll(bytes)
                }
                try put(head)
                var isFirst = true
                for part in policies.parts(of: Self.functionsPerLine) {
                    var line = ByteBuffer()
                    if !isFirst { line.writeStaticString(",\n") }
                    isFirst = false
                    policies.answer(part).write(into: &line)
                    try put(Array(buffer: line))
                }
                try put([UInt8(ascii: "\n")])
                try descriptor.writeAll(Array("],\"crc32c\":\(checksum)}\n".utf8))
                guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard rename(fresh.string, path.string) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(fresh.string)
            throw error as? Errno ?? .ioError
        }
        syncDirectory()
    }

    private func syncDirectory() {
        let directory = open(path.removingLastComponent().string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}
