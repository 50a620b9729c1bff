/// The way from the root of a JSON document to a value: `$.inputs.variables[2].range`.
public struct JSONPath: Hashable, Sendable, CustomStringConvertible {
    /// One step.
    public enum Step: Hashable, Sendable {
        /// Into the member of an object.
        case key(String)
        /// Into the element of an array, from 0.
        case index(Int)
    }

    /// The steps from the root.
    public var steps: [Step]

    /// Makes a path of steps.
    public init(_ steps: [Step] = []) { self.steps = steps }

    /// The root, `$`.
    public static let root = JSONPath()

    /// The path of a member.
    public func key(_ key: String) -> JSONPath { JSONPath(steps + [.key(key)]) }

    /// The path of a member, when there is a key.
    func key(_ key: String?) -> JSONPath { key.map { self.key($0) } ?? self }

    /// The path of an element.
    public func index(_ index: Int) -> JSONPath { JSONPath(steps + [.index(index)]) }

    /// `$.key[index]`; keys that are no plain words are written `["as strings"]`.
    public var description: String {
        steps.reduce(into: "$") { text, step in
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key):
                let isWord = !key.isEmpty && key.utf8.count <= 60 && key.utf8.allSatisfy(\.isWordByte)
                text += isWord ? "." + key : "[" + quoted(key) + "]"
            }
        }
    }

    /// Where the value of this path begins in a tree; for a value that is not there, where its nearest ancestor begins.
    func position(in root: JSONValue) -> JSONPosition? {
        var value = root
        var position = root.position
        for step in steps {
            switch (step, value.content) {
            case (.key(let key), .object):
                guard let member = value.member(key) else { return position }
                (value, position) = (member.value, member.position)
            case (.index(let index), .array(let elements)) where elements.indices.contains(index):
                value = elements[index]
                position = value.position
            default: return position
            }
        }
        return position
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    /// A letter, digit or underscore.
    var isWordByte: Bool { isLetter || isDigit || self == UInt8(ascii: "_") }
}
