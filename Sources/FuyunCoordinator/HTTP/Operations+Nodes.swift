import CoreMetrics
import FuyunProtocol
import FuyunStore
import HTTPTypes
import Hummingbird
import NIOCore

extension Operations {
    /// The longest that a poll may wait.
    static let longestWait: Int64 = 60

    /// `GET /v1/nodes/{node}/policies`: a long poll.
    func nodePolicies(
        _ node: String,
        _ target: RequestTarget,
        _ request: Request
    ) async throws(ErrorAnswer) -> Response {
        let after = try target.whole("after", in: 0...Int64.max)
        let wait = try target.whole("wait", in: 0...Self.longestWait) ?? 0
        let version = request.headers.first("Fuyun-Agent-Version").flatMap { $0.utf8.count <= 128 ? $0 : nil }
        nodes.heard(NodeReport(name: node, agentVersion: version, revision: after))
        guard let open = counts.openPoll(atMost: limits.longPolls) else {
            throw ErrorAnswer(.overloaded, "\(limits.longPolls) polls wait already; come again")
        }
        metrics.feed.waiting.set(open)
        defer { metrics.feed.waiting.set(counts.closePoll()) }
        let page = try await stored { () throws(StoreError) in
            try await feed.page(after: after, atMost: .seconds(wait))
        }
        return .json(page.body)
    }

    /// `POST /v1/nodes/{node}/observations`: a batch; answered when it is on disk.
    func nodeObservations(_ node: String, _ request: Request) async throws(ErrorAnswer) -> Response {
        try await bodies.read(request, atMost: ObservationBatchBody.maximumSize) { body throws(ErrorAnswer) in
            let batch: ObservationBatchBody
            do throws(JSONError) {
                batch = try ObservationBatchBody(parsing: body)
            } catch {
                metrics.ingest.refused.increment()
                throw ErrorAnswer(error, in: "a batch of observations")
            }
            let receipt = try await ingest.submit(
                ObservationBatch(node: node, epoch: batch.epoch, records: batch.records)
            )
            let answer = ObservationsAnswer(
                stored: receipt.stored,
                duplicates: receipt.duplicates,
                sampling: ObservationsAnswer.Sampling(standard: 1, functions: sampling.shares)
            )
            var buffer = ByteBuffer()
            answer.write(into: &buffer)
            return .json(buffer)
        }
    }

    /// `GET /v1/nodes`.
    func listNodes(_ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let limit = try target.limit()
        let found = try await stored { () throws(StoreError) in
            try await store.nodes(after: target.query["after"], limit: limit)
        }
        let page = CoordinatorAPI.Page(
            found.map(CoordinatorAPI.Node.init),
            next: found.count == limit ? found.last?.report.name : nil
        )
        return .json(page)
    }
}

extension CoordinatorAPI.Node {
    /// A node out of the store.
    fileprivate init(_ node: StoredNode) {
        self.init(
            name: node.report.name,
            agentVersion: node.report.agentVersion,
            revision: node.report.revision,
            observations: node.observationCount,
            createdAt: node.createdAt.milliseconds,
            seenAt: node.seenAt.milliseconds
        )
    }
}
