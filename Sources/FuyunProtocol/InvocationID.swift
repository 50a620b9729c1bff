public import FuyunPolicy
public import NIOCore

extension InvocationID {
    /// Appends the id's text.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.maximumLength) { target in
            target.baseAddress.map { write(to: $0.assumingMemoryBound(to: UInt8.self)) } ?? 0
        }
    }
}
