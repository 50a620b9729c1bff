public import FuyunProtocol
import MemoryUnits
import NIOCore

/// What agents observed, as a trace: an agent's observation file, or what a coordinator answers to
/// `GET /v1/functions/{function}/observations`.
///
/// Both are one observation a line, JSON. Only calls whose need was seen can be replayed; the others are counted by the reason
/// for which they are left out.
public struct ObservationTrace: Sendable {
    /// The most observations that are read.
    public static let maximumRecords = 1_000_000

    /// A trace for each function; the calls in the order in which they began.
    public var traces: [Trace]
    /// Calls left out, by reason.
    public var leftOut: [String: Int]

    /// Whether a file looks like one: it begins with a brace.
    public static func looksLike(_ path: String) throws(TraceError) -> Bool {
        var input = try InputBytes(path)
        while let byte = try input.next() {
            if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { continue }
            return byte == UInt8(ascii: "{")
        }
        return false
    }

    /// Reads a file.
    public init(_ path: String) throws(TraceError) {
        var input = try InputBytes(path)
        var records: [ObservationRecord] = []
        var line = 0
        var text: [UInt8] = []
        while true {
            let byte = try input.next()
            if let byte, byte != 0x0A {
                guard text.count < ObservationRecord.maximumSize else {
                    throw TraceError(path: path, line: line + 1, "the line is longer than an observation can be")
                }
                text.append(byte)
                continue
            }
            line += 1
            if text.contains(where: { $0 > 0x20 }) {
                guard records.count < Self.maximumRecords else {
                    throw TraceError(path: path, line: line, "there are more than \(Self.maximumRecords) observations")
                }
                do throws(JSONError) {
                    records.append(try ObservationRecord(parsing: ByteBuffer(bytes: text)))
                } catch {
                    throw TraceError(path: path, line: line, "not an observation: \(error)")
                }
            }
            text.removeAll(keepingCapacity: true)
            if byte == nil { break }
        }
        guard !records.isEmpty else { throw TraceError(path: path, "there is no observation in it") }
        self.init(records)
        guard !traces.isEmpty else {
            let reasons = leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            throw TraceError(path: path, "of no call the need was seen: \(reasons)")
        }
    }

    /// Makes traces of observations.
    public init(_ records: [ObservationRecord]) {
        leftOut = [:]
        var functions: [String] = []
        var calls: [String: [(record: ObservationRecord, need: Bytes)]] = [:]
        for record in records.sorted(by: { $0.beganAt < $1.beganAt }) {
            switch record.seenNeed {
            case .bytes(let need):
                if calls[record.function] == nil { functions.append(record.function) }
                calls[record.function, default: []].append((record, need))
            case .hidden(let reason): leftOut[reason, default: 0] += 1
            }
        }
        traces = functions.sorted().compactMap { name in calls[name].map { Self.trace(name, $0) } }
    }

    private static func trace(_ name: String, _ calls: [(record: ObservationRecord, need: Bytes)]) -> Trace {
        // Features that some calls did not have are no columns: what they lack cannot be made up.
        let shared = calls[0].record.features.map(\.name).filter { name in
            calls.allSatisfy { call in call.record.features.contains { $0.name == name } }
        }
        var words = shared.map { _ in [String]() }
        var isCategory = shared.map { _ in false }
        func value(_ call: ObservationRecord, _ name: String) -> ObservationRecord.FeatureValue? {
            call.features.first { $0.name == name }?.value
        }
        for (record, _) in calls {
            for (place, name) in shared.enumerated() {
                if case .category(let word)? = value(record, name) {
                    isCategory[place] = true
                    if !words[place].contains(word) { words[place].append(word) }
                }
            }
        }
        let rows = calls.map { record, need in
            TraceRow(
                features: FeatureRow(
                    shared.indices.map { place in
                        switch value(record, shared[place]) {
                        case .category(let word)?: Double(words[place].firstIndex(of: word) ?? 0)
                        case .number(let number)?: isCategory[place] ? -1 : number
                        case nil: .nan
                        }
                    }
                ),
                need: need,
                preset: record.ceiling,
                seconds: Double(record.duration.components.seconds)
                    + Double(record.duration.components.attoseconds) * 1e-18
            )
        }
        let columns = shared.indices.map { place in
            FeatureLayout.Column(shared[place], isCategory[place] ? .category(words[place]) : .number)
        }
        return Trace(layout: FeatureLayout(columns), groups: [name], rows: rows)
    }
}

extension ObservationRecord {
    fileprivate enum SeenNeed {
        case bytes(Bytes)
        case hidden(String)
    }

    /// What the call needed, if that was seen: the upper end of its need, unless that is the limit itself, which page cache
    /// can reach.
    fileprivate var seenNeed: SeenNeed {
        guard isKnown else { return .hidden("of which only the end is known") }
        guard concurrency <= 1 else { return .hidden("that shared their container") }
        if ownLimitExceeded { return .hidden("that ran out of their limit") }
        guard outcome == .success, oomClass == nil else { return .hidden("that did not succeed") }
        guard let needUpper, needUpper > .zero else { return .hidden("without an upper end of their need") }
        let reachesLimit = limit.map { needUpper >= $0.scaled(by: 0.98) } ?? false
        guard isCensored || reachesLimit else { return .bytes(needUpper) }
        return needLower > .zero && !isCensored ? .bytes(needLower) : .hidden("that reached their limit")
    }
}
