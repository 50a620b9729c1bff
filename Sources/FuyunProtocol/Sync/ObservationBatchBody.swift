public import NIOCore

/// The body of `POST /v1/nodes/{node}/observations`, as the coordinator reads it.
///
/// All records are good, or none is taken: the error names the first bad one by index and key.
public struct ObservationBatchBody: Sendable {
    /// The schema's name.
    public static let schema = "fuyun.observations/v1"
    /// The largest body, in bytes.
    public static let maximumSize = 8 << 20
    /// The most records in a body.
    public static let maximumRecords = 5000

    /// The node's spool: a new spool is a new epoch.
    public var epoch: UInt64
    /// The observations with their numbers in that spool.
    public var records: [(sequence: UInt64, record: ObservationRecord)]

    /// Makes a body.
    public init(epoch: UInt64, records: [(sequence: UInt64, record: ObservationRecord)]) {
        self.epoch = epoch
        self.records = records
    }

    /// Reads a body.
    ///
    /// Keys that are not known are passed over.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        guard body.readableBytes <= Self.maximumSize else {
            throw JSONError(.outOfRange, "at most \(Self.maximumSize) bytes", at: 0)
        }
        var epoch: UInt64 = 0
        var records: [(sequence: UInt64, record: ObservationRecord)] = []
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object(Keys.body) { json, key throws(JSONError) in
                switch key {
                case .schema: try json.schema(Self.schema)
                case .epoch: epoch = try json.integer()
                case .observations:
                    // About what a record takes, so that the array grows once or twice.
                    records.reserveCapacity(min(body.readableBytes / 1024, Self.maximumRecords))
                    try json.array(maximum: Self.maximumRecords) { json, _ throws(JSONError) in
                        records.append(try Self.record(&json))
                    }
                }
            }
        }
        self.init(epoch: epoch, records: records)
    }

    private static func record(
        _ json: inout JSONReader
    ) throws(JSONError) -> (sequence: UInt64, record: ObservationRecord) {
        var sequence: UInt64 = 0
        var record: ObservationRecord?
        try json.object(Keys.element) { json, key throws(JSONError) in
            switch key {
            case .sequence: sequence = try json.integer()
            case .observation: record = try ObservationRecord(reading: &json)
            }
        }
        return (sequence, try JSONError.require(record, "the key observation"))
    }

    private enum BodyKey: String, CaseIterable, Sendable { case schema, epoch, observations }
    private enum ElementKey: String, CaseIterable, Sendable { case sequence, observation }
    private enum Keys {
        static let body = JSONWords<BodyKey>(required: [.schema, .epoch, .observations])
        static let element = JSONWords<ElementKey>(required: [.sequence, .observation])
    }
}

/// Puts the body of a batch together from observations that are JSON already, without reading them.
///
///     var writer = ObservationBatchWriter(epoch: epoch)
///     while writer.hasRoom(for: line) { writer.append(sequence: n, observation: line) }
///     let body = writer.finish()
public struct ObservationBatchWriter: Sendable {
    private static let end = "]}"

    private var buffer = ByteBuffer()
    /// How many observations there are.
    public private(set) var count = 0

    /// Starts a body.
    public init(epoch: UInt64) {
        buffer.writeString("{\"schema\":\"\(ObservationBatchBody.schema)\",\"epoch\":\(epoch),\"observations\":[")
    }

    /// The length of the body so far, its end included.
    public var size: Int { buffer.readableBytes + Self.end.utf8.count }

    /// Whether an observation of so many bytes still fits what a coordinator takes.
    public func hasRoom(for bytes: Int) -> Bool {
        // Keys, brackets, commas and the digits of a number.
        count < ObservationBatchBody.maximumRecords && size + bytes + 64 <= ObservationBatchBody.maximumSize
    }

    /// Appends an observation: one JSON object; line feeds at its end are left out.
    public mutating func append(sequence: UInt64, observation: some BidirectionalCollection<UInt8>) {
        var end = observation.endIndex
        while end > observation.startIndex, observation[observation.index(before: end)] == UInt8(ascii: "\n") {
            end = observation.index(before: end)
        }
        buffer.writeString(count == 0 ? "{\"sequence\":" : ",{\"sequence\":")
        buffer.writeString(String(sequence))
        buffer.writeString(",\"observation\":")
        buffer.writeBytes(observation[..<end])
        buffer.writeInteger(UInt8(ascii: "}"))
        count += 1
    }

    /// The body.
    public consuming func finish() -> ByteBuffer {
        buffer.writeString(Self.end)
        return buffer
    }
}
