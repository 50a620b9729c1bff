import NIOCore

/// Finds the requests in what a connection receives, however it was cut into pieces.
///
/// It holds no more than a head that is not whole yet, and what came behind a request that waits for its answer.
struct RequestReader {
    /// A piece of a request.
    enum Part {
        case head(RequestHead)
        case body(ByteBuffer)
        case end
    }

    private enum State {
        case head
        /// So many bytes of the body have not come yet.
        case body(UInt64)
        case chunkSize
        /// So many bytes of the chunk have not come yet.
        case chunk(UInt64)
        /// So many bytes of fields came behind the last chunk.
        case trailers(Int)
    }

    private var state = State.head
    private var received = ByteBuffer()
    /// How many bytes of a head that is not whole yet were looked at.
    private var examined = 0

    /// Takes in what came.
    mutating func receive(_ bytes: ByteBuffer) {
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.discardReadBytes()
            received.writeImmutableBuffer(bytes)
        }
    }

    /// Copies what is still held of the bytes that came last, so that whoever gave them can use their memory again.
    mutating func keep() {
        if received.readableBytes > 0 { received = ByteBuffer(bytes: received.readableBytesView) }
    }

    /// Forgets what was received.
    mutating func clear() { received = ByteBuffer() }

    /// The next piece; nil when more has to come first.
    mutating func next() throws(MalformedRequest) -> Part? {
        let part = try part()
        // Nothing is held without need, so that its memory can be used for the next read.
        if received.readableBytes == 0 { clear() }
        return part
    }

    private mutating func part() throws(MalformedRequest) -> Part? {
        while true {
            switch state {
            case .head:
                guard let length = try headLength() else { return nil }
                let head = try RequestParser.head(received.readableBytesUInt8Span.extracting(first: length))
                received.moveReaderIndex(forwardBy: length)
                state = head.framing.isChunked ? .chunkSize : .body(head.framing.length)
                return .head(head)
            case .body(0):
                state = .head
                return .end
            case .body(let left):
                guard let bytes = take(left) else { return nil }
                state = .body(left - UInt64(bytes.readableBytes))
                return .body(bytes)
            case .chunkSize:
                guard let line = try line() else { return nil }
                let size = try RequestParser.chunkSize(received.readableBytesUInt8Span, 0..<line)
                received.moveReaderIndex(forwardBy: line + 2)
                state = size == 0 ? .trailers(0) : .chunk(size)
            case .chunk(0):
                guard received.readableBytes >= 2 else { return nil }
                guard try line() == 0 else { throw MalformedRequest() }
                received.moveReaderIndex(forwardBy: 2)
                state = .chunkSize
            case .chunk(let left):
                guard let bytes = take(left) else { return nil }
                state = .chunk(left - UInt64(bytes.readableBytes))
                return .body(bytes)
            case .trailers(let before):
                guard let line = try line() else { return nil }
                if line > 0 { try RequestParser.checkField(received.readableBytesUInt8Span, 0..<line) }
                received.moveReaderIndex(forwardBy: line + 2)
                guard line > 0 else {
                    state = .head
                    return .end
                }
                guard before + line <= RequestParser.mostHeadBytes else { throw MalformedRequest() }
                state = .trailers(before + line)
            }
        }
    }

    /// The length of the next line without its CRLF; nil when its end has not come yet.
    private func line() throws(MalformedRequest) -> Int? {
        try RequestParser.lineEnd(in: received.readableBytesUInt8Span, from: 0)
    }

    private mutating func take(_ most: UInt64) -> ByteBuffer? {
        let count = Int(min(most, UInt64(received.readableBytes)))
        return count > 0 ? received.readSlice(length: count) : nil
    }

    /// How long the head is, with its empty line; nil when its end has not come yet.
    ///
    /// Each byte is looked at once, however slowly they come.
    private mutating func headLength() throws(MalformedRequest) -> Int? {
        // Empty lines before a request are passed over (RFC 9112, section 2.2).
        while examined == 0, received.readableBytes >= 2,
            RequestParser.startsWithEmptyLine(received.readableBytesUInt8Span)
        {
            received.moveReaderIndex(forwardBy: 2)
        }
        guard received.readableBytes >= 2 else { return nil }
        let length = try RequestParser.headLength(in: received.readableBytesUInt8Span, from: examined)
        examined = length == nil ? received.readableBytes : 0
        return length
    }
}
