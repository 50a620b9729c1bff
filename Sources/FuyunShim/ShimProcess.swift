import CLinux
import FuyunClient
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// The shim as a program: one thread, one event loop, the command and the signals.
public enum ShimProcess {
    /// Runs until the command ends, or without one until SIGTERM or SIGINT; exits with the command's status.
    ///
    /// Exit statuses of the shim's own: 1 when it cannot listen, 126 and 127 when the command cannot be started.
    public static func run(_ configuration: ShimConfiguration, command words: [String]) -> Never {
        keepSmall()
        let descriptor: CInt
        let signals: CInt
        let command: Command?
        do {
            // Before anything else is opened: the command must inherit none of it, and the threads that there may be
            // must have the signals blocked.
            signals = try SignalDescriptor.open(hasCommand: !words.isEmpty)
            descriptor = try ListeningSocket.open(configuration.listen)
            command = words.isEmpty ? nil : try Command(words)
        } catch let failure as Command.Failure {
            StandardError.write("fuyun-shim: \(failure)")
            exit(failure.exitStatus)
        } catch {
            StandardError.write("fuyun-shim: \(error)")
            exit(1)
        }
        raiseFileLimit()
        MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { eventLoop in
            let core = ShimCore(configuration, eventLoop: eventLoop)
            core.hasCommand = command != nil
            if core.naming.staticName == nil, core.naming.platform != .openwhisk, !configuration.isQuiet {
                StandardError.write("fuyun-shim: \(noNameWarning)")
            }
            let supervisor = Supervisor(core: core, command: command)
            SignalDescriptor.watch(signals, on: eventLoop) { supervisor.received($0, fromTerminal: $1) }
            ShimServer.listen(on: descriptor, core: core).assumeIsolated().whenComplete { result in
                guard case .failure(let error) = result else { return }
                StandardError.write("fuyun-shim: cannot listen on \(configuration.listen): \(error)")
                command?.send(SIGTERM)
                exit(1)
            }
        }
        exit(1)
    }

    /// What is said when calls will have no name unless their bodies tell it.
    public static let noNameWarning =
        "no name for the function: calls that do not name it themselves go on without the agent; "
        + "give --function or set FUYUN_FUNCTION"

    /// The shim lives inside every container it guards: one arena, and large buffers go back to the kernel at once.
    private static func keepSmall() {
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
        mallopt(M_TRIM_THRESHOLD, 128 << 10)
        mallopt(M_TOP_PAD, 16 << 10)
    }

    /// Each call needs two or three descriptors; the command has already got the limit that was given.
    private static func raiseFileLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65536)
        setrlimit(resource, &limit)
    }
}

/// What signals and the command's end do.
private final class Supervisor {
    private let core: ShimCore
    private let command: Command?
    private var isStopping = false

    init(core: ShimCore, command: Command?) {
        self.core = core
        self.command = command
    }

    func received(_ signal: CInt, fromTerminal: Bool) {
        if signal == SIGCHLD {
            if let status = command?.collect() { commandEnded(status) }
            return
        }
        // The terminal has signalled the whole process group already.
        if !fromTerminal { command?.send(signal) }
        guard signal == SIGTERM || signal == SIGINT || signal == SIGQUIT else { return }
        guard command == nil else { return core.stopListening() }
        stop(with: 0, within: core.configuration.drainTimeout)
    }

    private func commandEnded(_ status: Int32) {
        core.commandExited(with: Int(status))
        // What is in flight breaks by itself; the agent is told within this time.
        stop(with: status, within: .seconds(1))
    }

    private func stop(with status: Int32, within limit: Duration) {
        guard !isStopping else { return }
        isStopping = true
        let path: String? = if case .unix(let path) = core.configuration.listen { path } else { nil }
        core.drain(within: limit) {
            if let path { unlink(path) }
            exit(status)
        }
    }
}
