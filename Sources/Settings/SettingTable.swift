/// All settings of one daemon, and how they are found: in which file, under which environment variables, in which document.
public struct SettingTable: Sendable {
    /// A section of the file with settings of single things by name, each overriding one section of the table.
    public struct Entries: Sendable {
        /// The section in the file: `functions`.
        public var section: String
        /// The section of the table whose names an entry may hold: `defaults`.
        public var overriding: String
        /// The most entries.
        public var atMost: Int

        /// Names the sections.
        public init(section: String, overriding: String, atMost: Int) {
            self.section = section
            self.overriding = overriding
            self.atMost = atMost
        }
    }

    /// Words before the key in the environment: `fuyun` makes `FUYUN_LOG_LEVEL` of `log.level`.
    public let prefix: [String]
    /// The configuration file when nobody names one; it may be missing.
    public let standardFile: String
    /// The document that lists the settings, for messages.
    public let documentation: String
    /// Every setting, those of a section together.
    public let settings: [Setting]
    /// Settings of single things, where there are any.
    public let entries: Entries?
    let byKey: [String: Setting]

    /// Describes a daemon's settings.
    ///
    /// - Precondition: No two settings have one key, and a section's settings stand together.
    public init(
        prefix: [String],
        standardFile: String,
        documentation: String,
        entries: Entries? = nil,
        _ settings: [Setting]
    ) {
        self.prefix = prefix
        self.standardFile = standardFile
        self.documentation = documentation
        self.settings = settings
        self.entries = entries
        byKey = Dictionary(uniqueKeysWithValues: settings.map { ($0.key, $0) })
        precondition(Set(sections.map(\.name)).count == sections.count, "a section's settings must stand together")
    }

    /// The table as it stands in the documentation, in Markdown.
    public var markdown: String {
        let head = "| key | environment | value | default | meaning |\n|---|---|---|---|---|\n"
        let rows = settings.map {
            "| `\($0.key)` | `\(environmentName($0))` | \($0.expectation) | `\($0.standardText)` | \($0.summary) |"
        }
        return head + rows.joined(separator: "\n") + "\n"
    }

    /// The environment variable that names the configuration file.
    var fileVariable: String { (prefix + ["config"]).joined(separator: "_").uppercased() }

    /// The environment variable of a setting.
    func environmentName(_ setting: Setting) -> String {
        (prefix + setting.components).joined(separator: "_").uppercased()
    }

    /// The settings by section, in the table's order.
    var sections: [(name: String, settings: [Setting])] {
        var sections: [(name: String, settings: [Setting])] = []
        for setting in settings {
            let section = setting.components[0]
            if sections.last?.name == section {
                sections[sections.count - 1].settings.append(setting)
            } else {
                sections.append((section, [setting]))
            }
        }
        return sections
    }
}
