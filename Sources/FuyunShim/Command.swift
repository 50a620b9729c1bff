#if canImport(Glibc)
import Glibc
#endif

/// The function's own server, when the shim starts it: a child that gets the signals which the shim gets, and whose end
/// is the shim's end.
struct Command {
    let process: pid_t

    /// Why a command cannot be started.
    struct Failure: Error, CustomStringConvertible {
        var description: String
        /// The status a shell would give: 127 when there is no such program, else 126.
        var exitStatus: Int32
    }

    /// Starts a program, looked for in `PATH`, with the shim's environment, directory and descriptors 0…2.
    init(_ words: [String]) throws(Failure) {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The shim blocks what it waits for; the child starts with nothing blocked and nothing ignored.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for case let argument? in arguments { free(argument) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, words[0], nil, &attributes, arguments, environ)
        guard error == 0 else {
            throw Failure(
                description: "cannot start \(words[0]): \(String(cString: strerror(error)))",
                exitStatus: error == ENOENT ? 127 : 126
            )
        }
        self.process = process
    }

    /// Passes a signal on.
    func send(_ signal: CInt) { kill(process, signal) }

    /// Collects children that have ended: the command, and as process 1 also those that lost their parent.
    ///
    /// Returns the command's exit status once it has ended, 128 + signal when a signal ended it.
    func collect() -> Int32? {
        var result: Int32?
        while true {
            var status: CInt = 0
            let ended = waitpid(getpid() == 1 ? -1 : process, &status, WNOHANG)
            guard ended > 0 else { return result }
            if ended == process { result = Self.exitStatus(status) }
        }
    }

    /// What wait(2) reports, as shells say it.
    static func exitStatus(_ status: CInt) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}
