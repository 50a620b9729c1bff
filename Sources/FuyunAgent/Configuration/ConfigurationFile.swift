import Configuration
import FuyunPolicy

/// The contents of `agent.json`, read strictly: sections of settings, and `functions` with settings of single functions.
///
/// Every mistake is named with its JSON path; an unknown key is one.
struct ConfigurationFile {
    /// Settings by key.
    private(set) var values: [String: ConfigContent] = [:]
    /// Settings of single functions by function and key, the keys with their section `defaults.`.
    private(set) var functions: [String: [String: ConfigContent]] = [:]
    /// What is wrong with the file.
    private(set) var diagnostics: [ConfigurationDiagnostic] = []

    /// The most functions that may have settings of their own.
    static let maximumFunctions = 10_000

    /// Reads a file's bytes.
    init(path: String, contents: [UInt8]) {
        let document: JSONDocument
        do {
            document = try JSONDocument.parse(contents)
        } catch {
            diagnostics = [ConfigurationDiagnostic(place: path, message: Diagnostic(error).description)]
            return
        }
        var collector = DiagnosticCollector(root: document.root)
        read(JSONElement(document.root), &collector)
        diagnostics = collector.diagnostics
            .filter { $0.severity == .error }
            .map { ConfigurationDiagnostic(place: path, message: $0.description) }
    }

    private mutating func read(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var root = element.object(reporting: &collector) else { return }
        var sections: [(name: String, settings: [Setting])] = []
        for setting in Setting.all {
            let section = setting.components[0]
            if sections.last?.name == section {
                sections[sections.count - 1].settings.append(setting)
            } else {
                sections.append((section, [setting]))
            }
        }
        for section in sections {
            guard let member = root.optional(section.name) else { continue }
            values.merge(Self.settings(section.settings, in: member, &collector)) { first, _ in first }
        }
        if let member = root.optional("functions") { readFunctions(member, &collector) }
        root.finish(reporting: &collector)
    }

    private mutating func readFunctions(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard let entries = element.entries(reporting: &collector) else { return }
        guard entries.count <= Self.maximumFunctions else {
            collector.error(
                at: element.path,
                .outOfRange,
                "found \(entries.count) functions, expected at most \(Self.maximumFunctions)"
            )
            return
        }
        for (name, entry) in entries {
            functions[name] = Self.settings(Setting.perFunction, in: entry, &collector)
        }
    }

    private static func settings(
        _ settings: [Setting],
        in element: JSONElement,
        _ collector: inout DiagnosticCollector
    ) -> [String: ConfigContent] {
        guard var object = element.object(reporting: &collector) else { return [:] }
        var values: [String: ConfigContent] = [:]
        for setting in settings {
            guard let member = object.optional(setting.components[1]),
                let content = content(of: member, as: setting, &collector)
            else { continue }
            values[setting.key] = content
        }
        object.finish(reporting: &collector)
        return values
    }

    private static func content(
        of element: JSONElement,
        as setting: Setting,
        _ collector: inout DiagnosticCollector
    ) -> ConfigContent? {
        let content: ConfigContent?
        switch setting.kind {
        case .text, .word: content = element.string(length: 0...4096, reporting: &collector).map(ConfigContent.string)
        case .texts:
            guard let elements = element.elements(count: 0...1000, reporting: &collector) else { return nil }
            content = .stringArray(elements.compactMap { $0.string(length: 1...4096, reporting: &collector) })
        case .whole(let range): content = element.integer(in: range, reporting: &collector).map(ConfigContent.int)
        case .share: content = element.number(in: 0...1, reporting: &collector).map(ConfigContent.double)
        case .flag: content = element.bool(reporting: &collector).map(ConfigContent.bool)
        }
        guard let content else { return nil }
        guard setting.accepts(content) else {
            collector.error(at: element.path, .badValue, "expected \(setting.expectation)")
            return nil
        }
        return content
    }
}
