import FuyunProtocol
import NIOCore

extension Console {
    /// Writes a value of the coordinator's API as the JSON document that it is.
    func document(_ value: some WireValue) { raw(value.body.readableBytesView) }
}
