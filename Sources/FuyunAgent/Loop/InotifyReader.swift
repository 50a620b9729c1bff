import Glibc
import SystemPackage

/// An inotify descriptor on the event loop: whatever arrives is handed over, on the loop.
final class InotifyReader: DescriptorHandler {
    /// The kernel gives whole events only, and this is more than the largest one (inotify(7): 16 bytes and a name of at
    /// most 256).
    private static let most = 16 << 10

    private let descriptor: CInt
    private let loop: AgentLoop
    private let received: (UnsafeRawBufferPointer) -> Void
    private var ticket: Poller.Ticket?

    private init(_ descriptor: CInt, _ loop: AgentLoop, _ received: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.received = received
    }

    /// Reads a descriptor on a loop from now on, which owns it.
    static func attach(
        _ descriptor: CInt,
        to loop: AgentLoop,
        received: @escaping (UnsafeRawBufferPointer) -> Void
    ) throws(Errno) {
        let reader = InotifyReader(descriptor, loop, received)
        do throws(Errno) {
            reader.ticket = try loop.poller.add(descriptor, for: .readable, reader)
        } catch {
            close(descriptor)
            throw error
        }
    }

    func ready(_ readiness: Readiness) {
        withUnsafeTemporaryAllocation(byteCount: Self.most, alignment: 16) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 {
                received(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            } else if count < 0, errno != EAGAIN, errno != EINTR, let ticket {
                self.ticket = nil
                loop.poller.remove(ticket, descriptor)
                close(descriptor)
            }
        }
    }

    func loopEnds() {
        if ticket != nil { close(descriptor) }
        ticket = nil
    }
}
