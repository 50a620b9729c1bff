import NIOCore
import NIOHTTP1

/// Writes a request's head and body as one buffer, so that it is one write from the pipeline's end to the kernel.
///
/// Stands where NIO's encoder would: the head that comes down the pipeline is only the sign to write `request`.
final class RequestWriter: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = ByteBuffer

    /// The signs for the two methods.
    static let get = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    static let post = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")

    /// A body up to this size is copied behind its head; a larger one is written as it is.
    private static let mostCopied = 16 << 10

    /// The request that is written next.
    var request: ClientRequest?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let request else {
            promise?.fail(ChannelError.inappropriateOperationForState)
            return
        }
        self.request = nil
        let isCopied = request.body.readableBytes <= Self.mostCopied
        var buffer = context.channel.allocator.buffer(capacity: 512 + (isCopied ? request.body.readableBytes : 0))
        request.writeHead(into: &buffer)
        guard isCopied else {
            context.write(Self.wrapOutboundOut(buffer), promise: nil)
            return context.write(Self.wrapOutboundOut(request.body), promise: promise)
        }
        buffer.writeImmutableBuffer(request.body)
        context.write(Self.wrapOutboundOut(buffer), promise: promise)
    }
}

extension ClientRequest {
    /// Appends the request's line and header, the empty line included.
    func writeHead(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(method == .get ? "GET " : "POST ")
        buffer.writeString(target)
        buffer.writeStaticString(" HTTP/1.1\r\n")
        for (name, value) in headers {
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            buffer.writeString(value)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("Host: fuyun\r\n")
        if method == .post {
            buffer.writeStaticString("Content-Length: ")
            buffer.writeString(String(body.readableBytes))
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("\r\n")
    }
}
