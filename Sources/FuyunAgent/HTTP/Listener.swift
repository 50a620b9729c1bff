import CLinux
import Glibc
import NIOCore
import SystemPackage

/// The listening sockets, and what their connections share.
///
/// It lives on the event loop.
final class Listener {
    let loop: AgentLoop
    let budget = PayloadBudget()
    /// Into which every connection reads, one after the other.
    private var input = ByteBuffer()
    /// In which every answer is put together.
    private var output = ByteBuffer()
    private var doors: [Door] = []

    /// The most bytes that are read at once; more than most requests have.
    private static let mostRead = 64 << 10

    init(loop: AgentLoop) { self.loop = loop }

    /// Begins to accept on a bound (or already listening) socket, which it owns from now on.
    func listen(
        on descriptor: CInt,
        role: SocketRole,
        service: any ConnectionService,
        limits: RequestLimits,
        timedOut: @escaping () -> Void
    ) throws(Errno) {
        let door = Door(descriptor, loop) { [unowned self] socket in
            ConnectionHandler(
                socket: socket,
                role: role,
                service: service,
                limits: limits,
                listener: self,
                timedOut: timedOut
            ).open()
        }
        try door.open()
        doors.append(door)
    }

    /// Stops accepting; connections that are open stay.
    func stop() {
        for door in doors { door.close() }
        doors.removeAll()
    }

    /// Reads what a socket has; nil when nothing has come yet, empty at the end.
    ///
    /// The bytes lie in memory that the next read uses again if nobody holds them by then.
    func read(from socket: CInt) throws(Errno) -> ByteBuffer? {
        var reason: CInt = 0
        input.clear(minimumCapacity: Self.mostRead)
        input.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.mostRead) { room in
            let count = recv(socket, room.baseAddress, min(room.count, Self.mostRead), 0)
            if count < 0 { reason = errno }
            return max(0, count)
        }
        switch reason {
        case 0: return input
        case EAGAIN, EINTR: return nil
        default: throw Errno(rawValue: reason)
        }
    }

    /// Has bytes put together in memory that is used again, and sent; what the socket does not take is left.
    func send(to socket: CInt, _ write: (inout ByteBuffer) -> Void) throws(Errno) -> ByteBuffer? {
        output.clear()
        write(&output)
        try Self.send(&output, to: socket)
        defer { if output.capacity > Self.mostRead { output = ByteBuffer() } }
        return output.readableBytes > 0 ? ByteBuffer(bytes: output.readableBytesView) : nil
    }

    /// Sends what a socket takes.
    static func send(_ bytes: inout ByteBuffer, to socket: CInt) throws(Errno) {
        var reason: CInt = 0
        while bytes.readableBytes > 0, reason == 0 {
            bytes.readWithUnsafeReadableBytes { rest in
                let count = Glibc.send(socket, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
                if count < 0 { reason = errno }
                return max(0, count)
            }
            if reason == EINTR { reason = 0 }
        }
        if reason != 0, reason != EAGAIN { throw Errno(rawValue: reason) }
    }
}

/// One listening socket.
private final class Door: DescriptorHandler {
    /// How many connections wait in the kernel (listen(2)); `net.core.somaxconn` is the other bound.
    private static let backlog: CInt = 4096
    /// How many are taken in a row before others get their turn.
    private static let mostInTurn = 16
    /// How long nobody is taken when descriptors have run out.
    private static let pause: Duration = .milliseconds(100)

    private let descriptor: CInt
    private let loop: AgentLoop
    private let accepted: (CInt) -> Void
    private var ticket: Poller.Ticket?

    init(_ descriptor: CInt, _ loop: AgentLoop, accepted: @escaping (CInt) -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.accepted = accepted
    }

    func open() throws(Errno) {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0,
            Glibc.listen(descriptor, Self.backlog) == 0
        else { throw Errno(rawValue: errno) }
        ticket = try loop.poller.add(descriptor, for: .readable, self)
    }

    func ready(_ readiness: Readiness) {
        for _ in 0..<Self.mostInTurn {
            let socket = fuyun_accept(descriptor)
            switch socket {
            case 0...: accepted(socket)
            case -EAGAIN: return
            // The peer has gone already, or a signal came.
            case -ECONNABORTED, -EINTR: continue
            default: return rest()
            }
        }
    }

    /// Descriptors or memory have run out: whoever waits to be accepted waits a little longer.
    private func rest() {
        guard let ticket else { return }
        loop.poller.change(ticket, descriptor, to: [])
        loop.after(Self.pause) { [weak self] in
            guard let self, let ticket = self.ticket else { return }
            loop.poller.change(ticket, descriptor, to: .readable)
        }
    }

    func close() {
        guard let ticket else { return }
        self.ticket = nil
        loop.poller.remove(ticket, descriptor)
        Glibc.close(descriptor)
    }

    func loopEnds() {
        guard ticket != nil else { return }
        ticket = nil
        Glibc.close(descriptor)
    }
}
