import FuyunPolicy
import Glibc
import Testing

/// The numbers of `reference/reference.json`, which `reference.py` made.
struct Reference {
    private let root: JSONValue

    init() throws {
        let suffix = "Rivals/Reference.swift"
        let path = String(#filePath.dropLast(suffix.count)) + "reference/reference.json"
        let file = try #require(fopen(path, "r"), "cannot read \(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block.prefix(count) }
        root = try JSONDocument.parse(bytes).root
    }

    /// The cases of a part.
    func cases(_ part: String) throws -> [Case] {
        try #require(Self.list(root[part])).map { Case(content: $0) }
    }

    private static func list(_ value: JSONValue?) -> [JSONValue]? {
        if case .array(let elements)? = value?.content { elements } else { nil }
    }

    /// One case.
    struct Case {
        fileprivate let content: JSONValue

        func number(_ key: String) throws -> Double { try #require(Self.number(content[key])) }

        func numbers(_ key: String) throws -> [Double] {
            try #require(Reference.list(content[key])).map { try #require(Self.number($0)) }
        }

        func rows(_ key: String) throws -> [[Double]] {
            try #require(Reference.list(content[key])).map { row in
                try #require(Reference.list(row)).map { try #require(Self.number($0)) }
            }
        }

        private static func number(_ value: JSONValue?) -> Double? {
            if case .number(let number)? = value?.content { number } else { nil }
        }
    }
}

/// Whether two numbers agree, to a share of the larger or to the share itself when both are small.
func agree(_ left: Double, _ right: Double, to share: Double = 1e-7) -> Bool {
    abs(left - right) <= share * max(abs(left), abs(right), 1)
}
