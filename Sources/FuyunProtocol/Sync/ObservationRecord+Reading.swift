import FuyunPolicy
import MemoryUnits
public import NIOCore

extension ObservationRecord {
    /// The most bytes that a record may have as JSON.
    public static let maximumSize = 64 << 10
    /// The most features that a record may have; a policy has no more variables.
    public static let maximumFeatures = PolicyDocument.maximumVariables

    /// Reads one observation, as `Observation.appendJSONLine(to:)` and `write(into:)` write it.
    ///
    /// Keys that are not known are passed over. Features that were missing from the payload (`null`) are left out.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        guard body.readableBytes <= Self.maximumSize else {
            throw JSONError(.outOfRange, "at most \(Self.maximumSize) bytes", at: 0)
        }
        self = try JSONReader.read(body) { json throws(JSONError) in try ObservationRecord(reading: &json) }
    }

    /// Reads the observation that comes next.
    init(reading json: inout JSONReader) throws(JSONError) {
        self.init(
            id: InvocationID(epoch: 0, sequence: 0),
            function: "",
            beganAt: 0,
            duration: .zero,
            needLower: .zero,
            needUpper: nil,
            outcome: .abandoned
        )
        let start = json.offset
        // A local copy: writing to it needs no check for exclusive access.
        var record = self
        try json.object(Keys.record) { json, key throws(JSONError) in try record.read(key, from: &json) }
        guard json.offset - start <= Self.maximumSize else {
            throw JSONError(.outOfRange, "at most \(Self.maximumSize) bytes", at: start)
        }
        self = record
    }

    private mutating func read(_ key: Key, from json: inout JSONReader) throws(JSONError) {
        switch key {
        case .schema: try json.schema(Self.schema)
        case .id: id = try json.invocationID()
        case .function: function = try json.functionName()
        case .beganAt: beganAt = try json.moment()
        case .duration: duration = try json.milliseconds()
        case .isKnown: isKnown = try json.bool()
        case .mode: mode = try json.word(Keys.modes)
        case .reason: reason = try json.string(maximum: 64)
        case .decision: decision = try DecisionSummary(readingOrNull: &json)
        case .shadow: shadow = try DecisionSummary(readingOrNull: &json)
        case .features: try readFeatures(&json)
        case .limit: limit = try json.bytesOrNull()
        case .ceiling: ceiling = try json.bytesOrNull()
        case .isHeld: isHeld = try json.bool()
        case .peak: peak = try json.bytesOrNull()
        case .need: try readNeed(&json)
        case .events: try readEvents(&json)
        case .isThrashing: isThrashing = try json.bool()
        case .outcome: outcome = try json.word(Keys.outcomes)
        case .outOfMemory: try readOutOfMemory(&json)
        case .warmIndex: warmIndex = try json.integer()
        case .concurrency: concurrency = try json.integer(in: 0...1_000_000)
        case .rescues: rescues = try json.integer(in: 0...1_000_000_000)
        }
    }

    private mutating func readFeatures(_ json: inout JSONReader) throws(JSONError) {
        var features: [Feature] = []
        var count = 0
        try json.object { json, name throws(JSONError) in
            count += 1
            guard count <= Self.maximumFeatures else {
                throw JSONError(.outOfRange, "at most \(Self.maximumFeatures) features", at: json.offset)
            }
            guard name.utf8.count <= 64, !features.contains(where: { $0.name == name }) else {
                throw JSONError(.outOfRange, "names of at most 64 bytes, each once", at: json.offset)
            }
            do throws(JSONError) {
                switch try json.peek() {
                case .number: features.append(Feature(name, .number(try json.number())))
                case .string: features.append(Feature(name, .category(try json.string(maximum: 128))))
                case .null: try json.null()
                default: throw JSONError(.wrongType, "a number, a word or null", at: json.offset)
                }
            } catch {
                throw error.inside(name)
            }
        }
        self.features = features
    }

    private mutating func readNeed(_ json: inout JSONReader) throws(JSONError) {
        let start = json.offset
        try json.object(Keys.need) { json, key throws(JSONError) in
            switch key {
            // Null is the agent's way to write the largest quantity there is.
            case .lower: needLower = try json.bytesOrNull() ?? .max
            case .upper: needUpper = try json.bytesOrNull()
            case .isCensored: isCensored = try json.bool()
            }
        }
        if let needUpper, needUpper < needLower {
            throw JSONError(.outOfRange, "lower_bytes not above upper_bytes", at: start)
        }
    }

    private mutating func readEvents(_ json: inout JSONReader) throws(JSONError) {
        guard try json.peek() != .null else { return try json.null() }
        try json.object(Keys.events) { json, _ throws(JSONError) in limitHits = try json.integerOrNull() ?? 0 }
    }

    private mutating func readOutOfMemory(_ json: inout JSONReader) throws(JSONError) {
        guard try json.peek() != .null else { return try json.null() }
        try json.object(Keys.outOfMemory) { json, key throws(JSONError) in
            switch key {
            // A class of a newer agent is still a run that was out of memory.
            case .kind: oomClass = EndAnswer.OutOfMemory.Class(rawValue: try json.string(maximum: 64)) ?? .unknown
            case .ownLimitExceeded: ownLimitExceeded = try json.bool()
            }
        }
    }
}

extension ObservationRecord.DecisionSummary {
    fileprivate init?(readingOrNull json: inout JSONReader) throws(JSONError) {
        guard try json.peek() != .null else {
            try json.null()
            return nil
        }
        self.init(version: 0, reason: .noPolicy, predicted: nil, bound: nil, limit: .max)
        try json.object(ObservationRecord.Keys.decision) { json, key throws(JSONError) in
            switch key {
            case .reason: reason = try json.word(ObservationRecord.Keys.reasons)
            case .version: version = try json.integerOrNull(in: 1...Int(Int32.max)) ?? 0
            case .predicted: predicted = try json.bytesOrNull()
            case .bound: bound = try json.bytesOrNull()
            case .limit: limit = try json.bytesOrNull() ?? .max
            }
        }
        // The preset of a function without a policy.
        if version == 0 { return nil }
    }
}

extension ObservationRecord {
    /// The keys of an observation that are read, in the order in which agents write them.
    fileprivate enum Key: String, CaseIterable, Sendable {
        case schema, id, function
        case beganAt = "began_ms"
        case duration = "duration_ms"
        case isKnown = "known"
        case mode, reason, decision, shadow, features
        case limit = "limit_bytes"
        case ceiling = "ceiling_bytes"
        case isHeld = "held"
        case peak = "peak_bytes"
        case need, events
        case isThrashing = "thrashing"
        case outcome
        case outOfMemory = "oom"
        case warmIndex = "warm_index"
        case concurrency, rescues
    }

    fileprivate enum DecisionKey: String, CaseIterable, Sendable {
        case reason
        case version = "policy_version"
        case predicted = "predicted_bytes"
        case bound = "bound_bytes"
        case limit = "limit_bytes"
    }

    fileprivate enum NeedKey: String, CaseIterable, Sendable {
        case lower = "lower_bytes"
        case upper = "upper_bytes"
        case isCensored = "censored"
    }

    fileprivate enum EventKey: String, CaseIterable, Sendable { case max }

    fileprivate enum OutOfMemoryKey: String, CaseIterable, Sendable {
        case kind = "class"
        case ownLimitExceeded = "own_limit_exceeded"
    }

    fileprivate enum Keys {
        static let record = JSONWords<Key>(required: [.schema, .id, .function, .beganAt, .duration, .need, .outcome])
        static let decision = JSONWords<DecisionKey>(required: [.reason, .limit])
        static let need = JSONWords<NeedKey>(required: [.lower, .upper])
        static let events = JSONWords<EventKey>()
        static let outOfMemory = JSONWords<OutOfMemoryKey>(required: [.kind])
        static let modes = JSONWords<Mode>()
        static let reasons = JSONWords<DecisionReason>()
        static let outcomes = JSONWords<Outcome>()
    }
}

extension JSONReader {
    /// Reads the name of a function.
    mutating func functionName() throws(JSONError) -> String {
        _ = try peek()
        let start = offset
        let name = try string(maximum: 256)
        guard PolicyDocument.isFunctionName(name) else {
            throw JSONError(.outOfRange, "a function's name: 1…256 of A-Z a-z 0-9 . _ @ : / -", at: start)
        }
        return name
    }

    /// Reads a moment in milliseconds since 1970, before the year 10000.
    mutating func moment() throws(JSONError) -> Int64 { try integer(in: 0...253_402_300_799_999) }
}
