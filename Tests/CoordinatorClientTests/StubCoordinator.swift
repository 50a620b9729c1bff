import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback that answers each request as it is told, well or badly.
final class StubCoordinator: Sendable {
    /// What it got.
    struct Request: Sendable {
        /// Method and target.
        var line: String
        /// The header fields, names in lower case.
        var headers: [String: String]
        /// The body.
        var body: String
    }

    /// What it does.
    enum Reply: Sendable {
        /// Sends these pieces, each in a write of its own.
        case pieces([String])
        /// Sends this and closes.
        case closing(String)
        /// Sends nothing.
        case silence

        /// Sends a JSON document.
        static func json(_ body: String, status: Int = 200, headers: [String] = []) -> Reply {
            let head = ["HTTP/1.1 \(status) X", "Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
            return .pieces([(head + headers).joined(separator: "\r\n") + "\r\n\r\n" + body])
        }
    }

    /// Where it listens.
    let port: Int
    private let channel: any Channel
    private let seen: Seen

    /// What it got so far.
    var requests: [Request] { seen.requests.withLock { $0 } }

    /// Starts to listen on 127.0.0.1.
    ///
    /// - Parameter identity: With it, it speaks TLS.
    init(
        _ identity: Certificates.Identity? = nil,
        reply: @escaping @Sendable (_ request: Request, _ number: Int) -> Reply
    ) async throws {
        let seen = Seen()
        let context = try identity.map { identity in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8))
                        .map { .certificate($0) },
                    privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))
                )
            )
        }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(Answerer(seen, reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        self.seen = seen
    }

    /// Ends it.
    func stop() async { try? await channel.close() }

    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let seen: Seen
        private let reply: @Sendable (Request, Int) -> Reply
        private var received = ""

        init(_ seen: Seen, _ reply: @escaping @Sendable (Request, Int) -> Reply) {
            self.seen = seen
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            // A TLS greeting, which a plain server answers as it answers any nonsense.
            if received.isEmpty, bytes.readableBytesView.first == 0x16 {
                send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", context)
                return context.close(promise: nil)
            }
            received += String(buffer: bytes)
            guard let end = received.range(of: "\r\n\r\n") else { return }
            let lines = received[..<end.lowerBound].split(separator: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            }
            let body = received[end.upperBound...]
            guard body.utf8.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { return }
            let request = Request(line: String(lines.first ?? ""), headers: headers, body: String(body))
            received = ""
            let number = seen.requests.withLock { requests in
                requests.append(request)
                return requests.count
            }
            switch reply(request, number) {
            case .silence: break
            case .pieces(let pieces): for piece in pieces { send(piece, context) }
            case .closing(let text):
                send(text, context)
                context.close(promise: nil)
            }
        }

        private func send(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

extension String {
    /// Where a text first is.
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
