package import NIOCore

/// The values of the coordinator's API for operators: what it writes and `fuyun` reads, and the other way round.
///
/// Moments are milliseconds since 1970 (`…_ms`), quantities bytes (`…_bytes`). In answers keys that are not known are
/// passed over; in requests they are refused, so that a slip of the finger is not taken for nothing.
public enum CoordinatorAPI {
    /// The most elements that a page has.
    public static let maximumPage = 1000
    /// The longest reason that an operator may give, in bytes.
    public static let maximumReason = 500
}

/// A value that is one JSON document, or a part of one.
package protocol WireValue: Sendable {
    /// Reads the value that comes next.
    init(reading json: inout JSONReader) throws(JSONError)
    /// Writes the value.
    func write(to json: inout JSONWriter)
}

extension WireValue {
    /// Reads a whole document.
    package init(parsing body: ByteBuffer) throws(JSONError) {
        // Reports and refusals carry sentences.
        self = try JSONReader.read(body, maximumStringLength: 64 << 10) { json throws(JSONError) in
            try Self(reading: &json)
        }
    }

    /// Appends the document.
    package func write(into buffer: inout ByteBuffer) { buffer.writeJSON { write(to: &$0) } }

    /// The document.
    package var body: ByteBuffer {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return buffer
    }
}

extension JSONWriter {
    /// Writes a key and a value, or `null`.
    mutating func field(_ name: StaticString, _ value: (some WireValue)?) {
        key(name)
        if let value { value.write(to: &self) } else { null() }
    }

    /// Writes a key and an array of values.
    mutating func field(_ name: StaticString, _ values: [some WireValue]) {
        key(name)
        beginArray()
        for value in values { value.write(to: &self) }
        endArray()
    }

    /// Writes a key and a value that is JSON text already, or `null`.
    mutating func field(_ name: StaticString, json text: [UInt8]?) {
        key(name)
        if let text { raw(text) } else { null() }
    }
}

extension JSONReader {
    /// Reads a value.
    mutating func value<Value: WireValue>(_ type: Value.Type = Value.self) throws(JSONError) -> Value {
        try Value(reading: &self)
    }

    /// Reads a value or `null`.
    mutating func valueOrNull<Value: WireValue>(_ type: Value.Type = Value.self) throws(JSONError) -> Value? {
        guard try peek() != .null else {
            try null()
            return nil
        }
        return try Value(reading: &self)
    }

    /// Reads an array of at most so many values.
    mutating func values<Value: WireValue>(
        maximum: Int = CoordinatorAPI.maximumPage
    ) throws(JSONError) -> [Value] {
        var values: [Value] = []
        try array(maximum: maximum) { json, _ throws(JSONError) in values.append(try Value(reading: &json)) }
        return values
    }

    /// Reads the next value as it stands, or nil for `null`.
    mutating func rawOrNull(maximum: Int) throws(JSONError) -> [UInt8]? {
        guard try peek() != .null else {
            try null()
            return nil
        }
        return try raw(maximum: maximum)
    }

    /// Reads the number of a version.
    mutating func version() throws(JSONError) -> Int { try integer(in: 0...Int(Int32.max)) }

    /// Reads the number of a version or `null`.
    mutating func versionOrNull() throws(JSONError) -> Int? { try integerOrNull(in: 0...Int(Int32.max)) }

    /// Reads a count.
    mutating func count() throws(JSONError) -> Int { try integer(in: 0...Int.max) }
}
