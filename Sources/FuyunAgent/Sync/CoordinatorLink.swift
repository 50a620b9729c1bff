import CoordinatorClient
import FuyunProtocol
import NIOCore

/// What a node asks of its coordinator.
///
/// A seam: production speaks HTTP, tests say what they like.
protocol CoordinatorLink: Sendable {
    /// The policies in use, or what changed since a revision; the coordinator may take up to `wait` to answer.
    func policies(after revision: Int64?, wait: Duration) async throws(CoordinatorError) -> PoliciesAnswer

    /// Sends the body of a batch; it is stored when this returns.
    func send(_ body: ByteBuffer) async throws(CoordinatorError) -> ObservationsAnswer

    /// Tells what payloads look like; it is merged when this returns.
    func send(_ shapes: ShapesBody) async throws(CoordinatorError)

    /// Closes connections.
    func close() async
}

/// The coordinator over HTTP, as one node speaks to it.
struct CoordinatorConnection: CoordinatorLink {
    private let client: CoordinatorClient
    private let node: String

    /// Makes a connection whose traffic lives on the loops of `group`; nothing is opened yet.
    init(_ coordinator: AgentConfiguration.Coordinator, on group: any EventLoopGroup) throws(CoordinatorError) {
        client = CoordinatorClient(try coordinator.settings(), on: group)
        node = coordinator.node
    }

    func policies(after revision: Int64?, wait: Duration) async throws(CoordinatorError) -> PoliciesAnswer {
        try await client.policies(node: node, after: revision, wait: wait)
    }

    func send(_ body: ByteBuffer) async throws(CoordinatorError) -> ObservationsAnswer {
        try await client.send(observations: body, node: node)
    }

    func send(_ shapes: ShapesBody) async throws(CoordinatorError) {
        try await client.send(shapes: shapes, node: node)
    }

    func close() async { await client.shutdown() }
}

extension CoordinatorError {
    /// Whether a coordinator says that the fault is in what was sent; anything else that answers with such a status, a
    /// proxy or another server, does not count.
    var isRefusalOfContent: Bool { isOfContent && refusal?.code.isEmpty == false }
}
