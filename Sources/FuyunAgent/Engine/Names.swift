import FuyunInvocation
import FuyunProtocol

/// An invocation's id as the limiter's values have it.
typealias RunID = FuyunInvocation.InvocationID

/// An invocation's id as the wire has it.
typealias WireID = FuyunProtocol.InvocationID

extension RunID {
    /// The same id from the wire.
    init(_ id: WireID) { self.init(run: id.epoch, sequence: id.sequence) }
}

extension WireID {
    /// The same id for the wire.
    init(_ id: RunID) { self.init(epoch: id.run, sequence: id.sequence) }
}
