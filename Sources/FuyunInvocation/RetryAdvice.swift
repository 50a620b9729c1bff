import Cgroup
public import MemoryUnits

/// The limit with which a call that ran out of its own should be tried again.
public struct RetryAdvice: Hashable, Sendable {
    /// The most tries that are advised for one call; the last is at the ceiling.
    public static let mostAttempts: UInt8 = 3

    /// The function; a retry of another one is none.
    public var function: String
    /// The limit.
    public var limit: Bytes
    /// Which try it is for: 1…3.
    public var attempt: UInt8

    /// The advice for a call that ended.
    ///
    /// - Parameters:
    ///   - observation: What was seen of it.
    ///   - attempt: Which try it was itself; 0 for the first call.
    ///   - mostSeen: The most that a call of the function was seen to use on this node.
    ///   - maximum: The greatest limit that can be given: the ceiling, or the operator's maximum.
    /// - Returns: Nil when the call did not run out of its own limit, when that was the greatest already, or when it was
    ///   tried often enough.
    public init?(after observation: Observation, attempt: UInt8, mostSeen: Bytes, maximum: Bytes) {
        guard observation.isKnown, observation.verdict.ownLimitExceeded,
            let limit = Self.limit(
                after: observation.limit.ceiling,
                attempt: attempt,
                mostSeen: mostSeen,
                maximum: maximum
            )
        else { return nil }
        self.init(function: observation.function, limit: limit, attempt: attempt + 1)
    }

    /// The limit for another try after one that ran out; nil when it was tried often enough or with the greatest already.
    public static func limit(after limit: Bytes, attempt: UInt8, mostSeen: Bytes, maximum: Bytes) -> Bytes? {
        guard attempt < mostAttempts, limit < maximum else { return nil }
        let wanted =
            switch attempt {
            case 0: LocalBump.Miss(limit: limit, decided: limit, mostSeen: mostSeen).target
            // Without a ceiling there is no last resort but more of the same.
            case 1: limit.scaled(by: LocalBump.secondFactor)
            default: maximum == .max ? limit.scaled(by: LocalBump.secondFactor) : maximum
            }
        return min(wanted, maximum)
    }

    /// Makes advice.
    public init(function: String, limit: Bytes, attempt: UInt8) {
        self.function = function
        self.limit = limit
        self.attempt = attempt
    }
}

/// The advice that was given for the last calls that ran out, by their sequence number; bounded.
public struct RetryBook: Sendable {
    /// How many are remembered.
    public static let capacity = 1024

    private var advice: [UInt64: RetryAdvice] = [:]
    private var order: [UInt64] = []
    private var next = 0

    /// An empty book.
    public init() {}

    /// What was advised for the call with this number.
    public subscript(sequence: UInt64) -> RetryAdvice? { advice[sequence] }

    /// Writes advice down, in the place of the oldest when the book is full.
    public mutating func insert(_ given: RetryAdvice, for sequence: UInt64) {
        guard advice.updateValue(given, forKey: sequence) == nil else { return }
        if order.count < Self.capacity {
            order.append(sequence)
        } else {
            advice[order[next]] = nil
            order[next] = sequence
        }
        next = (next + 1) % Self.capacity
    }
}
