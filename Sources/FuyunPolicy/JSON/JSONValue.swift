/// A place in a text, both counted from 1; the column counts Unicode scalars.
public struct JSONPosition: Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1.
    public var line: Int
    /// The column within the line, in Unicode scalars from 1.
    public var column: Int

    /// Makes a position.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `line:column`, as editors understand it.
    public var description: String { "\(line):\(column)" }
}

/// A JSON value with the place where it began.
public struct JSONValue: Sendable {
    /// What the value holds.
    public enum Content: Sendable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A number; always finite.
        case number(Double)
        /// A string.
        case string(String)
        /// An array.
        case array([JSONValue])
        /// An object, its members in the order of the text and without duplicates.
        case object([JSONMember])
    }

    /// What the value holds.
    public var content: Content
    /// Where the value begins; nil for a value that was made, not read.
    public var position: JSONPosition?

    /// Makes a value.
    public init(_ content: Content, position: JSONPosition? = nil) {
        self.content = content
        self.position = position
    }

    /// The member of an object, nil when there is none or when this is no object.
    public subscript(key: String) -> JSONValue? { member(key)?.value }

    func member(_ key: String) -> JSONMember? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }
    }

    /// The kind of value in words, for messages: `a string`, `an object`.
    public var kind: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// A member of a JSON object.
public struct JSONMember: Sendable {
    /// The key, escapes resolved.
    public var key: String
    /// Where the key begins; nil for a member that was made, not read.
    public var position: JSONPosition?
    /// The value.
    public var value: JSONValue

    /// Makes a member.
    public init(key: String, value: JSONValue, position: JSONPosition? = nil) {
        self.key = key
        self.value = value
        self.position = position
    }
}

extension JSONValue {
    /// Makes a string.
    public static func string(_ text: String) -> JSONValue { JSONValue(.string(text)) }

    /// Makes a number; one that is not finite becomes `null`, for JSON cannot say it.
    public static func number(_ value: Double) -> JSONValue { JSONValue(value.isFinite ? .number(value) : .null) }

    /// Makes an array.
    public static func array(_ elements: [JSONValue]) -> JSONValue { JSONValue(.array(elements)) }

    /// Makes an object; members without a value are left out.
    public static func object(_ members: [(key: String, value: JSONValue?)]) -> JSONValue {
        JSONValue(.object(members.compactMap { member in member.value.map { JSONMember(key: member.key, value: $0) } }))
    }
}
