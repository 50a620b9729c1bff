/// The name of one invocation on this node, `6650f1a2-1` on the wire: which run of the agent, and a count within it.
///
/// A restarted agent has another run number, so the end of a call that an earlier run began is told from an unknown
/// one.
public struct InvocationID: Hashable, Sendable {
    /// The run of the agent that gave the name.
    public var run: UInt32
    /// The count within that run, from 1.
    public var sequence: UInt64

    /// Makes a name.
    public init(run: UInt32, sequence: UInt64) {
        self.run = run
        self.sequence = sequence
    }

    /// Reads the wire form: up to eight hexadecimal digits, a hyphen, a decimal number; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 29, let hyphen = text.firstIndex(of: "-") else { return nil }
        let run = text[..<hyphen]
        let sequence = text[text.index(after: hyphen)...]
        guard run.utf8.count <= 8, run.first != "+", sequence.first != "+",
            let run = UInt32(run, radix: 16), let sequence = UInt64(sequence)
        else { return nil }
        self.init(run: run, sequence: sequence)
    }
}

extension InvocationID: CustomStringConvertible {
    /// The wire form.
    public var description: String { String(run, radix: 16) + "-" + String(sequence) }
}
