public import FuyunPolicy
import MemoryUnits

/// Why a text is no draft or no request.
public struct DraftFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, each with its JSON path.
    public var diagnostics: [Diagnostic]

    /// Makes an error.
    public init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// The diagnostics, one a line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// Reads one JSON text, collecting everything that is wrong with it.
func readFormat<Value>(
    _ text: String,
    _ read: (inout JSONObjectReader, inout DiagnosticCollector) -> Value?
) throws(DraftFormatError) -> Value {
    let root: JSONValue
    do throws(JSONSyntaxError) {
        root = try JSONDocument.parse(Array(text.utf8)).root
    } catch {
        throw DraftFormatError(diagnostics: [Diagnostic(error)])
    }
    var collector = DiagnosticCollector(root: root)
    guard var object = JSONElement(root).object(reporting: &collector) else {
        throw DraftFormatError(diagnostics: collector.diagnostics)
    }
    let value = read(&object, &collector)
    object.finish(reporting: &collector)
    guard !collector.hasErrors, let value else { throw DraftFormatError(diagnostics: collector.diagnostics) }
    return value
}

extension JSONElement {
    /// Whether it is `null`.
    var isNull: Bool { if case .null = value.content { true } else { false } }
}

extension JSONObjectReader {
    /// A member that is there and not `null`.
    mutating func present(_ key: String) -> JSONElement? {
        guard let member = optional(key), !member.isNull else { return nil }
        return member
    }

    /// The elements of a member that may be missing.
    mutating func list(_ key: String, atMost: Int, reporting collector: inout DiagnosticCollector) -> [JSONElement] {
        present(key)?.elements(count: 0...atMost, reporting: &collector) ?? []
    }
}
