public import FuyunProtocol

/// What one request of a node brought.
public struct ObservationBatch: Sendable {
    /// The node.
    public var node: String
    /// The node's spool; a new spool is a new epoch.
    public var epoch: UInt64
    /// The observations with their numbers in that spool.
    public var records: [(sequence: UInt64, record: ObservationRecord)]

    /// Makes a batch.
    public init(node: String, epoch: UInt64, records: [(sequence: UInt64, record: ObservationRecord)]) {
        self.node = node
        self.epoch = epoch
        self.records = records
    }
}

/// What became of a batch.
public struct IngestReceipt: Hashable, Sendable {
    /// Stored now.
    public var stored: Int
    /// Stored before.
    public var duplicates: Int

    /// Makes a receipt.
    public init(stored: Int, duplicates: Int) {
        self.stored = stored
        self.duplicates = duplicates
    }
}

/// An observation in the store.
public struct StoredObservation: Sendable {
    /// Grows with every observation that is stored.
    public var id: Int64
    /// The node it came from.
    public var node: String
    /// When it was stored.
    public var receivedAt: Timestamp
    /// The observation.
    public var record: ObservationRecord

    /// Makes an observation.
    public init(id: Int64, node: String, receivedAt: Timestamp, record: ObservationRecord) {
        self.id = id
        self.node = node
        self.receivedAt = receivedAt
        self.record = record
    }
}

/// What calls under one version came to, over the observations that are kept.
public struct VersionFigures: Hashable, Sendable {
    /// The version whose decision applied; nil for calls under the preset.
    public var version: Int?
    /// Calls.
    public var calls: Int
    /// Calls that ran out of their own limit, were rescued or thrashed.
    public var misses: Int
    /// Σ limit in bytes over successful calls with a limit and a known need.
    public var grantedBytes: Double
    /// Σ need (the upper end) in bytes over the same calls.
    public var neededBytes: Double

    /// The share of what was granted that was not needed; nil when nothing was granted.
    public var waste: Double? { grantedBytes > 0 ? (grantedBytes - neededBytes) / grantedBytes : nil }

    /// Makes figures.
    public init(version: Int?, calls: Int, misses: Int, grantedBytes: Double, neededBytes: Double) {
        self.version = version
        self.calls = calls
        self.misses = misses
        self.grantedBytes = grantedBytes
        self.neededBytes = neededBytes
    }
}
