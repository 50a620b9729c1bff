public import Cgroup

/// Tells which cgroup the process at the other end of a connection lives in.
///
/// A seam: production asks the kernel, tests say who they are.
public struct PeerResolver: Sendable {
    /// Tells it from a connected Unix socket's descriptor.
    public var identify: @Sendable (CInt) throws(PeerError) -> PeerIdentity

    /// Makes a resolver.
    public init(identify: @escaping @Sendable (CInt) throws(PeerError) -> PeerIdentity) {
        self.identify = identify
    }

    /// Asks the kernel.
    public static func kernel(_ hierarchy: CgroupHierarchy) -> PeerResolver {
        PeerResolver { (socket: CInt) throws(PeerError) in try PeerIdentity.of(socket: socket, in: hierarchy) }
    }
}
