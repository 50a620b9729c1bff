internal import Configuration

extension SettingTable {
    /// Reads, checks and layers every source, and makes a configuration of it.
    ///
    /// - Parameters:
    ///   - sources: Where the settings come from.
    ///   - configuration: Makes the configuration; it may report what the table cannot say.
    /// - Throws: Every problem found, with its place.
    public func load<Configuration>(
        _ sources: ConfigurationSources,
        _ configuration: (inout SettingReader) -> Configuration
    ) throws(ConfigurationErrors) -> Configuration {
        var diagnostics: [ConfigurationDiagnostic] = []
        let commandLine = assigned(sources.assignments, &diagnostics)
        let file = sources.file.map { ConfigurationFile(path: $0.path, contents: $0.contents, table: self) }
        diagnostics += file?.diagnostics ?? []
        let layers = ConfigReader(providers: [
            provider("command line", commandLine),
            EnvironmentVariablesProvider(environmentVariables: sources.environment),
            provider("file", file?.values ?? [:]),
            provider("defaults", byKey.mapValues(\.standard)),
        ])
        let values = read(layers.scoped(to: ConfigKey(prefix)), &diagnostics)
        var reader = SettingReader(values: values, overrides: file?.entries ?? [:], diagnostics: diagnostics)
        let result = configuration(&reader)
        guard reader.diagnostics.isEmpty else { throw ConfigurationErrors(diagnostics: reader.diagnostics) }
        return result
    }

    private func assigned(
        _ assignments: [String],
        _ diagnostics: inout [ConfigurationDiagnostic]
    ) -> [String: ConfigContent] {
        var values: [String: ConfigContent] = [:]
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let place = "--set \(assignment)"
            guard parts.count == 2, let setting = byKey[String(parts[0])] else {
                diagnostics.append(
                    ConfigurationDiagnostic(
                        place: place,
                        message: "expected KEY=VALUE with a key of \(documentation)"
                    )
                )
                continue
            }
            guard let content = setting.parse(String(parts[1])) else {
                diagnostics.append(ConfigurationDiagnostic(place: place, message: "expected \(setting.expectation)"))
                continue
            }
            values[setting.key] = content
        }
        return values
    }

    private func provider(_ name: String, _ values: [String: ConfigContent]) -> InMemoryProvider {
        InMemoryProvider(
            name: name,
            values: Dictionary(
                uniqueKeysWithValues: values.map { key, content in
                    (
                        AbsoluteConfigKey(prefix + key.split(separator: ".").map(String.init)),
                        ConfigValue(content, isSecret: false)
                    )
                }
            )
        )
    }

    /// The value of every setting from the first source that has it, and its default where that is none.
    private func read(
        _ reader: ConfigReader,
        _ diagnostics: inout [ConfigurationDiagnostic]
    ) -> [String: ConfigContent] {
        var values: [String: ConfigContent] = [:]
        for setting in settings {
            // Only a value of another type is not read: the defaults have every key.
            if let content = try? content(of: setting, in: reader), setting.accepts(content) {
                values[setting.key] = content
            } else {
                values[setting.key] = setting.standard
                diagnostics.append(
                    ConfigurationDiagnostic(
                        place: "\(setting.key) (or \(environmentName(setting)))",
                        message: "expected \(setting.expectation)"
                    )
                )
            }
        }
        return values
    }

    private func content(of setting: Setting, in reader: ConfigReader) throws -> ConfigContent {
        let key = ConfigKey(setting.components)
        return switch setting.kind {
        case .text, .word: .string(try reader.requiredString(forKey: key))
        case .texts: .stringArray(try reader.requiredStringArray(forKey: key))
        case .whole: .int(try reader.requiredInt(forKey: key))
        case .number: .double(try reader.requiredDouble(forKey: key))
        case .flag: .bool(try reader.requiredBool(forKey: key))
        }
    }
}
