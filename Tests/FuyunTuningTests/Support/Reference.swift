import FuyunPolicy
import Glibc
import Testing

/// The numbers of `reference/reference.json`, which `reference.py` made.
struct Reference {
    private let root: JSONValue

    init() throws {
        let suffix = "Support/Reference.swift"
        let path = String(#filePath.dropLast(suffix.count)) + "reference/reference.json"
        let file = try #require(fopen(path, "r"), "cannot read \(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block.prefix(count) }
        root = try JSONDocument.parse(bytes).root
    }

    /// The cases of a part.
    func cases(_ part: String) throws -> [JSONValue] { try #require(root[part]?.list) }
}

extension JSONValue {
    var list: [JSONValue]? { if case .array(let elements) = content { elements } else { nil } }
    var double: Double? { if case .number(let number) = content { number } else { nil } }
    var flag: Bool? { if case .bool(let flag) = content { flag } else { nil } }

    func number(_ key: String) throws -> Double { try #require(self[key]?.double) }
    func numbers(_ key: String) throws -> [Double] { try #require(self[key]?.list).map { try #require($0.double) } }
    func flags(_ key: String) throws -> [Bool] { try #require(self[key]?.list).map { try #require($0.flag as Bool?) } }

    func rows(_ key: String) throws -> [[Double]] {
        try #require(self[key]?.list).map { row in try #require(row.list).map { try #require($0.double) } }
    }
}

/// Whether two numbers agree to a share of the larger one.
func agree(_ left: Double, _ right: Double, to share: Double = 1e-6) -> Bool {
    abs(left - right) <= share * max(abs(left), abs(right), 1e-9)
}
