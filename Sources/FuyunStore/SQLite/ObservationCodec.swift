import FuyunPolicy
import FuyunProtocol
import MemoryUnits

/// An observation ⇄ the bytes of its row: everything of it but the function, which is a column.
///
/// The words (variables, categories, reasons) are numbers of the table `word`. A mean record takes some 60 bytes where its
/// JSON takes 700. Bytes once written must stay readable: a change of this form gets a new leading byte.
enum ObservationCodec {
    /// The leading byte.
    static let form: UInt8 = 1

    /// Yes-or-no facts, and which of the optional parts follow, as bits of one number.
    private enum Flag {
        static let unknown: UInt32 = 1 << 0
        static let held: UInt32 = 1 << 1
        static let censored: UInt32 = 1 << 2
        static let thrashing: UInt32 = 1 << 3
        static let ownLimitExceeded: UInt32 = 1 << 4
        static let decision: UInt32 = 1 << 5
        static let shadow: UInt32 = 1 << 6
        static let limit: UInt32 = 1 << 7
        static let ceiling: UInt32 = 1 << 8
        static let peak: UInt32 = 1 << 9
        static let needUpper: UInt32 = 1 << 10
        static let limitHits: UInt32 = 1 << 11
        static let concurrency: UInt32 = 1 << 12
        static let rescues: UInt32 = 1 << 13
        static let modeShift: UInt32 = 14
        static let outcomeShift: UInt32 = 16
        static let outOfMemoryShift: UInt32 = 20
        static let durationShift: UInt32 = 24
        static let end: UInt32 = 26
    }

    /// How a duration is written: in the largest unit that leaves nothing out.
    private enum DurationUnit: UInt32 {
        case microseconds, nanoseconds, attoseconds
    }

    /// How a feature's value is written.
    private enum ValueForm: UInt64 {
        case category, whole, thousandths, double
    }

    // MARK: Writing

    static func write(
        _ record: ObservationRecord,
        receivedAt: Timestamp,
        words: inout some WordNumbers,
        into writer: inout CompactWriter
    ) throws {
        let unit = durationUnit(record.duration)
        writer.byte(form)
        writer.fixed(flags(of: record, unit: unit))
        writer.fixed(record.id.epoch)
        writer.number(record.id.sequence)
        writer.signed(receivedAt.milliseconds &- record.beganAt)
        write(record.duration, in: unit, into: &writer)
        try write(word: record.reason, words: &words, into: &writer)
        if let decision = record.decision { write(decision, into: &writer) }
        if let shadow = record.shadow { write(shadow, into: &writer) }
        for quantity in [record.limit, record.ceiling, record.peak, record.needUpper] {
            if let quantity { writer.quantity(quantity) }
        }
        writer.quantity(record.needLower)
        if record.limitHits != 0 { writer.number(record.limitHits) }
        if record.concurrency != 1 { writer.signed(Int64(record.concurrency)) }
        if record.rescues != 0 { writer.signed(Int64(record.rescues)) }
        writer.number(record.warmIndex)
        writer.number(UInt64(record.features.count))
        for feature in record.features { try write(feature, words: &words, into: &writer) }
    }

    private static func flags(of record: ObservationRecord, unit: DurationUnit) -> UInt32 {
        var flags: UInt32 = 0
        if !record.isKnown { flags |= Flag.unknown }
        if record.isHeld { flags |= Flag.held }
        if record.isCensored { flags |= Flag.censored }
        if record.isThrashing { flags |= Flag.thrashing }
        if record.ownLimitExceeded { flags |= Flag.ownLimitExceeded }
        if record.decision != nil { flags |= Flag.decision }
        if record.shadow != nil { flags |= Flag.shadow }
        if record.limit != nil { flags |= Flag.limit }
        if record.ceiling != nil { flags |= Flag.ceiling }
        if record.peak != nil { flags |= Flag.peak }
        if record.needUpper != nil { flags |= Flag.needUpper }
        if record.limitHits != 0 { flags |= Flag.limitHits }
        if record.concurrency != 1 { flags |= Flag.concurrency }
        if record.rescues != 0 { flags |= Flag.rescues }
        flags |= UInt32(record.mode.code) << Flag.modeShift
        flags |= UInt32(record.outcome.code) << Flag.outcomeShift
        flags |= UInt32(record.oomClass?.code ?? 0) << Flag.outOfMemoryShift
        return flags | unit.rawValue << Flag.durationShift
    }

    private static func durationUnit(_ duration: Duration) -> DurationUnit {
        let (seconds, attoseconds) = duration.components
        // Beyond some years the short forms would overflow.
        guard seconds.magnitude < 1 << 32 else { return .attoseconds }
        return attoseconds % 1_000_000_000_000 == 0
            ? .microseconds : attoseconds % 1_000_000_000 == 0 ? .nanoseconds : .attoseconds
    }

    private static func write(_ duration: Duration, in unit: DurationUnit, into writer: inout CompactWriter) {
        let (seconds, attoseconds) = duration.components
        switch unit {
        case .microseconds: writer.signed(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        case .nanoseconds: writer.signed(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        case .attoseconds:
            writer.signed(seconds)
            writer.signed(attoseconds)
        }
    }

    private static func write(_ decision: ObservationRecord.DecisionSummary, into writer: inout CompactWriter) {
        let optionals: UInt8 = (decision.predicted == nil ? 0 : 1) | (decision.bound == nil ? 0 : 2)
        writer.byte(decision.reason.code << 2 | optionals)
        writer.signed(Int64(decision.version))
        if let predicted = decision.predicted { writer.quantity(predicted) }
        if let bound = decision.bound { writer.quantity(bound) }
        writer.quantity(decision.limit)
    }

    private static func write(
        word: String,
        words: inout some WordNumbers,
        into writer: inout CompactWriter
    ) throws {
        let number = try words.number(of: word)
        writer.number(number ?? 0)
        if number == nil { writer.text(word) }
    }

    private static func write(
        _ feature: ObservationRecord.Feature,
        words: inout some WordNumbers,
        into writer: inout CompactWriter
    ) throws {
        let number = try words.number(of: feature.name)
        let form: ValueForm
        switch feature.value {
        case .category: form = .category
        case .number(let value): form = valueForm(value)
        }
        writer.number((number ?? 0) << 2 | form.rawValue)
        if number == nil { writer.text(feature.name) }
        switch (form, feature.value) {
        case (_, .category(let word)): try write(word: word, words: &words, into: &writer)
        case (.whole, .number(let value)): writer.signed(Int64(value))
        case (.thousandths, .number(let value)): writer.signed(Int64((value * 1000).rounded()))
        case (_, .number(let value)): writer.fixed(value.bitPattern)
        }
    }

    /// The shortest form that gives the very same bits back.
    private static func valueForm(_ value: Double) -> ValueForm {
        guard value.magnitude < 0x1p43, value != 0 || value.sign == .plus else { return .double }
        if value == value.rounded() { return .whole }
        return (value * 1000).rounded() / 1000 == value ? .thousandths : .double
    }

    // MARK: Reading

    static func read(
        _ bytes: [UInt8],
        function: String,
        receivedAt: Timestamp,
        words: inout some WordTexts
    ) throws -> ObservationRecord {
        var reader = CompactReader(bytes)
        guard try reader.byte() == form else { throw CompactBytesError() }
        let flags = try reader.fixed32()
        guard flags >> Flag.end == 0 else { throw CompactBytesError() }
        let id = InvocationID(epoch: try reader.fixed32(), sequence: try reader.number())
        let beganAt = receivedAt.milliseconds &- (try reader.signed())
        let duration = try readDuration(&reader, unit: DurationUnit(rawValue: flags >> Flag.durationShift & 3))
        let reason = try readWord(&reader, words: &words)
        let decision = flags & Flag.decision == 0 ? nil : try readDecision(&reader)
        let shadow = flags & Flag.shadow == 0 ? nil : try readDecision(&reader)
        let limit = flags & Flag.limit == 0 ? nil : try reader.quantity()
        let ceiling = flags & Flag.ceiling == 0 ? nil : try reader.quantity()
        let peak = flags & Flag.peak == 0 ? nil : try reader.quantity()
        let needUpper = flags & Flag.needUpper == 0 ? nil : try reader.quantity()
        guard let outcome = ObservationRecord.Outcome(code: UInt8(flags >> Flag.outcomeShift & 15)) else {
            throw CompactBytesError()
        }
        var record = ObservationRecord(
            id: id,
            function: function,
            beganAt: beganAt,
            duration: duration,
            needLower: try reader.quantity(),
            needUpper: needUpper,
            outcome: outcome
        )
        (record.reason, record.decision, record.shadow) = (reason, decision, shadow)
        (record.limit, record.ceiling, record.peak) = (limit, ceiling, peak)
        record.mode = Mode(code: UInt8(flags >> Flag.modeShift & 3))
        let outOfMemory = UInt8(flags >> Flag.outOfMemoryShift & 15)
        if outOfMemory != 0 {
            guard let known = EndAnswer.OutOfMemory.Class(code: outOfMemory) else { throw CompactBytesError() }
            record.oomClass = known
        }
        record.isKnown = flags & Flag.unknown == 0
        record.isHeld = flags & Flag.held != 0
        record.isCensored = flags & Flag.censored != 0
        record.isThrashing = flags & Flag.thrashing != 0
        record.ownLimitExceeded = flags & Flag.ownLimitExceeded != 0
        if flags & Flag.limitHits != 0 { record.limitHits = try reader.number() }
        if flags & Flag.concurrency != 0 { record.concurrency = try reader.integer() }
        if flags & Flag.rescues != 0 { record.rescues = try reader.integer() }
        record.warmIndex = try reader.number()
        let count = try reader.number()
        guard count <= UInt64(Bounds.features) else { throw CompactBytesError() }
        for _ in 0..<count { record.features.append(try readFeature(&reader, words: &words)) }
        guard reader.isAtEnd else { throw CompactBytesError() }
        return record
    }

    private static func readDuration(
        _ reader: inout CompactReader,
        unit: DurationUnit?
    ) throws(CompactBytesError) -> Duration {
        switch unit {
        case .microseconds: return .microseconds(try reader.signed())
        case .nanoseconds: return .nanoseconds(try reader.signed())
        case .attoseconds:
            return Duration(
                secondsComponent: try reader.signed(),
                attosecondsComponent: try reader.signed()
            )
        case nil: throw CompactBytesError()
        }
    }

    private static func readDecision(
        _ reader: inout CompactReader
    ) throws(CompactBytesError) -> ObservationRecord.DecisionSummary {
        let head = try reader.byte()
        guard let reason = DecisionReason(code: head >> 2) else { throw CompactBytesError() }
        return ObservationRecord.DecisionSummary(
            version: try reader.integer(),
            reason: reason,
            predicted: head & 1 == 0 ? nil : try reader.quantity(),
            bound: head & 2 == 0 ? nil : try reader.quantity(),
            limit: try reader.quantity()
        )
    }

    private static func readWord(_ reader: inout CompactReader, words: inout some WordTexts) throws -> String {
        let number = try reader.number()
        return number == 0 ? try reader.text() : try words.text(of: number)
    }

    private static func readFeature(
        _ reader: inout CompactReader,
        words: inout some WordTexts
    ) throws -> ObservationRecord.Feature {
        let head = try reader.number()
        let name = head >> 2 == 0 ? try reader.text() : try words.text(of: head >> 2)
        switch ValueForm(rawValue: head & 3) {
        case .category: return .init(name, .category(try readWord(&reader, words: &words)))
        case .whole: return .init(name, .number(Double(try reader.signed())))
        case .thousandths: return .init(name, .number(Double(try reader.signed()) / 1000))
        case .double, nil: return .init(name, .number(Double(bitPattern: try reader.fixed64())))
        }
    }
}

/// Gives words their numbers.
protocol WordNumbers {
    /// A word's number, from 1; nil when it gets none and must be written out.
    mutating func number(of word: String) throws -> UInt64?
}

/// Gives numbers their words back.
protocol WordTexts {
    /// The word of a number.
    mutating func text(of number: UInt64) throws -> String
}
