/// A JSON text, read strictly into a tree that knows its positions.
///
/// It is made for what people and tuners write (policy documents, configuration files), where every mistake must be named:
/// duplicate keys, trailing data, bad UTF-8 and lone surrogates are errors (RFC 8259 leaves them open). Payloads are
/// read by `ScanPlan` instead, which builds no tree.
public struct JSONDocument: Sendable {
    /// The largest text that is read, in bytes.
    public static let maximumSize = 1 << 20
    /// The deepest nesting of arrays and objects that is read.
    public static let maximumDepth = 32

    /// The value that the text holds.
    public let root: JSONValue

    /// Reads a text.
    ///
    /// - Throws: `JSONSyntaxError` with the line and column of the first mistake.
    public static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONDocument {
        var parser = JSONParser(bytes)
        return JSONDocument(root: try parser.document())
    }
}
