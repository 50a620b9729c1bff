public import FuyunPolicy
public import NIOCore

/// The body of `POST /v1/nodes/{node}/shapes`: what a node saw of its functions' payloads since it last told.
///
///     {"schema":"fuyun.shapes/v1","functions":[{"function":"guest/f","shape":{"payloads":3,"leaves":[…]}}]}
///
/// Shapes are additions: whoever receives one merges it into what is known, so no payload may be told twice.
public struct ShapesBody: Sendable {
    /// What a function's payloads looked like.
    public struct Element: Hashable, Sendable {
        /// The function.
        public var function: String
        /// What its payloads looked like.
        public var shape: PayloadShape

        /// Makes an element.
        public init(function: String, shape: PayloadShape) {
            self.function = function
            self.shape = shape
        }
    }

    /// The name and version of the format.
    public static let schema = "fuyun.shapes/v1"
    /// The longest body that is read, in bytes.
    public static let maximumSize = 1 << 20
    /// The most functions in a body.
    public static let maximumFunctions = 250
    /// The most leaves of all functions together: with those at the greatest depth it is still no longer than is read.
    public static let maximumLeaves = 1_500

    /// The functions.
    public var functions: [Element]

    /// Makes a body.
    public init(functions: [Element]) { self.functions = functions }

    /// Reads a body; keys that are not known are passed over, shapes are read strictly.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        guard body.readableBytes <= Self.maximumSize else {
            throw JSONError(.outOfRange, "at most \(Self.maximumSize) bytes", at: 0)
        }
        var functions: [Element] = []
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object(Self.keys) { json, key throws(JSONError) in
                switch key {
                case .schema: try json.schema(Self.schema)
                case .functions:
                    try json.array(maximum: Self.maximumFunctions) { json, _ throws(JSONError) in
                        functions.append(try Element(reading: &json))
                    }
                }
            }
        }
        self.init(functions: functions)
    }

    /// The body as JSON.
    public var body: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON { json in
            json.beginObject()
            json.field("schema", Self.schema)
            json.field("functions", functions)
            json.endObject()
        }
        return buffer
    }

    private enum Key: String, CaseIterable, Sendable { case schema, functions }
    private static let keys = JSONWords<Key>(required: [.schema, .functions])
}

extension ShapesBody.Element: WireValue {
    private enum Key: String, CaseIterable, Sendable { case function, shape }
    private static let keys = JSONWords<Key>(required: [.function, .shape])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(function: "", shape: PayloadShape())
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .function: function = try json.functionName()
            case .shape: shape = try json.payloadShape()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", function)
        json.field("shape", json: shape.encoded)
        json.endObject()
    }
}

extension JSONReader {
    /// Reads the shape of payloads, strictly.
    mutating func payloadShape() throws(JSONError) -> PayloadShape {
        skipSpace()
        let start = offset
        let text = try raw(maximum: PayloadShape.maximumText)
        do throws(PayloadShapeError) {
            return try PayloadShape(parsing: text)
        } catch {
            throw JSONError(.outOfRange, error.diagnostics.first?.description ?? "a payload's shape", at: start)
        }
    }
}
