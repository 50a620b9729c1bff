import FuyunClient
import FuyunTestSupport
import NIOCore
import NIOPosix

/// What came back, as it stood on the wire.
struct RawResponse {
    var status = 0
    /// Statuses below 200 that came before.
    var interim: [Int] = []
    var headers: [(name: String, value: String)] = []
    /// The first MiB of the body.
    var body = ByteBuffer()
    var bodySize = 0
    var bodyHash = StubServer.hash(ByteBuffer())
    var trailers: [String] = []
    /// Whether the body came to the end that its frame announces.
    var isWhole = false

    var text: String { String(buffer: body) }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A client that sees bytes, not HTTP.
final class RawConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var buffer = ByteBuffer()

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound
        self.outbound = outbound
    }

    static func open<Result>(
        to endpoint: Endpoint,
        _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        let address: SocketAddress =
            switch endpoint {
            case .unix(let path): try SocketAddress(unixDomainSocketPath: path)
            case .internet(let address, let port): try SocketAddress(ipAddress: address, port: port)
            }
        let channel = try await ClientBootstrap(group: Rig.group).connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawConnection(inbound.makeAsyncIterator(), outbound))
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) async throws { try await outbound.write(bytes) }

    /// Reads until the other side closes; true when it did so without a byte.
    func isClosedWithoutAnswer() async throws -> Bool {
        while try await more() {}
        return buffer.readableBytes == 0
    }

    /// Reads one answer, or what there is of it.
    func response(toHead: Bool = false) async throws -> RawResponse {
        var response = RawResponse()
        guard try await readHead(&response) else { return response }
        if toHead || response.status == 204 || response.status == 304 {
            response.isWhole = true
        } else if response.header("Transfer-Encoding") == "chunked" {
            try await readChunks(&response)
        } else if let length = response.header("Content-Length").flatMap({ Int($0) }) {
            response.isWhole = try await take(length, &response)
        } else {
            repeat { _ = try await take(buffer.readableBytes, &response) } while try await more()
            response.isWhole = true
        }
        return response
    }

    private func readHead(_ response: inout RawResponse) async throws -> Bool {
        while true {
            guard let first = try await line() else { return false }
            let status = Int(first.split(separator: " ").dropFirst().first ?? "") ?? 0
            var headers: [(name: String, value: String)] = []
            while let line = try await line(), !line.isEmpty {
                let colon = line.firstIndex(of: ":") ?? line.startIndex
                headers.append((String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " })))
            }
            guard status < 200, status > 0 else {
                response.status = status
                response.headers = headers
                return true
            }
            response.interim.append(status)
        }
    }

    private func readChunks(_ response: inout RawResponse) async throws {
        while let line = try await line(), let size = Int(line, radix: 16) {
            if size == 0 {
                while let trailer = try await self.line() {
                    if trailer.isEmpty {
                        response.isWhole = true
                        return
                    }
                    response.trailers.append(trailer)
                }
                return
            }
            guard try await take(size, &response), try await self.line() != nil else { return }
        }
    }

    private func take(_ count: Int, _ response: inout RawResponse) async throws -> Bool {
        var missing = count
        while missing > 0 {
            if buffer.readableBytes == 0, try await !more() { return false }
            guard var piece = buffer.readSlice(length: min(missing, buffer.readableBytes)) else { return false }
            missing -= piece.readableBytes
            response.bodySize += piece.readableBytes
            if response.bodySize <= 4 << 20 { response.bodyHash = StubServer.hash(piece, from: response.bodyHash) }
            if response.body.readableBytes < 1 << 20 { response.body.writeBuffer(&piece) }
        }
        return true
    }

    private func line() async throws -> String? {
        while true {
            if let end = buffer.readableBytesView.firstRange(of: Array("\r\n".utf8)) {
                let line = buffer.readString(length: end.lowerBound - buffer.readerIndex)
                buffer.moveReaderIndex(forwardBy: 2)
                return line
            }
            guard try await more() else { return nil }
        }
    }

    private func more() async throws -> Bool {
        buffer.discardReadBytes()
        do {
            guard var bytes = try await inbound.next(isolation: #isolation) else { return false }
            buffer.writeBuffer(&bytes)
            return true
        } catch is IOError {
            return false
        }
    }
}
