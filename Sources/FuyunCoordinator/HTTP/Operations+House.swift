import CoreMetrics
import FuyunProtocol
import FuyunStore
import HTTPTypes
import Hummingbird
import NIOCore
import PrometheusMetrics

extension Operations {
    /// How often a stream without events is given a sign of life.
    static let heartbeat = Duration.seconds(15)
    /// Events that a stream sends at once.
    private static let streamPage = 200

    /// `GET /v1/events`: a stream, or one page for those who ask for JSON.
    func events(_ target: RequestTarget, _ request: Request) async throws(ErrorAnswer) -> Response {
        var after = try target.whole("after", in: 0...Int64.max)
        let accepted = request.headers[.accept] ?? "text/event-stream"
        if accepted.contains("application/json"), !accepted.contains("text/event-stream") {
            return try await eventPage(after ?? 0, limit: try target.limit())
        }
        if let last = request.headers.first("Last-Event-ID").flatMap({ Int64($0) }), last >= 0 { after = last }
        let start: Int64
        if let after {
            start = after
        } else {
            start = try await stored { () throws(StoreError) in try await events.last() }
        }
        guard let open = counts.openStream(atMost: limits.eventStreams) else {
            throw ErrorAnswer(.overloaded, "\(limits.eventStreams) follow the events already; come again")
        }
        metrics.feed.streams.set(open)
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .connection: "close"],
            body: ResponseBody { writer in
                defer { metrics.feed.streams.set(counts.closeStream()) }
                try await follow(after: start, writer: &writer)
                try await writer.finish(nil)
            }
        )
    }

    private func eventPage(_ after: Int64, limit: Int) async throws(ErrorAnswer) -> Response {
        let found = try await stored { () throws(StoreError) in try await events.events(after: after, limit: limit) }
        let page = CoordinatorAPI.Page(
            found.map(CoordinatorAPI.Event.init),
            next: found.count == limit ? found.last.map { String($0.id) } : nil
        )
        return .json(page)
    }

    /// Writes events as they come, until the client goes or the coordinator stops.
    @concurrent
    private func follow(after start: Int64, writer: inout any ResponseBodyWriter) async throws {
        var last = start
        var isSilent = true
        while !events.isClosed, !Task.isCancelled {
            let generation = events.generation
            let found = try await events.events(after: last, limit: Self.streamPage)
            if let newest = found.last {
                last = newest.id
                isSilent = false
                var buffer = ByteBuffer()
                for event in found { CoordinatorAPI.Event(event).writeServerSentEvent(into: &buffer) }
                try await writer.write(buffer)
                continue
            }
            // The first comment also sends the head on its way.
            if isSilent { try await writer.write(ByteBuffer(string: ":\n\n")) }
            await events.wait(beyond: generation, atMost: Self.heartbeat)
            isSilent = true
        }
    }

    /// `GET /v1/status`.
    func status() async throws(ErrorAnswer) -> Response {
        let switches = try await stored { () throws(StoreError) in try await store.globalSwitches() }
        let newest = try await stored { () throws(StoreError) in
            try await store.policyChanges(after: Int64.max).revision
        }
        let last = try await stored { () throws(StoreError) in try await store.lastEvent() }
        return .json(
            CoordinatorAPI.Status(
                version: FuyunVersion.text,
                startedAt: startedAt.milliseconds,
                isReady: true,
                revision: newest,
                lastEvent: last,
                switches: CoordinatorAPI.Switches(switches),
                waitingNodes: feed.waiterCount,
                tunerQueue: 0
            )
        )
    }

    /// `GET /readyz`: the store answers, and the coordinator does not stop.
    func ready() async throws(ErrorAnswer) -> Response {
        if events.isClosed { throw ErrorAnswer(.unavailable, "the coordinator stops") }
        try await stored { () throws(StoreError) in try await store.check() }
        return .text("application/json", "{\"status\":\"ready\"}")
    }

    /// `GET /metrics`.
    func metricsPage() -> Response {
        .text("text/plain; version=0.0.4; charset=utf-8", metrics.registry.page())
    }
}

extension CoordinatorAPI.Event {
    /// An event out of the store.
    init(_ event: StoredEvent) {
        self.init(
            id: event.id,
            time: event.time.milliseconds,
            kind: event.event.kind,
            function: event.event.function,
            version: event.event.version,
            node: event.event.node,
            message: event.event.message
        )
    }

    /// Appends the event as the stream has it.
    ///
    /// The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
    fileprivate func writeServerSentEvent(into buffer: inout ByteBuffer) {
        buffer.writeString("id: \(id)\nevent: ")
        // A kind is a word; a line break in it would be the end of the field.
        buffer.writeBytes(kind.utf8.lazy.filter { $0 > 0x20 })
        buffer.writeString("\ndata: ")
        write(into: &buffer)
        buffer.writeString("\n\n")
    }
}
