internal import Configuration
internal import FuyunPolicy

/// The contents of a configuration file, read strictly: sections of settings, and settings of single things by name.
///
/// Every mistake is named with its JSON path; an unknown key is one.
struct ConfigurationFile {
    /// Settings by key.
    private(set) var values: [String: ConfigContent] = [:]
    /// Settings of single things by name and key, the keys with the section that they override.
    private(set) var entries: [String: [String: ConfigContent]] = [:]
    /// What is wrong with the file.
    private(set) var diagnostics: [ConfigurationDiagnostic] = []

    /// Reads a file's bytes.
    init(path: String, contents: [UInt8], table: SettingTable) {
        let document: JSONDocument
        do {
            document = try JSONDocument.parse(contents)
        } catch {
            diagnostics = [ConfigurationDiagnostic(place: path, message: Diagnostic(error).description)]
            return
        }
        var collector = DiagnosticCollector(root: document.root)
        read(JSONElement(document.root), table, &collector)
        diagnostics = collector.diagnostics
            .filter { $0.severity == .error }
            .map { ConfigurationDiagnostic(place: path, message: $0.description) }
    }

    private mutating func read(
        _ element: JSONElement,
        _ table: SettingTable,
        _ collector: inout DiagnosticCollector
    ) {
        guard var root = element.object(reporting: &collector) else { return }
        for section in table.sections {
            guard let member = root.optional(section.name) else { continue }
            values.merge(Self.settings(section.settings, in: member, &collector)) { first, _ in first }
        }
        if let entries = table.entries, let member = root.optional(entries.section) {
            let settings = table.settings.filter { $0.components[0] == entries.overriding }
            read(member, entries, settings, &collector)
        }
        root.finish(reporting: &collector)
    }

    private mutating func read(
        _ element: JSONElement,
        _ kind: SettingTable.Entries,
        _ settings: [Setting],
        _ collector: inout DiagnosticCollector
    ) {
        guard let members = element.entries(reporting: &collector) else { return }
        guard members.count <= kind.atMost else {
            collector.error(
                at: element.path,
                .outOfRange,
                "found \(members.count) \(kind.section), expected at most \(kind.atMost)"
            )
            return
        }
        for (name, member) in members { entries[name] = Self.settings(settings, in: member, &collector) }
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
        case .number(let range): content = element.number(in: range, reporting: &collector).map(ConfigContent.double)
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
