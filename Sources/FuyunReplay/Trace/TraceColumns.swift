/// What the columns of a trace are: asked for by name, or told from their names.
public struct TraceColumns: Hashable, Sendable {
    /// The column of the need, in bytes; nil: the first of `needNames` that there is.
    public var need: String?
    /// What needs are multiplied by.
    public var needFactor = 1.0
    /// The columns that name the group, joined by a slash.
    public var group: [String] = []
    /// The column of the run's time; nil: the first of `secondsNames`, else each run counts as one second.
    ///
    /// Names that end in
    /// `_ms` are in milliseconds; `t:ms` says so of any other.
    public var duration: String?
    /// The column of the limit that the user set, in bytes; nil: the grant's preset.
    public var preset: String?
    /// Columns that are no features.
    public var skipped: Set<String> = []
    /// The only columns that are features; nil: all that are nothing else.
    public var features: [String]?
    /// Columns that hold words even where they look like numbers.
    public var categories: Set<String> = []

    /// A column and the text that it must hold for a call to count; nil: all calls count.
    public var keeps: (column: String, text: String)? {
        get { keptColumn.map { ($0, keptText) } }
        set { (keptColumn, keptText) = (newValue?.column, newValue?.text ?? "") }
    }
    private var keptColumn: String?
    private var keptText = ""

    /// Columns told from their names.
    public init() {}

    /// Where a need is looked for.
    public static let needNames = ["need_bytes", "need", "peak_anon_bytes", "peak_bytes", "peak_rss", "rss", "y"]
    /// Where a time is looked for.
    public static let secondsNames = ["wall_s", "wall_ms", "runtime_s", "runtime_ms", "elapsed_s", "elapsed_ms"]

    /// Whether a name is that of an id, a repetition or a measurement.
    static func isNoFeature(_ name: String) -> Bool {
        let name = name.lowercased()
        let exact: Set<String> = [
            "id", "rep", "repetition", "run", "seed", "timestamp", "exit", "exit_status", "outcome", "status", "t",
            "mem",
        ]
        return exact.contains(name) || needNames.contains(name) || secondsNames.contains(name) || name.hasSuffix("_id")
            || ["peak_", "max_rss", "rss_", "wall_", "oom"].contains { name.hasPrefix($0) }
    }
}

/// What each field of a record is for.
struct ColumnPlan {
    var names: [String]
    var need: Int
    var group: [Int]
    var seconds: (place: Int, factor: Double)?
    var preset: Int?
    var kept: (place: Int, text: [UInt8])?
    var features: [Int]

    init(_ columns: TraceColumns, header names: [String], path: String) throws(TraceError) {
        func error(_ problem: String, at place: Int? = nil) -> TraceError {
            TraceError(path: path, line: 1, column: place.map { $0 + 1 }, problem)
        }
        func find(_ name: String, as use: String) throws(TraceError) -> Int {
            guard let place = names.firstIndex(of: name) else {
                throw error("there is no column \"\(name)\" for \(use); there are \(names.joined(separator: ", "))")
            }
            return place
        }
        for (place, name) in names.enumerated() {
            guard !name.isEmpty else { throw error("the column has no name", at: place) }
            guard names.firstIndex(of: name) == place else {
                throw error("the name \"\(name)\" was there before; names must differ", at: place)
            }
        }
        self.names = names
        if let name = columns.need {
            need = try find(name, as: "the need")
        } else if let place = TraceColumns.needNames.lazy.compactMap({ names.firstIndex(of: $0) }).first {
            need = place
        } else {
            throw error(
                "no column is called \(TraceColumns.needNames.joined(separator: ", ")): say with --need which one of "
                    + "\(names.joined(separator: ", ")) holds the memory that a call needed"
            )
        }
        group = []
        for name in columns.group { group.append(try find(name, as: "groups")) }
        if let text = columns.duration {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            let unit = parts.count == 2 ? parts[1] : parts[0].hasSuffix("_ms") ? "ms" : "s"
            guard let factor = ["s": 1, "ms": 0.001, "us": 0.000_001][unit] else {
                throw error("the unit of \(parts[0]) is s, ms or us, not \"\(unit)\"")
            }
            seconds = (try find(parts[0], as: "times"), factor)
        } else {
            seconds =
                TraceColumns.secondsNames.lazy.compactMap { name in
                    names.firstIndex(of: name).map { ($0, name.hasSuffix("_ms") ? 0.001 : 1) }
                }.first
        }
        preset = try columns.preset.map { name throws(TraceError) in try find(name, as: "presets") }
        if let keeps = columns.keeps { kept = (try find(keeps.column, as: "choosing calls"), Array(keeps.text.utf8)) }
        for name in columns.skipped { _ = try find(name, as: "leaving out") }
        for name in columns.categories { _ = try find(name, as: "categories") }
        if let features = columns.features {
            self.features = []
            for name in features { self.features.append(try find(name, as: "features")) }
        } else {
            let used = Set([need, seconds?.place, preset].compactMap(\.self) + group)
            features = names.indices.filter { place in
                !used.contains(place) && !columns.skipped.contains(names[place])
                    && !TraceColumns.isNoFeature(names[place])
            }
        }
        guard features.count <= TraceFile.maximumFeatures else {
            throw error(
                "\(features.count) columns would be features, and \(TraceFile.maximumFeatures) are the most; leave some out"
            )
        }
    }
}
