import FuyunInvocation
import FuyunPolicy
import FuyunProtocol

/// A call in flight, as the edge knows it.
///
/// What the limiter knows of it is in its container's ledger.
final class Call {
    /// Its id.
    let id: InvocationID
    /// The container that it runs in.
    let container: ManagedContainer
    /// The connection that it began on; it dies with that.
    weak var connection: Connection?
    /// The platform's name for it.
    let activation: String?
    /// What was answered at its begin.
    let begin: BeginAnswer
    /// Whether the ledger follows it.
    let isTracked: Bool
    /// Which try it is, of a call that ran out of memory; 0 for a first one.
    var attempt: UInt8 = 0
    /// Whether its end was reported and the answer waits for late counters.
    var isEnding = false

    init(
        id: InvocationID,
        container: ManagedContainer,
        connection: Connection,
        activation: String?,
        begin: BeginAnswer,
        isTracked: Bool
    ) {
        self.id = id
        self.container = container
        self.connection = connection
        self.activation = activation
        self.begin = begin
        self.isTracked = isTracked
    }
}

/// The last calls that ended, for explaining them: a ring of fixed length.
struct InvocationHistory {
    /// One call that ended.
    struct Entry {
        /// What was answered at its begin.
        var begin: BeginAnswer
        /// What was observed.
        var observation: Observation
    }

    /// How many are kept.
    static let capacity = 2048

    private var ring: [Entry] = []
    private var next = 0
    private var index: [UInt64: Int] = [:]

    /// How many there are.
    var count: Int { ring.count }

    /// Keeps an entry, in the place of the oldest when the ring is full.
    mutating func append(_ entry: Entry) {
        index[entry.begin.id.sequence] = next
        if ring.count < Self.capacity {
            ring.append(entry)
        } else {
            index[ring[next].begin.id.sequence] = nil
            ring[next] = entry
        }
        next = (next + 1) % Self.capacity
    }

    /// The entry of a call; nil when it is not among the last.
    subscript(sequence: UInt64) -> Entry? { index[sequence].map { ring[$0] } }
}
