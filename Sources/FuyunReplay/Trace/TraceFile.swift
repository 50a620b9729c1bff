import MemoryUnits
import Glibc

/// A trace in a file of comma-separated values with a header.
///
/// It is read twice: once to check every field and to see which columns hold words, and then for its calls. Either time it
/// takes as much memory as a record and the names of groups and categories, however long it is.
public struct TraceFile: Sendable {
    /// The most columns that can be features.
    public static let maximumFeatures = 64
    /// The most groups.
    public static let maximumGroups = 10_000
    /// The most values of a category.
    public static let maximumCategoryValues = 1_000
    /// The most calls that are held in memory.
    public static let maximumHeldRows = 2_000_000

    /// The file.
    public let path: String
    /// The columns that strategies may look at.
    public let layout: FeatureLayout
    /// The groups, in the order in which they were first seen; one without a name when the trace is not grouped.
    public let groups: [String]
    /// How many calls there are.
    public let rowCount: Int
    /// The columns' names by what they are taken for, for people.
    public let needColumn: String
    fileprivate let columns: TraceColumns
    fileprivate let categories: [[String: Int]?]
    fileprivate let groupPlaces: [String: Int]

    /// Checks a file, from its header to its last field.
    public init(_ path: String, _ columns: TraceColumns = TraceColumns()) throws(TraceError) {
        self.path = path
        self.columns = columns
        var reader = try RecordReader.open(path, columns)
        // A column holds words when its first field is one, or when that was said.
        var isCategory: [Bool]?
        var values: [[String: Int]?] = []
        var groupPlaces: [String: Int] = [:]
        var groups: [String] = []
        var count = 0
        while try reader.next() {
            let plan = reader.plan
            if isCategory == nil {
                let found = plan.features.map { place in
                    columns.categories.contains(plan.names[place]) || reader.number(place) == nil
                }
                isCategory = found
                values = found.map { $0 ? [:] : nil }
            }
            count += 1
            _ = try reader.need()
            _ = try reader.seconds()
            _ = try reader.preset()
            let group = try reader.group()
            if groupPlaces[group] == nil {
                guard groups.count < Self.maximumGroups else {
                    throw reader.error(plan.group[0], "there are more than \(Self.maximumGroups) groups")
                }
                groupPlaces[group] = groups.count
                groups.append(group)
            }
            for (index, place) in plan.features.enumerated() {
                if isCategory?[index] == true {
                    let text = reader.text(place)
                    guard values[index]?[text] == nil else { continue }
                    guard let known = values[index]?.count, known < Self.maximumCategoryValues else {
                        throw reader.error(
                            place,
                            "there are more than \(Self.maximumCategoryValues) different words; if it is an id, leave it "
                                + "out with --skip \(plan.names[place])"
                        )
                    }
                    values[index]?[text] = known
                } else {
                    _ = try reader.feature(place)
                }
            }
        }
        guard count > 0 else { throw TraceError(path: path, line: 2, "there is no call after the header") }
        let plan = reader.plan
        layout = FeatureLayout(
            zip(plan.features, values).map { place, values in
                let words = values.map { $0.sorted { $0.value < $1.value }.map(\.key) }
                return .init(plan.names[place], words.map { .category($0) } ?? .number)
            }
        )
        categories = values
        self.groups = groups
        self.groupPlaces = groupPlaces
        rowCount = count
        needColumn = plan.names[plan.need]
    }

    /// Starts to read the calls.
    public func rows() throws(TraceError) -> TraceRows { try TraceRows(self) }

    /// Reads all calls.
    ///
    /// - Throws: `TraceError` also when there are more than can be held.
    public func load() throws(TraceError) -> Trace {
        guard rowCount <= Self.maximumHeldRows else {
            throw TraceError(
                path: path,
                "\(rowCount) calls are more than the \(Self.maximumHeldRows) that are held in memory to shuffle them; "
                    + "replay them in the given order"
            )
        }
        var rows = try rows()
        var held: [TraceRow] = []
        held.reserveCapacity(rowCount)
        while let row = try rows.next() { held.append(row) }
        return Trace(layout: layout, groups: groups, rows: held)
    }
}

/// The calls of a trace, one after the other.
public struct TraceRows: ~Copyable {
    private let file: TraceFile
    private var reader: RecordReader

    fileprivate init(_ file: TraceFile) throws(TraceError) {
        self.file = file
        reader = try RecordReader.open(file.path, file.columns)
    }

    /// The next call; nil at the end.
    public mutating func next() throws(TraceError) -> TraceRow? {
        guard try reader.next() else { return nil }
        let features = reader.plan.features
        var values: [Double] = []
        values.reserveCapacity(features.count)
        for (index, place) in features.enumerated() {
            if let words = file.categories[index] {
                guard let word = words[reader.text(place)] else { throw reader.error(place, Self.changed) }
                values.append(Double(word))
            } else {
                values.append(try reader.feature(place))
            }
        }
        guard let group = file.groupPlaces[try reader.group()] else { throw TraceError(path: file.path, Self.changed) }
        return TraceRow(
            group: group,
            features: FeatureRow(values),
            need: try reader.need(),
            preset: try reader.preset(),
            seconds: try reader.seconds()
        )
    }

    /// The next calls, at most so many; empty at the end.
    public mutating func next(_ count: Int) throws(TraceError) -> [TraceRow] {
        var rows: [TraceRow] = []
        while rows.count < count, let row = try next() { rows.append(row) }
        return rows
    }

    private static let changed = "the file was changed while it was read"
}

/// Records with their fields as what they mean.
private struct RecordReader: ~Copyable {
    private var csv: CSVReader
    private let path: String
    private let needFactor: Double
    let plan: ColumnPlan

    private init(_ csv: consuming CSVReader, _ path: String, _ plan: ColumnPlan, needFactor: Double) {
        self.csv = csv
        self.path = path
        self.plan = plan
        self.needFactor = needFactor
    }

    static func open(_ path: String, _ columns: TraceColumns) throws(TraceError) -> RecordReader {
        var csv = try CSVReader(path)
        guard try csv.next() else {
            throw TraceError(path: path, line: 1, "the file is empty; a header that names the columns was expected")
        }
        var header: [String] = []
        for place in 0..<csv.count { header.append(csv.text(place)) }
        let plan = try ColumnPlan(columns, header: header, path: path)
        return RecordReader(csv, path, plan, needFactor: columns.needFactor)
    }

    mutating func next() throws(TraceError) -> Bool {
        while try csv.next() {
            guard csv.count == plan.names.count else {
                throw TraceError(
                    path: path,
                    line: csv.line,
                    "\(csv.count) field\(csv.count == 1 ? " was" : "s were") found, and the header names \(plan.names.count) columns"
                )
            }
            guard let kept = plan.kept, !csv[kept.place].elementsEqual(kept.text) else { return true }
        }
        return false
    }

    func text(_ place: Int) -> String { csv.text(place) }

    func error(_ place: Int, _ problem: String) -> TraceError {
        TraceError(path: path, line: csv.line, column: place + 1, "column \(plan.names[place]): \(problem)")
    }

    /// A field as a finite number; nil for anything else.
    func number(_ place: Int) -> Double? {
        let field = csv[place]
        // The library also takes words such as "nan" and hexadecimal; a trace has neither.
        guard !field.isEmpty, field.count <= 64,
            field.allSatisfy({ byte in
                byte &- 0x30 < 10 || byte == 0x2E || byte == 0x2D || byte == 0x2B || byte | 0x20 == 0x65
            })
        else { return nil }
        return Double(String(decoding: field, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
    }

    private func shown(_ place: Int) -> String {
        let text = csv.text(place)
        return text.count > 40 ? "\"\(text.prefix(40))…\"" : "\"\(text)\""
    }

    func feature(_ place: Int) throws(TraceError) -> Double {
        if let number = number(place) { return number }
        throw error(
            place,
            "\(shown(place)) is not a number, as those before; if the column holds words, say --category \(plan.names[place])"
        )
    }

    func need() throws(TraceError) -> Bytes {
        guard let need = number(plan.need) else {
            throw error(plan.need, "the need must be a number of bytes, not \(shown(plan.need))")
        }
        guard need > 0, let bytes = Bytes(roundingUp: need * needFactor) else {
            throw error(plan.need, "the need must be more than 0 bytes and less than 16 EiB, not \(shown(plan.need))")
        }
        return bytes
    }

    func seconds() throws(TraceError) -> Double {
        guard let (place, factor) = plan.seconds else { return 1 }
        guard let number = number(place), number >= 0 else {
            throw error(place, "a time of 0 or more was expected, not \(shown(place))")
        }
        return number * factor
    }

    func preset() throws(TraceError) -> Bytes? {
        guard let place = plan.preset else { return nil }
        guard let number = number(place), number > 0, let bytes = Bytes(roundingUp: number) else {
            throw error(place, "a limit of more than 0 bytes was expected, not \(shown(place))")
        }
        return bytes
    }

    func group() throws(TraceError) -> String {
        plan.group.map { csv.text($0) }.joined(separator: "/")
    }
}
