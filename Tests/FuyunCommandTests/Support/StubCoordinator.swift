import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that answers each `METHOD target` with a fixed text, and remembers what it was asked.
final class StubCoordinator: Sendable {
    /// Where it listens.
    let url: String
    private let channel: any Channel
    private let seen: Seen

    /// What it was asked: method, target and body.
    var requests: [String] { seen.requests.withLock { $0 } }

    /// Starts to listen; what is not in `pages` is answered with 404, `not_found`.
    ///
    /// - Parameter statuses: Statuses other than 200.
    init(_ pages: [String: String], statuses: [String: Int] = [:]) async throws {
        let seen = Seen()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answerer(pages, statuses, seen))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        url = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
        self.seen = seen
    }

    /// Ends it.
    func stop() async throws { try await channel.close() }

    private final class Seen: Sendable {
        let requests = Mutex<[String]>([])
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let pages: [String: String]
        private let statuses: [String: Int]
        private let seen: Seen
        private var request = ""

        init(_ pages: [String: String], _ statuses: [String: Int], _ seen: Seen) {
            (self.pages, self.statuses, self.seen) = (pages, statuses, seen)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            request += String(buffer: unwrapInboundIn(data))
            guard let end = request.firstRange(of: "\r\n\r\n") else { return }
            let lines = request[..<end.lowerBound].split(separator: "\r\n")
            let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: " ").last ?? "") }
            let body = request[end.upperBound...]
            guard body.utf8.count >= length ?? 0 else { return }
            let words = (lines.first ?? "").split(separator: " ")
            let target = words.prefix(2).joined(separator: " ")
            seen.requests.withLock { $0.append(body.isEmpty ? target : "\(target) \(body)") }
            request = ""
            let page = pages[target]
            let text = page ?? #"{"error":{"code":"not_found","message":"there is no such thing"}}"#
            let status = statuses[target] ?? (page == nil ? 404 : 200)
            let isStream = text.hasPrefix("id:")
            var answer = "HTTP/1.1 \(status) X\r\n"
            answer += isStream ? "Content-Type: text/event-stream\r\n" : "Content-Type: application/json\r\n"
            answer += "Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
