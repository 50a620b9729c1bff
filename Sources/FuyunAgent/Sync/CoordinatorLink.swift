import FuyunProtocol
import NIOCore

/// What a node asks of its coordinator.
///
/// A seam: production speaks HTTP, tests say what they like.
protocol CoordinatorLink: Sendable {
    /// The policies in use, or what changed since a revision; the coordinator may take up to `wait` to answer.
    func policies(after revision: Int64?, wait: Duration) async throws(LinkFailure) -> PoliciesAnswer

    /// Sends the body of a batch; it is stored when this returns.
    func send(_ body: ByteBuffer) async throws(LinkFailure) -> ObservationsAnswer

    /// Closes connections.
    func close() async
}

/// Why a request to the coordinator came to nothing.
enum LinkFailure: Error, Equatable, CustomStringConvertible {
    /// It was answered, with a status that is no success.
    case refused(status: Int, message: String)
    /// It was not answered, or the answer was not one that this version understands.
    case failed(String)

    /// Whether the fault is in what was sent, so that sending the same again cannot help.
    var isOfContent: Bool {
        if case .refused(let status, _) = self { status == 400 || status == 413 || status == 422 } else { false }
    }

    /// One line.
    var description: String {
        switch self {
        case .refused(let status, let message): "refused with status \(status): \(message)"
        case .failed(let message): message
        }
    }
}
