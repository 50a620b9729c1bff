import Glibc
import Synchronization

/// A program that runs next to this one, until this value or this process is gone.
public final class ChildProcess {
    /// What the kernel says of a process's memory, in bytes.
    public struct Memory {
        /// All resident pages.
        public var resident: Int
        /// The anonymous ones among them: what nobody else could give back.
        public var anonymous: Int
    }

    /// Its process id.
    public let id: CInt
    private let input: CInt
    private let output: CInt

    /// Starts a program that lies next to this one's executable.
    public init(_ name: String, _ arguments: [String]) throws(Failure) {
        var (input, output): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard pipe(&input) == 0, pipe(&output) == 0 else { throw Failure("pipe", errno) }
        // The child's ends are duplicates, and nobody else may hold ours.
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO)
        let path = Self.directory + "/" + name
        var pointers: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: CInt = 0
        let status = posix_spawn(&child, path, &actions, nil, &pointers, environ)
        close(input[0])
        close(output[1])
        guard status == 0 else { throw Failure("cannot start \(path)", status) }
        id = child
        Self.stopAtExit(child)
        self.input = input[1]
        self.output = output[0]
    }

    deinit { stop() }

    /// Why a child could not be started or looked at.
    public struct Failure: Error, CustomStringConvertible {
        /// What was tried, and the system's error.
        public var description: String

        init(_ what: String, _ error: CInt) { description = "\(what): \(String(cString: strerror(error)))" }
    }

    /// Waits until it prints something: that it is ready.
    public func waitUntilReady() throws(Failure) {
        var byte: UInt8 = 0
        guard read(output, &byte, 1) == 1 else { throw Failure("the program ended before it was ready", 0) }
    }

    /// Ends it, and waits until it is gone.
    public func stop() {
        guard fcntl(input, F_GETFD) >= 0 else { return }
        close(input)
        kill(id, SIGTERM)
        var status: CInt = 0
        waitpid(id, &status, 0)
        Self.running.withLock { _ = $0.remove(id) }
        close(output)
    }

    /// Those that run: global values are not destroyed at the end of a process.
    private static let running = Mutex<Set<CInt>>([])

    private static func stopAtExit(_ child: CInt) {
        let isFirst = running.withLock { running in
            defer { running.insert(child) }
            return running.isEmpty
        }
        guard isFirst else { return }
        atexit { ChildProcess.running.withLock { for child in $0 { kill(child, SIGTERM) } } }
    }

    /// Its memory now.
    public var memory: Memory {
        Memory(resident: status("VmRSS:") ?? 0, anonymous: status("RssAnon:") ?? 0)
    }

    /// How long it ran on processors so far.
    public var processorTime: Duration {
        var clock: clockid_t = 0
        var time = timespec()
        guard clock_getcpuclockid(id, &clock) == 0, clock_gettime(clock, &time) == 0 else { return .zero }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private func status(_ key: String) -> Int? {
        guard let file = fopen("/proc/\(id)/status", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(whereSeparator: \.isWhitespace)
            if words.first == key[...], words.count > 1 { return Int(words[1]).map { $0 * 1024 } }
        }
        return nil
    }

    /// Where this program lies.
    private static let directory: String = {
        let path = CommandLine.arguments.first ?? "."
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }()
}
