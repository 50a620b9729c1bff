import FuyunPolicy
import FuyunProtocol
import FuyunStore
import MemoryUnits

// Values that tests begin with.

/// A moment in the year 2026, so many seconds on.
func moment(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_780_000_000_000 + seconds * 1000) }

/// A document with one linear term.
func document(_ function: String, slope: Double = 1.5, supersedes: Int? = nil) -> PolicyDocument {
    PolicyDocument(
        metadata: PolicyMetadata(policyID: function, version: 77, status: .retired, supersedes: supersedes),
        inputs: PolicyInputs(
            source: .payload,
            variables: [
                PolicyVariable(
                    name: "width",
                    kind: .integer,
                    range: 1...16_384,
                    source: .json(pointer: "/object/width")
                )
            ]
        ),
        logic: PolicyLogic(
            family: .linear,
            laws: [
                PolicyLaw(
                    base: 42_000_000,
                    terms: [PolicyTerm(name: "pixels", expression: "width * 3", shape: .linear(coefficient: slope))]
                )
            ]
        ),
        safety: PolicySafety(headroom: 0.05)
    )
}

/// A version made by the tuner.
func newPolicy(_ function: String, _ status: PolicyStatus, slope: Double = 1.5) -> NewPolicy {
    NewPolicy(document: document(function, slope: slope), status: status, author: "tuner", reason: "a better fit")
}

/// An observation with everything in it.
func observation(_ number: UInt64, function: String = "guest/video", version: Int? = 3) -> ObservationRecord {
    var record = ObservationRecord(
        id: InvocationID(epoch: 0x6650_f1a2, sequence: number),
        function: function,
        beganAt: moment(-2).milliseconds + Int64(number),
        duration: .microseconds(123_456 + Int64(number)),
        needLower: .mebibytes(90),
        needUpper: Bytes(96 << 20),
        outcome: .success
    )
    record.mode = version == nil ? .observe : .enforce
    record.reason = version == nil ? "no_policy" : "policy"
    record.decision = version.map {
        .init(
            version: $0,
            reason: .policy,
            predicted: Bytes(91_234_567),
            bound: Bytes(95_432_101),
            limit: .mebibytes(128)
        )
    }
    record.features = [
        .init("width", .number(1280)), .init("height", .number(720)), .init("fps", .number(29.97)),
        .init("duration", .number(12.5)), .init("op", .category("watermark")),
    ]
    record.limit = version == nil ? nil : .mebibytes(128)
    record.ceiling = .mebibytes(512)
    record.peak = .mebibytes(97)
    record.warmIndex = number
    return record
}

/// A miss under a version.
func miss(_ number: UInt64, function: String = "guest/video", version: Int) -> ObservationRecord {
    var record = observation(number, function: function, version: version)
    record.outcome = .crashed
    record.needUpper = nil
    record.isCensored = true
    record.ownLimitExceeded = true
    record.oomClass = .ownLimit
    return record
}

/// A batch whose records have their numbers as sequence.
func batch(
    _ records: [ObservationRecord],
    from first: UInt64 = 1,
    node: String = "node-a",
    epoch: UInt64 = 7
) -> ObservationBatch {
    ObservationBatch(
        node: node,
        epoch: epoch,
        records: records.enumerated().map { (sequence: first + UInt64($0.offset), record: $0.element) }
    )
}
