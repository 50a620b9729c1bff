import Cgroup
import Configuration
import FuyunPolicy
import Logging
import MemoryUnits

/// Where a configuration comes from, in the order of precedence: command line, environment, file, defaults.
public struct ConfigurationSources: Sendable {
    /// The configuration file's path, for diagnostics, and its bytes; nil: there is none.
    public var file: (path: String, contents: [UInt8])?
    /// The process's environment.
    public var environment: [String: String]
    /// `KEY=VALUE` from the command line, the last of equal keys counts.
    public var assignments: [String]

    /// Names the sources.
    public init(file: (path: String, contents: [UInt8])?, environment: [String: String], assignments: [String] = []) {
        self.file = file
        self.environment = environment
        self.assignments = assignments
    }
}

extension AgentConfiguration {
    /// Reads, checks and layers every source.
    ///
    /// - Throws: Every problem found, with its place.
    public static func load(_ sources: ConfigurationSources) throws(ConfigurationErrors) -> AgentConfiguration {
        var diagnostics: [ConfigurationDiagnostic] = []
        let commandLine = assigned(sources.assignments, &diagnostics)
        let file = sources.file.map { ConfigurationFile(path: $0.path, contents: $0.contents) }
        diagnostics += file?.diagnostics ?? []
        let standards = Setting.all.map { ($0.components, $0.standard) }
        let reader = ConfigReader(providers: [
            provider("command line", commandLine.map { (Setting.byKey[$0]?.components ?? [], $1) }),
            EnvironmentVariablesProvider(environmentVariables: sources.environment),
            provider("file", file?.values.map { ($0.split(separator: ".").map(String.init), $1) } ?? []),
            provider("defaults", standards),
        ])
        var settings = SettingReader(reader: reader.scoped(to: "fuyun"), diagnostics: diagnostics)
        let configuration = AgentConfiguration(reading: &settings, functions: file?.functions ?? [:])
        guard settings.diagnostics.isEmpty else { throw ConfigurationErrors(diagnostics: settings.diagnostics) }
        return configuration
    }

    private static func assigned(
        _ assignments: [String],
        _ diagnostics: inout [ConfigurationDiagnostic]
    ) -> [String: ConfigContent] {
        var values: [String: ConfigContent] = [:]
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let place = "--set \(assignment)"
            guard parts.count == 2, let setting = Setting.byKey[String(parts[0])] else {
                diagnostics.append(
                    ConfigurationDiagnostic(
                        place: place,
                        message: "expected KEY=VALUE with a key of docs/configuration.md"
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

    private static func provider(_ name: String, _ values: [([String], ConfigContent)]) -> InMemoryProvider {
        InMemoryProvider(
            name: name,
            values: Dictionary(
                values.map { (AbsoluteConfigKey(["fuyun"] + $0), ConfigValue($1, isSecret: false)) },
                uniquingKeysWith: { _, last in last }
            )
        )
    }

    private init(reading settings: inout SettingReader, functions overrides: [String: [String: ConfigContent]]) {
        cgroups = Cgroups(
            mount: settings.text("cgroup.mount"),
            roots: settings.texts("cgroup.roots"),
            containers: settings.texts("cgroup.containers")
        )
        paths = Paths(
            policies: settings.text("paths.policies"),
            state: settings.text("paths.state"),
            runtime: settings.text("paths.runtime")
        )
        let defaults = Grant(
            preset: settings.bytesOrNone("defaults.preset_bytes"),
            minimum: settings.bytes("defaults.minimum_bytes"),
            maximum: settings.bytesOrNone("defaults.maximum_bytes"),
            tier: settings.bytes("defaults.tier_bytes"),
            mode: Mode(rawValue: settings.text("defaults.mode")) ?? .observe,
            canaryShare: settings.share("defaults.canary_share")
        )
        self.defaults = defaults
        functions = overrides.mapValues { defaults.overridden(by: $0) }
        payload = Payload(kept: settings.bytes("payload.kept_bytes"), dropped: settings.bytes("payload.dropped_bytes"))
        sampling = Sampling(
            first: settings.milliseconds("sampling.first_ms"),
            longest: settings.milliseconds("sampling.longest_ms")
        )
        limiter = Limiter(
            cacheAllowance: settings.bytes("limiter.cache_allowance_bytes"),
            settleDeadline: settings.milliseconds("limiter.settle_deadline_ms"),
            settleQueue: settings.whole("limiter.settle_queue")
        )
        thrashing = Thrashing(
            fullStallShare: settings.share("thrashing.full_stall_share"),
            someStallShare: settings.share("thrashing.some_stall_share"),
            limitHitsPerSecond: settings.whole("thrashing.limit_hits_per_second")
        )
        observations = Observations(
            fileSize: settings.bytes("observations.file_bytes"),
            files: settings.whole("observations.files"),
            queue: settings.whole("observations.queue")
        )
        server = Server(
            connections: settings.whole("server.connections"),
            connectionsPerPeer: settings.whole("server.connections_per_peer"),
            containersAsPlatform: settings.flag("server.containers_as_platform"),
            idle: .seconds(settings.whole("server.idle_seconds")),
            request: .seconds(settings.whole("server.request_seconds"))
        )
        policies = Policies(fileSize: settings.bytes("policies.file_bytes"), files: settings.whole("policies.files"))
        measuredFunctions = settings.whole("metrics.functions")
        systemdCeilings = settings.flag("systemd.ceilings")
        logLevel = Logger.Level(rawValue: settings.text("log.level")) ?? .info
        settings.check(defaults, place: "defaults")
        settings.check(containers: cgroups.containers)
        for (name, grant) in functions.sorted(by: { $0.key < $1.key }) {
            settings.check(grant, place: "functions/\(name)")
        }
    }
}

extension AgentConfiguration.Grant {
    fileprivate func overridden(by values: [String: ConfigContent]) -> Self {
        func amount(_ key: String) -> Bytes? {
            if case .int(let count) = values[key] { Bytes(UInt64(count)) } else { nil }
        }
        var grant = self
        if let preset = amount("defaults.preset_bytes") { grant.preset = preset == .zero ? nil : preset }
        if let minimum = amount("defaults.minimum_bytes") { grant.minimum = minimum }
        if let maximum = amount("defaults.maximum_bytes") { grant.maximum = maximum == .zero ? nil : maximum }
        if let tier = amount("defaults.tier_bytes") { grant.tier = tier }
        if case .string(let word) = values["defaults.mode"], let mode = Mode(rawValue: word) { grant.mode = mode }
        if case .double(let share) = values["defaults.canary_share"] { grant.canaryShare = share }
        return grant
    }
}

/// Reads settings by key, checks their ranges by the table, and collects what is wrong.
private struct SettingReader {
    let reader: ConfigReader
    var diagnostics: [ConfigurationDiagnostic]

    private mutating func read(_ key: String) -> ConfigContent? {
        guard let setting = Setting.byKey[key] else { preconditionFailure("no setting \(key) in the table") }
        let configKey = ConfigKey(setting.components)
        do {
            let content: ConfigContent =
                switch setting.kind {
                case .text, .word: .string(try reader.requiredString(forKey: configKey))
                case .texts: .stringArray(try reader.requiredStringArray(forKey: configKey))
                case .whole: .int(try reader.requiredInt(forKey: configKey))
                case .share: .double(try reader.requiredDouble(forKey: configKey))
                case .flag: .bool(try reader.requiredBool(forKey: configKey))
                }
            if setting.accepts(content) { return content }
        } catch {
            // Only a value of another type gets here: the defaults have every key.
        }
        diagnostics.append(
            ConfigurationDiagnostic(
                place: "\(key) (or \(setting.environmentName))",
                message: "expected \(setting.expectation)"
            )
        )
        return nil
    }

    mutating func text(_ key: String) -> String {
        if case .string(let text) = read(key) { text } else { "" }
    }

    mutating func texts(_ key: String) -> [String] {
        if case .stringArray(let texts) = read(key) { texts } else { [] }
    }

    mutating func whole(_ key: String) -> Int {
        if case .int(let value) = read(key) { value } else { 1 }
    }

    mutating func share(_ key: String) -> Double {
        if case .double(let value) = read(key) { value } else { 0 }
    }

    mutating func flag(_ key: String) -> Bool {
        if case .bool(let value) = read(key) { value } else { false }
    }

    mutating func bytes(_ key: String) -> Bytes { Bytes(UInt64(whole(key))) }

    mutating func bytesOrNone(_ key: String) -> Bytes? {
        let bytes = bytes(key)
        return bytes == .zero ? nil : bytes
    }

    mutating func milliseconds(_ key: String) -> Duration { .milliseconds(whole(key)) }

    mutating func check(containers: [String]) {
        for text in containers where ContainerPath.PlainRoot(text) == nil {
            diagnostics.append(
                ConfigurationDiagnostic(
                    place: "cgroup.containers",
                    message: "\(text): expected a path such as faas.slice or faas.slice/**"
                )
            )
        }
    }

    mutating func check(_ grant: AgentConfiguration.Grant, place: String) {
        if let maximum = grant.maximum, grant.minimum > maximum {
            diagnostics.append(
                ConfigurationDiagnostic(
                    place: place,
                    message: "minimum_bytes is above maximum_bytes; lower the one or raise the other"
                )
            )
        }
    }
}
