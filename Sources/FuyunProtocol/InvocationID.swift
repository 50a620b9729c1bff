public import FuyunPolicy
public import NIOCore

extension InvocationID {
    /// Appends the id's text.
    public func write(into buffer: inout ByteBuffer) {
        write { buffer.writeInteger($0) }
    }
}
