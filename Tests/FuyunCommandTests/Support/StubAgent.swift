import NIOCore
import NIOPosix

/// A server on a Unix socket that answers each path with a fixed text.
final class StubAgent: Sendable {
    /// Where it listens.
    let path: String
    private let channel: any Channel
    private let directory: TemporaryDirectory

    /// Starts to listen; a path that is not in `pages` is answered with 404, `unknown_invocation`.
    init(_ pages: [String: String], status: Int = 200) async throws {
        directory = try TemporaryDirectory()
        path = directory.file("admin.sock")
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answerer(pages: pages, status: status))
                }
            }
            .bind(unixDomainSocketPath: path).get()
    }

    /// Ends it.
    func stop() async throws { try await channel.close() }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let pages: [String: String]
        private let status: Int
        private var request = ""

        init(pages: [String: String], status: Int) {
            self.pages = pages
            self.status = status
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            request += String(decoding: buffer.readableBytesView, as: UTF8.self)
            guard request.contains("\r\n\r\n") else { return }
            let target = request.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            request = ""
            let page = pages[target]
            let body = page ?? #"{"error":{"code":"unknown_invocation","message":"no such call"}}"#
            let answer =
                "HTTP/1.1 \(page == nil ? 404 : status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
    }
}
