import CoreMetrics
import FuyunProtocol
import Hummingbird
import HTTPTypes
import NIOCore
import Synchronization

/// Reads bodies into memory: each bounded in size, all of them together bounded too.
final class RequestBodies: Sendable {
    private let maximum: Int
    private let gauge: Meter
    private let used = Mutex(0)

    /// - Parameter maximum: Bytes of all bodies in memory at once.
    init(maximum: Int, gauge: Meter) {
        self.maximum = maximum
        self.gauge = gauge
    }

    /// Reads a request's body and hands it on; its room is given back when that is over.
    ///
    /// - Throws: `too_large` beyond `limit`, `overloaded` when too much is in memory already, `bad_request` when the body
    ///   ends early.
    func read<Value>(
        _ request: Request,
        atMost limit: Int,
        _ use: (ByteBuffer) async throws(ErrorAnswer) -> Value
    ) async throws(ErrorAnswer) -> Value {
        let length = request.headers[.contentLength].flatMap { Int($0) }
        guard length ?? 0 <= limit else { throw Self.tooLarge(limit) }
        var reserved = 0
        defer { release(reserved) }
        var body = ByteBuffer()
        do {
            for try await part in request.body {
                guard body.readableBytes + part.readableBytes <= limit else { throw Self.tooLarge(limit) }
                try reserve(part.readableBytes)
                reserved += part.readableBytes
                if body.readableBytes == 0, let length {
                    body = part
                    body.reserveCapacity(length)
                } else {
                    body.writeImmutableBuffer(part)
                }
            }
        } catch let error as ErrorAnswer {
            throw error
        } catch {
            throw ErrorAnswer(.badRequest, "the body ended early")
        }
        if let length, length != body.readableBytes { throw ErrorAnswer(.badRequest, "the body ended early") }
        return try await use(body)
    }

    private func reserve(_ count: Int) throws(ErrorAnswer) {
        let fits = used.withLock { used in
            guard used + count <= maximum else { return false }
            used += count
            gauge.set(used)
            return true
        }
        if !fits { throw ErrorAnswer(.overloaded, "too many requests are being read; come again") }
    }

    private func release(_ count: Int) {
        used.withLock { used in
            used -= count
            gauge.set(used)
        }
    }

    private static func tooLarge(_ limit: Int) -> ErrorAnswer {
        ErrorAnswer(.tooLarge, "the body is larger than the \(limit) bytes that are read here; send it in parts")
    }
}
