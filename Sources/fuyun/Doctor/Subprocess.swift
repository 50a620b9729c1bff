import Glibc

/// Runs a program and waits for it, bounded in time and output.
enum Subprocess {
    /// How long a program may take, in milliseconds.
    static let deadline: Int64 = 10_000
    /// How much of its output is kept, in bytes.
    static let largestOutput = 64 << 10

    /// Runs a program, its arguments after it, looked up in PATH; standard output and standard error go into one text.
    ///
    /// Nil when it cannot be started. Blocks; a program that takes too long is killed.
    static func run(_ command: [String], deadline: Int64 = deadline) -> Machine.ProgramAnswer? {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        defer { close(ends[0]) }
        var process: pid_t = 0
        let isStarted = spawn(command, pipe: ends, &process)
        close(ends[1])
        guard isStarted else { return nil }
        let (output, isWhole) = read(ends[0], until: now() + deadline)
        if !isWhole { kill(process, SIGKILL) }
        var state: CInt = 0
        while waitpid(process, &state, 0) < 0, errno == EINTR {}
        // The low seven bits hold the signal that ended the process, none when it exited (wait(2)).
        let hasExited = isWhole && state & 0x7F == 0
        return Machine.ProgramAnswer(
            status: hasExited ? state >> 8 & 0xFF : nil,
            output: String(decoding: output, as: UTF8.self)
        )
    }

    private static func spawn(_ command: [String], pipe: [CInt], _ process: inout pid_t) -> Bool {
        var actions = posix_spawn_file_actions_t()
        guard let program = command.first, posix_spawn_file_actions_init(&actions) == 0 else { return false }
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO)
        for end in pipe { posix_spawn_file_actions_addclose(&actions, end) }
        // Its own words, not those of the operator's language, are read.
        var variables = ["LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]
        for name in ["PATH", "HOME", "FUYUN_CONFIG"] {
            if let value = Console.environment(name) { variables.append("\(name)=\(value)") }
        }
        let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        return posix_spawnp(&process, program, &actions, nil, arguments, environment) == 0
    }

    private static func read(_ descriptor: CInt, until end: Int64) -> (output: [UInt8], isWhole: Bool) {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, CInt(clamping: max(end - now(), 0)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return (output, false) }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return (output, true) }
            guard count > 0 else { return (output, false) }
            if output.count < largestOutput { output += buffer[..<count] }
        }
    }

    /// Milliseconds of the clock that only goes on.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
