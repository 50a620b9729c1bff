/// What is read from an invocation.
public struct PolicyInputs: Sendable, Hashable {
    /// Where variables are read from.
    public enum Source: String, Sendable, Hashable, CaseIterable {
        /// The request that starts the invocation: its body and headers.
        case payload
    }

    /// Where variables are read from.
    public var source: Source
    /// The variables, in the order of the feature vector.
    public var variables: [PolicyVariable]

    /// Makes inputs.
    public init(source: Source = .payload, variables: [PolicyVariable] = []) {
        self.source = source
        self.variables = variables
    }
}

/// A variable: what it is, and where its value comes from.
public struct PolicyVariable: Sendable, Hashable {
    /// The kind of value.
    public enum Kind: Sendable, Hashable {
        /// A whole number.
        case integer
        /// Any number.
        case number
        /// One of these words.
        case category(values: [String])

        /// The word that the document uses.
        public var word: String {
            switch self {
            case .integer: "integer"
            case .number: "number"
            case .category: "category"
            }
        }
    }

    /// The name by which expressions call it.
    public var name: String
    /// The kind of value.
    public var kind: Kind
    /// The unit, for people.
    public var unit: String?
    /// The values for which the formula is meant; others get the preset.
    ///
    /// Nil for a category and when anything goes.
    public var range: ClosedRange<Double>?
    /// Where the value comes from.
    public var source: FeatureSource
    /// The value when there is none: a number, or a category's index.
    public var defaultValue: Double?

    /// Makes a variable.
    public init(
        name: String,
        kind: Kind,
        unit: String? = nil,
        range: ClosedRange<Double>? = nil,
        source: FeatureSource,
        defaultValue: Double? = nil
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.range = range
        self.source = source
        self.defaultValue = defaultValue
    }

    /// The words of a category; nil for numbers.
    public var categoryValues: [String]? {
        if case .category(let values) = kind { values } else { nil }
    }
}

/// Where a variable's value comes from.
public enum FeatureSource: Sendable, Hashable {
    /// The number or string at a JSON pointer (RFC 6901).
    case json(pointer: String)
    /// The length of the array, string (in characters) or object at a JSON pointer.
    case jsonLength(pointer: String)
    /// The number that is written in the string at a JSON pointer: `"30"`, `"29.97"`, `"30000/1001"`.
    case numberOf(pointer: String)
    /// The size of the request body in bytes, also when only a part of it was sent to the agent.
    case bodyBytes
    /// A header of the request.
    case header(name: String)

    /// Whether the value lies in the body, where it can be cut off or malformed.
    var isInBody: Bool {
        switch self {
        case .json, .jsonLength, .numberOf: true
        case .bodyBytes, .header: false
        }
    }

    /// The JSON pointer, if the value lies in the body.
    var pointer: String? {
        switch self {
        case .json(let pointer), .jsonLength(let pointer), .numberOf(let pointer): pointer
        case .bodyBytes, .header: nil
        }
    }
}

extension FeatureSource: CustomStringConvertible {
    /// The source as the document writes it: `json /object/width`.
    public var description: String {
        switch self {
        case .json(let pointer): "json \(pointer)"
        case .jsonLength(let pointer): "json_length \(pointer)"
        case .numberOf(let pointer): "number_of \(pointer)"
        case .bodyBytes: "body bytes"
        case .header(let name): "header \(name)"
        }
    }
}
