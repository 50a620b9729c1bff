import CLinux
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// Signals as something that an event loop reads (signalfd(2)).
enum SignalDescriptor {
    /// The system's error.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Blocks the signals that the shim handles and opens a descriptor that tells of them.
    ///
    /// Without a command only those that stop it.
    static func open(hasCommand: Bool) throws(Failure) -> CInt {
        var set = sigset_t()
        sigemptyset(&set)
        let signals = hasCommand ? [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD] : [SIGTERM, SIGINT]
        for signal in signals { sigaddset(&set, signal) }
        sigprocmask(SIG_BLOCK, &set, nil)
        let descriptor = signalfd(-1, &set, CInt(SFD_NONBLOCK | SFD_CLOEXEC))
        guard descriptor >= 0 else { throw Failure(description: "signalfd: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    /// Calls `handle` with each signal, and whether the kernel's terminal sent it, on the event loop.
    static func watch(
        _ descriptor: CInt,
        on eventLoop: any EventLoop,
        _ handle: @escaping (_ signal: CInt, _ fromTerminal: Bool) -> Void
    ) {
        let handler = NIOLoopBound(SignalHandler(handle), eventLoop: eventLoop)
        NIOPipeBootstrap(group: eventLoop)
            // A read must take at least one whole record.
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: 8 * MemoryLayout<signalfd_siginfo>.size)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .whenFailure { StandardError.write("fuyun-shim: cannot watch signals: \($0)") }
    }
}

private final class SignalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let handle: (CInt, Bool) -> Void

    init(_ handle: @escaping (CInt, Bool) -> Void) { self.handle = handle }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let records = Self.unwrapInboundIn(data)
        records.withUnsafeReadableBytes { bytes in
            let size = MemoryLayout<signalfd_siginfo>.size
            for start in stride(from: 0, through: bytes.count - size, by: size) {
                let record = bytes.loadUnaligned(fromByteOffset: start, as: signalfd_siginfo.self)
                // SI_KERNEL (bits/siginfo-consts.h): sent by the kernel, which for these signals means the terminal.
                handle(CInt(record.ssi_signo), record.ssi_code == 0x80)
            }
        }
    }
}
