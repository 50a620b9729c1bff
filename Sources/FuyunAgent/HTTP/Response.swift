import FuyunProtocol
import NIOCore

/// The answer to one request, without its head: what the service decides, and the connection writes.
struct Response {
    /// What the body is.
    enum ContentType {
        case json
        case prometheus
        case text
    }

    /// The HTTP status.
    var status: Int
    /// What the body is.
    var contentType: ContentType = .json
    /// The whole body.
    var body: ByteBuffer
    /// Whether the connection ends with this answer.
    var closes = false

    /// Makes an answer.
    init(status: Int, contentType: ContentType = .json, body: ByteBuffer, closes: Bool = false) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.closes = closes
    }

    /// Makes a refusal.
    init(_ error: ErrorAnswer, closes: Bool = false) {
        var body = ByteBuffer()
        error.write(into: &body)
        self.init(status: error.code.status, body: body, closes: closes)
    }

    /// Writes head and body into one buffer, so that an answer is one write to the socket.
    func write(into buffer: inout ByteBuffer, keepAlive: Bool) {
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeStaticString(Self.statusLine(status))
        switch contentType {
        case .json: buffer.writeStaticString("Content-Type: application/json\r\nContent-Length: ")
        case .prometheus:
            buffer.writeStaticString("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: ")
        case .text: buffer.writeStaticString("Content-Type: text/plain; charset=utf-8\r\nContent-Length: ")
        }
        buffer.writeDecimal(body.readableBytes)
        buffer.writeStaticString(keepAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n")
        buffer.writeImmutableBuffer(body)
    }

    private static func statusLine(_ status: Int) -> StaticString {
        switch status {
        case 200: "200 OK\r\n"
        case 201: "201 Created\r\n"
        case 400: "400 Bad Request\r\n"
        case 403: "403 Forbidden\r\n"
        case 404: "404 Not Found\r\n"
        case 405: "405 Method Not Allowed\r\n"
        case 408: "408 Request Timeout\r\n"
        case 503: "503 Service Unavailable\r\n"
        default: "500 Internal Server Error\r\n"
        }
    }
}

extension ByteBuffer {
    /// Writes a non-negative number in decimal without allocating.
    mutating func writeDecimal(_ number: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
        }
    }
}
