import NIOCore

/// The first part of a request's body, kept for the agent: never more than `limit` bytes.
struct KeptPayload {
    /// What is kept so far.
    private(set) var bytes = ByteBuffer()
    /// What arrived together with the last kept bytes, but lies beyond the limit.
    private(set) var beyond: [ByteBuffer] = []
    let limit: Int
    private let expected: Int?

    /// Starts with nothing; `expected` is the body's size, where it is known.
    init(limit: Int, expected: Int?) {
        self.limit = limit
        self.expected = expected
    }

    /// Whether no more needs to be read for the agent.
    var isFull: Bool { bytes.readableBytes >= limit || expected == bytes.readableBytes }

    /// Whether something of the body lies beyond what is kept; `ended`: the whole body has been read.
    func isCut(ended: Bool) -> Bool { expected != bytes.readableBytes && !(ended && beyond.isEmpty) }

    /// The body's size as it is told to the agent, when it is cut: for a body of unknown size, what has come so far and
    /// one more.
    func trueSize(ended: Bool) -> UInt64? {
        guard isCut(ended: ended) else { return nil }
        let seen = beyond.reduce(bytes.readableBytes) { $0 + $1.readableBytes }
        return UInt64(expected ?? (ended ? seen : seen + 1))
    }

    /// Takes the next part of the body.
    mutating func append(_ part: ByteBuffer) {
        var part = part
        let room = max(0, limit - bytes.readableBytes)
        let size = min(room, part.readableBytes)
        if size > 0, var taken = part.readSlice(length: size) {
            if bytes.readableBytes == 0, size == expected || part.readableBytes > 0 {
                // All there is: no copy.
                bytes = taken
            } else {
                if bytes.readableBytes == 0 { bytes = ByteBufferAllocator().buffer(capacity: firstCapacity(size)) }
                bytes.writeBuffer(&taken)
            }
        }
        if part.readableBytes > 0 { beyond.append(part) }
    }

    private func firstCapacity(_ size: Int) -> Int { max(size, min(limit, expected ?? size * 2)) }
}
