public import FuyunPolicy
import Glibc
import MemoryUnits

/// The measured functions that come with the project, and a formula for each.
public struct MeasuredFunctions: Sendable {
    /// A trace for each file; groups are function and operation.
    public var traces: [Trace]
    /// The formulas by group.
    public var policies: [String: PolicyDocument]

    /// The folders in which the data is looked for when none is named.
    public static let folders = ["Benchmarks/data", "/usr/local/share/fuyun/data", "/usr/share/fuyun/data"]

    /// The least limit with which a run still ended was measured at 1.00 to 1.05 × its peak of anonymous memory.
    public static let needFactor = 1.02

    /// Reads the folder with `functions` and `policies` in it.
    ///
    /// - Parameters:
    ///   - firstRepetition: Only the first run of each input.
    public init(folder: String, firstRepetition: Bool = false) throws(TraceError) {
        traces = []
        policies = [:]
        for path in try Self.files(folder + "/functions", ending: ".csv") {
            var columns = TraceColumns()
            columns.need = "peak_anon_bytes"
            columns.needFactor = Self.needFactor
            columns.group = ["function", "op"]
            columns.duration = "wall_s"
            // The number of colours is nothing that a payload tells; the others are products of columns that are there.
            let header = try Self.header(of: path)
            columns.skipped = Set(["content", "product", "frames", "pixels"]).intersection(header)
            if firstRepetition { columns.keeps = ("rep", "1") }
            traces.append(try TraceFile(path, columns).load())
        }
        for path in try Self.files(folder + "/policies", ending: ".json") {
            let document = try PolicyFile.read(path)
            policies[document.metadata.policyID] = document
        }
    }

    /// The first of `folders` that is there; nil when none is.
    public static func found() -> String? { folders.first { access($0 + "/functions", R_OK) == 0 } }

    private static func header(of path: String) throws(TraceError) -> [String] {
        var reader = try CSVReader(path)
        guard try reader.next() else { return [] }
        var names: [String] = []
        for place in 0..<reader.count { names.append(reader.text(place)) }
        return names
    }

    /// The files of a folder whose names end so, in order.
    static func files(_ folder: String, ending: String) throws(TraceError) -> [String] {
        guard let stream = opendir(folder) else {
            throw TraceError(path: folder, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(ending) { names.append(name) }
        }
        return names.sorted().map { "\(folder)/\($0)" }
    }
}

/// Policy documents in files.
public enum PolicyFile {
    /// Reads and checks a document.
    public static func read(_ path: String) throws(TraceError) -> PolicyDocument {
        try compiled(bytes(path), path)
    }

    /// What a file holds, at most 1 MiB.
    static func bytes(_ path: String) throws(TraceError) -> [UInt8] {
        var input = try InputBytes(path)
        var bytes: [UInt8] = []
        while let byte = try input.next() {
            guard bytes.count < 1 << 20 else { throw TraceError(path: path, "a policy has at most 1 MiB") }
            bytes.append(byte)
        }
        return bytes
    }

    /// Checks a document that stood in a file.
    static func compiled(_ bytes: [UInt8], _ path: String) throws(TraceError) -> PolicyDocument {
        let compilation = PolicyCompiler.compile(bytes)
        guard let document = compilation.document, compilation.policy != nil else {
            let first = compilation.errors.first?.description ?? "it is not a policy"
            throw TraceError(path: path, "\(first); `fuyun policy check` tells all of it")
        }
        return document
    }
}
