import FuyunProtocol
import Logging
import NIOCore
import NIOPosix

/// The coordinator over HTTP.
final class CoordinatorConnection: CoordinatorLink {
    init(_ coordinator: AgentConfiguration.Coordinator, group: MultiThreadedEventLoopGroup, logger: Logger) throws {}

    func policies(after revision: Int64?, wait: Duration) async throws(LinkFailure) -> PoliciesAnswer {
        throw .failed("not there yet")
    }

    func send(_ body: ByteBuffer) async throws(LinkFailure) -> ObservationsAnswer { throw .failed("not there yet") }

    func close() async {}
}
