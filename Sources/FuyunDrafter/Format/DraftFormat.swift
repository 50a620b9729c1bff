public import FuyunPolicy

/// Why a text is no draft or no request.
public struct DraftFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, each with its JSON path.
    public var diagnostics: [Diagnostic]

    /// Makes an error.
    public init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// The diagnostics, one a line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

extension Draft {
    /// The name of this form of JSON, its `schema`.
    static let schema = "fuyun.draft/v1"
    /// How much text of all steps is kept in JSON, in bytes; what comes after it is cut.
    static let maximumSteps = 384 << 10

    /// The draft as JSON text, on one line.
    public func json() -> String { String(decoding: value.encoded(pretty: false), as: UTF8.self) }

    /// Reads what `json()` wrote.
    public init(json: String) throws(DraftFormatError) {
        self = try FormatReader.read(json) { element, collector in Draft(element, &collector) }
    }
}

extension DraftRequest {
    /// The name of this form of JSON, its `schema`.
    static let schema = "fuyun.draft-request/v1"
    /// How much source is kept in JSON, in bytes as they are written there; several times what a prompt shows.
    static let maximumSource = 512 << 10

    /// The request as JSON text, on one line.
    ///
    /// Of a source that is very long only the first part is written, in the order of the prompt; what is not, is named among the
    /// omissions.
    ///
    /// - Parameter forCoordinator: Without grant, knowledge and evidence, which are the coordinator's to add.
    public func json(forCoordinator: Bool = false) -> String {
        String(decoding: value(forCoordinator: forCoordinator).encoded(pretty: false), as: UTF8.self)
    }

    /// Reads what `json()` wrote.
    ///
    /// - Parameters:
    ///   - json: The text.
    ///   - function: The function; it takes the place of the one in the text, which may be missing then.
    ///   - grant: What the operator grants; it takes the place of the one in the text, which may be missing then.
    public init(
        json: String,
        function: String? = nil,
        grant: SafetyBounds? = nil
    ) throws(DraftFormatError) {
        self = try FormatReader.read(json) { element, collector in
            DraftRequest(element, function: function, grant: grant, &collector)
        }
    }
}

/// Reads a JSON text strictly into a value.
enum FormatReader {
    static func read<Value>(
        _ json: String,
        _ make: (JSONElement, inout DiagnosticCollector) -> Value?
    ) throws(DraftFormatError) -> Value {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument.parse(Array(json.utf8)).root
        } catch {
            throw DraftFormatError(diagnostics: [Diagnostic(error)])
        }
        var collector = DiagnosticCollector(root: root)
        guard let value = make(JSONElement(root), &collector), !collector.hasErrors else {
            throw DraftFormatError(diagnostics: collector.diagnostics)
        }
        return value
    }
}

extension JSONObjectReader {
    /// Reads `schema`, which must be this one.
    mutating func schema(_ name: String, _ collector: inout DiagnosticCollector) {
        guard let element = required("schema", reporting: &collector), let text = element.string(reporting: &collector),
            text != name
        else { return }
        collector.error(at: element.path, .unknownSchema, "found \(quoted(text)), this version reads \"\(name)\"")
    }
}

extension JSONValue {
    /// A whole number.
    static func integer(_ value: some BinaryInteger) -> JSONValue { .number(Double(value)) }
}
