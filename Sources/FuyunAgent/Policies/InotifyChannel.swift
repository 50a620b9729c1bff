import Glibc
import NIOCore
import NIOPosix
import SystemPackage

/// An inotify descriptor on the event loop: whatever arrives is handed over, on the loop.
final class InotifyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let received: (ByteBuffer) -> Void

    init(received: @escaping (ByteBuffer) -> Void) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { received(unwrapInboundIn(data)) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Reads a descriptor on a loop from now on; the channel owns it.
    ///
    /// The kernel gives whole events only, and NIO's reads are larger than the largest one (inotify(7): 16 bytes and
    /// a name of at most 256).
    static func attach(
        _ descriptor: CInt,
        to loop: any EventLoop,
        received: @escaping (ByteBuffer) -> Void
    ) -> EventLoopFuture<any Channel> {
        let handler = NIOLoopBound(received, eventLoop: loop)
        return NIOPipeBootstrap(group: loop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InotifyHandler(received: handler.value))
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
    }
}
