extension AgentConfiguration {
    /// The table of all settings as it stands in docs/configuration.md; a test holds the two together.
    public static var table: String {
        let head = "| key | environment | value | default | meaning |\n|---|---|---|---|---|\n"
        let rows = Setting.all.map { setting in
            "| `\(setting.key)` | `\(setting.environmentName)` | \(setting.expectation) | `\(setting.standardText)` | \(setting.summary) |"
        }
        return head + rows.joined(separator: "\n") + "\n"
    }
}
