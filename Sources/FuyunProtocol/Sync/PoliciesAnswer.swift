public import FuyunPolicy
public import MemoryUnits
public import NIOCore

/// The answer to `GET /v1/nodes/{node}/policies`: everything in use, or what changed since the revision that the node
/// named.
public struct PoliciesAnswer: Hashable, Sendable {
    /// The schema's name.
    public static let schema = "fuyun.policies/v1"
    /// The most functions that an answer names.
    public static let maximumFunctions = 100_000
    /// The most policies of a function: the active one, and one in shadow or canary, with room for more kinds.
    public static let maximumPolicies = 8

    /// A function that changed: its grants, and all its policies in use.
    public struct Function: Hashable, Sendable {
        /// The function's name.
        public var name: String
        /// The furthest that a policy of the function may reach: `observe` when it is excluded.
        public var modeCap: Mode
        /// The platform's declared limit; nil leaves what the node knows.
        public var preset: Bytes?
        /// The least limit that a decision may set; nil leaves the node's own.
        public var minimum: Bytes?
        /// The greatest limit that a decision may set; nil leaves the node's own.
        public var maximum: Bytes?
        /// Limits are rounded up to a multiple of this; nil leaves the node's own.
        public var tier: Bytes?
        /// Policy documents as JSON text, not read yet; none: the function has no policy any more.
        ///
        /// `PolicyCompiler.compile` reads them one by one, so that a bad one does not spoil the others.
        public var documents: [[UInt8]]

        /// Makes a function.
        public init(
            name: String,
            modeCap: Mode = .enforce,
            preset: Bytes? = nil,
            minimum: Bytes? = nil,
            maximum: Bytes? = nil,
            tier: Bytes? = nil,
            documents: [[UInt8]] = []
        ) {
            self.name = name
            self.modeCap = modeCap
            self.preset = preset
            self.minimum = minimum
            self.maximum = maximum
            self.tier = tier
            self.documents = documents
        }
    }

    /// The revision that a node has with this.
    public var revision: Int64
    /// Whether this is everything, so that a function that is not named has no policy.
    public var isFull: Bool
    /// The furthest that any policy may reach: the kill switch.
    public var modeCap: Mode
    /// The functions that changed.
    public var functions: [Function]

    /// Makes an answer.
    public init(revision: Int64, isFull: Bool, modeCap: Mode = .enforce, functions: [Function] = []) {
        self.revision = revision
        self.isFull = isFull
        self.modeCap = modeCap
        self.functions = functions
    }

    /// Appends the body of the answer.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { json in
            json.beginObject()
            json.field("schema", Self.schema)
            json.field("revision", revision)
            json.field("full", isFull)
            json.field("mode_cap", modeCap.rawValue)
            json.key("functions")
            json.beginArray()
            for function in functions { function.write(to: &json) }
            json.endArray()
            json.endObject()
        }
    }

    /// Reads the body of an answer; keys that are not known are passed over.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        self.init(revision: 0, isFull: false)
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object(Keys.answer) { json, key throws(JSONError) in
                switch key {
                case .schema: try json.schema(Self.schema)
                case .revision: revision = try json.integer(in: 0...Int64.max)
                case .isFull: isFull = try json.bool()
                case .modeCap: modeCap = try json.word(Keys.modes)
                case .functions:
                    try json.array(maximum: Self.maximumFunctions) { json, _ throws(JSONError) in
                        functions.append(try Function(reading: &json))
                    }
                }
            }
        }
    }

    fileprivate enum Key: String, CaseIterable, Sendable {
        case schema, revision
        case isFull = "full"
        case modeCap = "mode_cap"
        case functions
    }
    fileprivate enum FunctionKey: String, CaseIterable, Sendable {
        case function
        case modeCap = "mode_cap"
        case preset = "preset_bytes"
        case minimum = "minimum_bytes"
        case maximum = "maximum_bytes"
        case tier = "tier_bytes"
        case policies
    }
    fileprivate enum Keys {
        static let answer = JSONWords<Key>(required: [.schema, .revision, .isFull, .modeCap, .functions])
        static let function = JSONWords<FunctionKey>(required: [.function, .policies])
        static let modes = JSONWords<Mode>()
    }
}

extension PoliciesAnswer.Function {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", name)
        json.field("mode_cap", modeCap.rawValue)
        json.field("preset_bytes", preset)
        json.field("minimum_bytes", minimum)
        json.field("maximum_bytes", maximum)
        json.field("tier_bytes", tier)
        json.key("policies")
        json.beginArray()
        for document in documents { json.raw(document) }
        json.endArray()
        json.endObject()
    }

    fileprivate init(reading json: inout JSONReader) throws(JSONError) {
        self.init(name: "")
        try json.object(PoliciesAnswer.Keys.function) { json, key throws(JSONError) in
            switch key {
            case .function: name = try json.functionName()
            case .modeCap: modeCap = try json.word(PoliciesAnswer.Keys.modes)
            case .preset: preset = try json.bytesOrNull()
            case .minimum: minimum = try json.bytesOrNull()
            case .maximum: maximum = try json.bytesOrNull()
            case .tier: tier = try json.bytesOrNull()
            case .policies:
                try json.array(maximum: PoliciesAnswer.maximumPolicies) { json, _ throws(JSONError) in
                    documents.append(try json.raw(maximum: JSONDocument.maximumSize))
                }
            }
        }
    }
}
