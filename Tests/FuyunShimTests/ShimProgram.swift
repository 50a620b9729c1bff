import FuyunClient

#if canImport(Glibc)
import Glibc
#endif

/// A running `fuyun-shim`, started as a container's runtime would start it: three descriptors, no signal blocked.
final class ShimProgram {
    let process: pid_t
    let endpoint: Endpoint
    private let outputPath = Rig.socketPath()
    private let errorPath = Rig.socketPath()

    /// Why the program could not be started.
    struct Failure: Error {
        var words: String
    }

    init(_ options: [String], listen: Int, environment: [String: String] = [:]) throws {
        endpoint = .internet(address: "127.0.0.1", port: listen)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // What other tests of this process have open is not the program's.
        for descriptor in 3..<CInt(4096) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // By way of Python, which closes what this test process would hand down.
        let start = "import os, sys; os.closerange(3, 65536); os.execv(sys.argv[1], sys.argv[1:])"
        let words = ["python3", "-c", start, Self.path, "http", "--listen", "\(endpoint)"] + options
        let variables = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        var arguments = words.map { strdup($0) } + [nil]
        var environment = variables.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var started: pid_t = 0
        let error = posix_spawnp(&started, words[0], &actions, &attributes, &arguments, &environment)
        guard error == 0 else { throw Failure(words: "\(words[0]): \(String(cString: strerror(error)))") }
        process = started
    }

    /// The exit status as a shell would say it; nil after half a minute.
    func wait() async throws -> Int32? {
        for _ in 0..<3000 {
            var status: CInt = 0
            if waitpid(process, &status, WNOHANG) == process {
                let signal = status & 0x7F
                return signal == 0 ? status >> 8 & 0xFF : 128 + signal
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        kill(process, SIGKILL)
        return nil
    }

    var output: String { Self.contents(outputPath) }
    var errors: String { Self.contents(errorPath) }

    deinit {
        unlink(outputPath)
        unlink(errorPath)
    }

    /// Next to the test program.
    private static let path: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let program = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return program.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/fuyun-shim"
    }()

    /// A small file's text.
    static func contents(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
